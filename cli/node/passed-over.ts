/**
 * A report that is not taken. Its reader has stalled: a pager that waits, a collector that hangs. What a
 * pipe does not take stays in this process, and strangers decide how many events there are. So above a
 * bound events are counted in place of being said, until half of what waits was read. Or its file cannot
 * be written, as on a full disk: what is lost is counted until it can. How many is said then.
 * @module
 */
import { jsonLine } from '../json.ts'
import type { Report } from './report.ts'

/** Some twenty thousand events: far more than a reader that only pauses leaves behind. */
export const UNREAD_BYTES_MAX = 8_388_608

/** Standard output, as far as it is looked at. */
export interface Output {
  /** What was written and was not taken yet. */
  readonly writableLength: number
}

export interface PassingReport extends Report {
  /** What was printed could not be written. */
  lost(): void
}

export function passingOver(
  report: Report,
  output: Output,
  json: boolean,
  print: (line: string, lost: () => void) => void,
): PassingReport {
  let passed = 0
  /** What stands at the end of the file may be half a line. */
  let isTorn = false
  let isStalled = false

  const looksStalled = (): boolean => {
    const bytesMax = isStalled ? UNREAD_BYTES_MAX / 2 : UNREAD_BYTES_MAX
    return (isStalled = output.writableLength > bytesMax)
  }

  /** Ahead of what comes next: in its place. */
  const sayPassed = (): void => {
    if (passed === 0) return
    const events = passed
    const line = { event: 'output.passed-over', events, time: new Date().toISOString() }
    const said = json ? jsonLine(line) : `${events} events were passed over: nobody took them`
    const begin = isTorn ? '\n' : ''
    passed = 0
    isTorn = false
    print(`${begin}${said}`, () => {
      passed += events
      isTorn = true
    })
  }

  return {
    lost() {
      passed++
      isTorn = true
    },
    started(started) {
      report.started(started)
    },
    event(event) {
      if (looksStalled()) {
        passed++
        return
      }
      sayPassed()
      report.event(event)
    },
    // The last words are few.
    stopping(ending) {
      sayPassed()
      report.stopping(ending)
    },
    ended(ending, exitCode) {
      sayPassed()
      report.ended(ending, exitCode)
    },
  }
}
