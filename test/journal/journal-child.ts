/**
 * Records a day into a file, in a process of its own. Arguments: the file, and `die` to be killed
 * when the day is half over and what is recorded of it stands in the file.
 */
import { statSync } from 'node:fs'
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
  // What the system has written outlives the process; on a busy machine it takes its time.
  setInterval(() => {
    if (statSync(path).size >= journal.status.bytes) process.kill(process.pid, 'SIGKILL')
  }, 1)
} else {
  const status = await journal.closed
  console.log(JSON.stringify({ state: bob.state, told, ...status }))
}
