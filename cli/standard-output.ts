/**
 * Standard output that may go away: `peerloom ... --json | head`. Whoever read us has enough, and that
 * is no error. A command that holds something gives it back first. Output that cannot be written, as on
 * a full disk, ends a command that is about its output, and not one that has something else to do.
 * @module
 */

/** No room, which may come back; and what else is written before such an end of a write is dealt with. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  ...['EDQUOT', 'EFBIG', 'ENOSPC'],
  'ERR_STREAM_DESTROYED',
])

let onGone = (): void => {
  process.exit(0)
}
let onLost: (() => void) | undefined
let isGone = false
/** It was said that lines are lost; true until one was written again. */
let isLosing = false

/** Once, at the start of the process. */
export function watchStandardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      const isBorne = onLost !== undefined && PASSING_CODES.has(error.code ?? '')
      const goesOn = isBorne ? '; the node goes on, and counts what is lost' : ''
      if (!isLosing) {
        process.stderr.write(
          `peerloom: standard output cannot be written: ${error.message}${goesOn}\n`,
        )
      }
      if (!isBorne) process.exit(1)
      isLosing = true
      return
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

/** What is done, instead of ending at once, for each line that could not be written. */
export function whenOutputIsLost(run: () => void): void {
  onLost = run
}

/** One line or several; nothing where nobody reads any more. `lost` is called where it was not written. */
export function print(line: string, lost?: () => void): void {
  if (isGone) return
  process.stdout.write(`${line}\n`, (error) => {
    if (error == null) isLosing = false
    else if (lost === undefined) onLost?.()
    else lost()
  })
}
