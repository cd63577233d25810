/**
 * Jobs on the thread of the core, in the order of asking: as many a turn as are done within a
 * millisecond, and one at least, so that input and output get their turns between slow operations, and
 * what follows from quick ones leaves together.
 * @module
 */
import { performance } from 'node:perf_hooks'
import type { CryptoBackend } from '../world/crypto.ts'
import { performJob } from '../world/jobs.ts'
import type { CryptoJob, JobInput, JobResult, Jobs } from '../world/jobs.ts'
import type { RequestId } from '../world/names.ts'
import { enteredBy, notStarted } from './later.ts'
import type { Later } from './later.ts'

export interface InlineJobsOptions {
  /** When a turn's jobs are done. Default: `setImmediate`. */
  readonly later?: Later
  /** Another job of the same turn begins before so many milliseconds are over; 0: none does. Default: 1. */
  readonly sliceMs?: number
}

/** A dozen signatures of the fastest backend, and less than one of the slowest. */
const SLICE_MS = 1

interface Waiting {
  readonly request: RequestId
  readonly job: CryptoJob
}

export function inlineJobs(crypto: CryptoBackend, options: InlineJobsOptions = {}): Jobs {
  const { later = setImmediate, sliceMs = SLICE_MS } = options
  let enter: (input: JobInput) => void = notStarted
  let waiting: Waiting[] = []
  /** Until its end, so that what is asked for meanwhile asks for no turn of its own. */
  let isDue = false
  let stopped = false

  const outcomeOf = ({ request, job }: Waiting): JobInput => {
    let result: JobResult
    try {
      result = performJob(crypto, job)
    } catch {
      // A job throws for a key of ours that is none. The error may quote the key, so that it ends here;
      // that the job failed is told.
      return { kind: 'job.failed', request }
    }
    return { kind: 'job.done', request, result }
  }

  const askForTurn = (): void => {
    if (isDue) return
    isDue = true
    later(performSome)
  }

  function performSome(): void {
    const untilMs = performance.now() + sliceMs
    try {
      do {
        const next = waiting.shift()
        if (next === undefined) return
        enter(outcomeOf(next))
      } while (performance.now() < untilMs)
    } finally {
      isDue = false
      if (waiting.length > 0) askForTurn()
    }
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    run(request, job) {
      if (stopped) return
      waiting.push({ request, job })
      askForTurn()
    },
    stop() {
      stopped = true
      waiting = []
    },
  }
}
