/**
 * The world of a node that is run again: it does nothing, and answers from a recording. Jobs are kept,
 * so that they can be computed again when their answers enter.
 * @module
 */
import type { ClockInput } from '../world/clock.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Input } from '../world/input.ts'
import { performJob } from '../world/jobs.ts'
import type { CryptoJob } from '../world/jobs.ts'
import type { Random } from '../world/random.ts'
import type { StoreEntry } from '../world/store.ts'
import type { World } from '../world/world.ts'
import type { NodeEntry } from './node-entries.ts'

export interface ReplayWorld {
  readonly world: World
  /** The time, and what the store answers, until the next entry. */
  turnTo(entry: Pick<NodeEntry, 'monotonicMs' | 'reads' | 'wallMs'>): void
  /** The input as the node has to get it: with the job's result. */
  complete(input: Input): Input
  /** Answers that nobody read. */
  readonly readsLeft: number
  /** Jobs that are out, in the order in which they were asked for. */
  jobsOut(): readonly number[]
  /** What the node asked its clock for. */
  readonly alarmMs: number | undefined
  takeTurnEnd(): boolean
}

export interface ReplayWorldOptions {
  readonly crypto: CryptoBackend
  readonly random: Random
  readonly speaksDatagrams: boolean
}

const nothing = (): void => undefined

export function createReplayWorld(options: ReplayWorldOptions): ReplayWorld {
  const { crypto, random, speaksDatagrams } = options
  const jobs = new Map<number, CryptoJob>()
  let reads: (readonly StoreEntry[])[] = []
  let now = { monotonicMs: 0, wallMs: 0 }
  let alarmMs: number | undefined
  let asksTurnEnd = false

  const world: World = {
    clock: {
      start: (_enter: (input: ClockInput) => void) => undefined,
      monotonicMs: () => now.monotonicMs,
      wallMs: () => now.wallMs,
      setAlarm(dueMs) {
        alarmMs = dueMs
      },
      askEndOfTurn() {
        asksTurnEnd = true
      },
      stop: nothing,
    },
    crypto,
    ...(speaksDatagrams
      ? {
          datagrams: {
            ...{ start: nothing, bind: nothing, send: nothing, unbind: nothing },
            held: () => ({ sockets: 0 }),
          },
        }
      : {}),
    jobs: {
      start: nothing,
      run: (request, job) => jobs.set(request, job),
      stop: () => {
        jobs.clear()
      },
    },
    names: { start: nothing, resolve: nothing, forget: nothing },
    random,
    store: {
      open: nothing,
      get: () => reads.shift()?.[0]?.[1],
      range: () => reads.shift() ?? [],
      write: nothing,
      close: nothing,
    },
    streams: {
      ...{ start: nothing, open: nothing, listen: nothing, unlisten: nothing, write: nothing },
      ...{ pause: nothing, resume: nothing, report: nothing, end: nothing, destroy: nothing },
      held: () => ({ streams: 0, listeners: 0 }),
    },
  }

  return {
    world,
    turnTo(entry) {
      const { monotonicMs, wallMs } = entry
      now = { monotonicMs, wallMs }
      reads = [...entry.reads]
    },
    complete(input) {
      // What was asked for has come: a run that leaves the recording here owes no other one.
      if (input.kind === 'clock.turn-ended') asksTurnEnd = false
      if (input.kind !== 'job.done' && input.kind !== 'job.failed') return input
      const job = jobs.get(input.request)
      jobs.delete(input.request)
      if (job === undefined || input.kind === 'job.failed') return input
      return { ...input, result: performJob(crypto, job) }
    },
    get readsLeft() {
      return reads.length
    },
    jobsOut: () => [...jobs.keys()],
    get alarmMs() {
      return alarmMs
    },
    takeTurnEnd() {
      const asked = asksTurnEnd
      asksTurnEnd = false
      return asked
    },
  }
}
