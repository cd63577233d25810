/**
 * The step loop as a recorded connection sees it: its timers and its jobs have numbers of their own,
 * in the order in which they were set or asked for, whatever else the node does.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoJob, Jobs } from '../world/jobs.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Timer } from '../world/timers.ts'
import type { Tape } from './connection-tape.ts'

export interface RecordedLoop {
  readonly loop: StepLoop
  readonly jobs: Jobs
  /** The connection's own number of the job that was asked for last. */
  numberOf(job: CryptoJob): number
}

export function recordedLoop<T extends ProtocolTypes>(
  loop: StepLoop,
  jobs: Jobs,
  tape: Tape<T>,
): RecordedLoop {
  const timers = new WeakMap<Timer, number>()
  const requests = new Map<number, number>()
  const jobNumbers = new WeakMap<CryptoJob, number>()
  let nextTimer = 0
  let nextRequest = 0

  const set = (afterMs: number, ring: () => void, arm: (ring: () => void) => Timer): Timer => {
    const timer = nextTimer++
    tape.deed(() => ({ kind: 'timer.set', timer, afterMs }))
    const armed = arm(() => {
      tape.call(() => ({ kind: 'ring', timer }), ring)
    })
    timers.set(armed, timer)
    return armed
  }

  return {
    numberOf: (job) => jobNumbers.get(job) ?? -1,
    jobs: {
      start: jobs.start,
      run(request, job) {
        const number = requests.get(request) ?? -1
        jobNumbers.set(job, number)
        tape.deed(() => ({ kind: 'job.run', request: number, operation: job.operation }))
        jobs.run(request, job)
      },
      stop: jobs.stop,
    },
    loop: {
      get step() {
        return loop.step
      },
      get stalledMs() {
        return loop.stalledMs
      },
      get isCrowded() {
        return loop.isCrowded
      },
      get commandRoom() {
        return loop.commandRoom
      },
      get onCommand() {
        return loop.onCommand
      },
      get onStore() {
        return loop.onStore
      },
      enter: loop.enter,
      after: (afterMs, ring) => set(afterMs, ring, (recorded) => loop.after(afterMs, recorded)),
      at: (dueMs, ring) =>
        set(dueMs - loop.step.monotonicMs, ring, (recorded) => loop.at(dueMs, recorded)),
      cancel(timer) {
        tape.deed(() => ({ kind: 'timer.cancel', timer: timers.get(timer) ?? -1 }))
        loop.cancel(timer)
      },
      atEndOfTurn: loop.atEndOfTurn,
      ask(owner) {
        const number = nextRequest++
        const request = loop.ask((input) => {
          requests.delete(request)
          const outcome = input.kind === 'job.done' ? 'done' : 'failed'
          tape.call(
            () => ({ kind: 'job', request: number, outcome }),
            () => {
              owner(input)
            },
          )
        })
        requests.set(request, number)
        return request
      },
      forget(request) {
        const number = requests.get(request) ?? -1
        requests.delete(request)
        tape.deed(() => ({ kind: 'job.forget', request: number }))
        loop.forget(request)
      },
      nextStream: loop.nextStream,
      streams: loop.streams,
      listeners: loop.listeners,
      sockets: loop.sockets,
      counts: loop.counts,
      stop: loop.stop,
    },
  }
}
