/**
 * Standard output that may go away: `peerloom ... --json | head`. Whoever read us has enough, and that
 * is no error. A command that holds something gives it back first.
 * @module
 */

let onGone = (): void => {
  process.exit(0)
}
let isGone = false

/** Once, at the start of the process. */
export function watchStandardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      process.stderr.write(`peerloom: standard output cannot be written: ${error.message}\n`)
      process.exit(1)
    }
    if (isGone) return
    isGone = true
    onGone()
  })
  // Nobody is left who could be told.
  process.stderr.on('error', () => undefined)
}

/** What is done instead of ending at once, when nobody reads any more. */
export function whenOutputIsGone(run: () => void): void {
  onGone = run
}

/** One line or several; nothing where nobody reads any more. */
export function print(line: string): void {
  if (!isGone) process.stdout.write(`${line}\n`)
}
