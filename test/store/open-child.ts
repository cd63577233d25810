/**
 * Opens a store on each of the folders and prints each one's first answer. Arguments: what to do
 * with it then, and the folders.
 *   hold   stay, with the stores open
 *   leave  do nothing more: nothing keeps the process
 * With `on-signal` before it, opens only when SIGUSR2 comes, so that several start at once. With
 * `as-nobody` before it, gives up the rights of root first, if it has them.
 */
import { writeSync } from 'node:fs'
import { lmdbStore } from '../../store/lmdb.ts'

const words = process.argv.slice(2)
const takeWord = (word: string) => words[0] === word && words.shift() !== undefined

async function openAll(): Promise<void> {
  for (const folder of words) {
    await new Promise<void>((resolve) => {
      lmdbStore(folder).open((input) => {
        writeSync(1, `${JSON.stringify(input)}\n`)
        resolve()
      })
    })
  }
}

if (takeWord('as-nobody') && process.getuid?.() === 0) {
  // Loaded while the files can still be read.
  await import('lmdb')
  process.setgroups?.([])
  process.setgid?.(65_534)
  process.setuid?.(65_534)
}
const waits = takeWord('on-signal')
if (!takeWord('leave') && takeWord('hold')) setInterval(() => {}, 60_000)
if (waits) {
  process.once('SIGUSR2', () => void openAll())
  writeSync(1, 'waiting\n')
} else {
  await openAll()
}
