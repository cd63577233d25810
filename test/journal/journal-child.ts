/**
 * Records a day into a file, in a process of its own. Arguments: the file, and `die` to be killed
 * when the day is half over.
 */
import { fileJournal } from '../../journal/file-journal.ts'
import { recordable, recordDay } from './recorded.ts'

const [path = '', what] = process.argv.slice(2)
const told: string[] = []
const journal = fileJournal(path, {
  onCutShort({ ending }) {
    told.push(ending)
  },
})
const { bob } = recordDay(recordable.native, journal, { isStopped: what !== 'die' })
if (what === 'die') {
  // What was handed to the system outlives the process.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)
} else {
  const status = await journal.closed
  console.log(JSON.stringify({ state: bob.state, told, ...status }))
}
