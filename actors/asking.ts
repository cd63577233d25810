/**
 * What one connection asks: its node part, within the step, and the jobs that run outside of it.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoJob, JobResult, Jobs } from '../world/jobs.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Asking, Later, NodePart } from './protocol.ts'

export interface AskerOptions<T extends ProtocolTypes> {
  readonly loop: StepLoop
  readonly jobs: Jobs
  readonly nodePart: NodePart<T>
  about(): Asking<T>
  /** Runs what a job's answer brings, contained. */
  within(run: () => void): void
  /** The job threw or its worker died. */
  onFailed(): void
}

export interface Asker<T extends ProtocolTypes> {
  ask(question: T['question'], onAnswer: (answer: T['answer']) => void): void
  run(job: CryptoJob, onResult: (result: JobResult) => void): void
  /** How many jobs are out. */
  pending(): number
  /** What still comes goes nowhere. */
  stop(): void
}

const isLater = <Answer>(answer: Answer | Later<Answer>): answer is Later<Answer> =>
  typeof answer === 'object' && answer !== null && 'job' in answer && 'finish' in answer

export function createAsker<T extends ProtocolTypes>(options: AskerOptions<T>): Asker<T> {
  const { loop } = options
  /** Most connections ask while they begin, and never again. */
  let requests: Set<number> | undefined

  const run = (job: CryptoJob, onResult: (result: JobResult) => void): void => {
    const request = loop.ask((input) => {
      requests?.delete(request)
      if (requests?.size === 0) requests = undefined
      options.within(() => {
        if (input.kind === 'job.done') onResult(input.result)
        else options.onFailed()
      })
    })
    requests ??= new Set()
    requests.add(request)
    options.jobs.run(request, job)
  }

  return {
    ask(question, onAnswer) {
      const answer = options.nodePart.answer(question, options.about())
      if (!isLater(answer)) {
        onAnswer(answer)
        return
      }
      run(answer.job, (result) => {
        onAnswer(answer.finish(result))
      })
    },
    run,
    pending: () => requests?.size ?? 0,
    stop() {
      for (const request of requests ?? []) loop.forget(request)
      requests = undefined
    },
  }
}
