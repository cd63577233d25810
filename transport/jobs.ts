/**
 * Jobs on the thread of the core: each in a turn of its own, in the order of asking, so that input
 * and output get their turns between two slow operations.
 * @module
 */
import type { CryptoBackend } from '../world/crypto.ts'
import { performJob } from '../world/jobs.ts'
import type { CryptoJob, JobInput, JobResult, Jobs } from '../world/jobs.ts'
import type { RequestId } from '../world/names.ts'
import { enteredBy, notStarted } from './later.ts'
import type { Later } from './later.ts'

export interface InlineJobsOptions {
  /** Default: `setImmediate`. */
  readonly later?: Later
}

interface Waiting {
  readonly request: RequestId
  readonly job: CryptoJob
}

export function inlineJobs(crypto: CryptoBackend, options: InlineJobsOptions = {}): Jobs {
  const { later = setImmediate } = options
  let enter: (input: JobInput) => void = notStarted
  let waiting: Waiting[] = []
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

  const performNext = (): void => {
    const next = waiting.shift()
    if (next === undefined) return
    if (waiting.length > 0) later(performNext)
    enter(outcomeOf(next))
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    run(request, job) {
      if (stopped) return
      waiting.push({ request, job })
      if (waiting.length === 1) later(performNext)
    },
    stop() {
      stopped = true
      waiting = []
    },
  }
}
