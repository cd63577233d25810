/**
 * The node around a connection that lives again: it does nothing by itself. What the connection does
 * is told to the player, and what it asks is answered by the player. Its timers run here, in a queue
 * like the node's own, so that which of them ring is found out again and not read from a recording.
 * @module
 */
import type { ConnectionTools } from '../actors/connection-contract.ts'
import type { CreditAccount } from '../actors/credit.ts'
import type { Asking, Protocol } from '../actors/protocol.ts'
import type { Reader } from '../actors/turns.ts'
import type { connectionMachine } from '../machines/connection.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { fillSession } from '../machines/slot.ts'
import { seededRandom } from '../transport/random.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Answer as WorldAnswer } from '../world/input.ts'
import { performJob } from '../world/jobs.ts'
import type { CryptoJob } from '../world/jobs.ts'
import { createObservationPort } from '../world/observation.ts'
import type { ObservationPort, Step } from '../world/observation.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { StreamInput } from '../world/streams.ts'
import { createTimers } from '../world/timers.ts'
import type { Timer } from '../world/timers.ts'
import type { Answer, Ask, ConnectionHeader, Deed } from './connection-entries.ts'
import { deedOf } from './recorded-tools.ts'
import type { Seal } from './connection-seal.ts'

export interface StubOptions<T extends ProtocolTypes> {
  readonly header: ConnectionHeader<T>
  readonly seed: Uint8Array
  readonly seal: Seal
  readonly protocol: Protocol<T>
  readonly crypto: CryptoBackend
  readonly chart: typeof connectionMachine
  onDeed(deed: Deed): void
  /** Undefined: nobody knows the answer. */
  onAsk(ask: Ask, about: Asked<T>): Answer<T> | undefined
}

/** What an answer may have to look at, or to change. */
export interface Asked<T extends ProtocolTypes> {
  readonly question?: T['question']
  readonly asking?: Asking<T>
}

export interface Stub<T extends ProtocolTypes> {
  readonly tools: ConnectionTools<T>
  readonly monotonicMs: number
  turnTo(step: { monotonicMs: number; wallMs: number; stalledMs: number }): void
  setTurn(number: number): void
  nextTurn(): void
  setExhausted(exhausted: boolean): void
  enter(input: StreamInput): boolean
  /** The next timer that is due in this step; its number. It has not rung yet. */
  takeDue(): { readonly timer: number; ring(): void } | undefined
  /** When the next one is due. */
  nextDueMs(): number | undefined
  read(): boolean
  flush(): void
  room(): void
  /** The answer to a job that is out; false: there is none of that number. */
  answerJob(request: number, outcome: 'done' | 'failed'): boolean
  jobsOut(): readonly number[]
  /** What the connection waits for at the end of the turn, taken. */
  takeWishes(): { readonly read: boolean; readonly flush: boolean }
}

const nothing = (): void => undefined
/** Stands for a job of the recorded node's own: what came of it is in the recording. */
const NO_BYTES = new Uint8Array(0)

function notThere(): never {
  throw new Error('a connection that lives again has no node around it')
}

export function createStub<T extends ProtocolTypes>(options: StubOptions<T>): Stub<T> {
  const { crypto, header, onAsk, onDeed, protocol, seal } = options
  const timers = createTimers()
  const numbers = new WeakMap<Timer, number>()
  const streams = new Map<number, (input: StreamInput) => void>()
  const owners = new Map<number, (answer: WorldAnswer) => void>()
  const jobs = new Map<number, CryptoJob>()
  const laters = new WeakMap<CryptoJob, { request: number }>()
  let step: Step = { number: 0, monotonicMs: 0, wallMs: 0 }
  let stalledMs = 0
  let setBefore = 0
  let nextTimer = 0
  let nextRequest = 0
  let turn = 0
  let exhausted = false
  let reader: Reader | undefined
  let wishes = { read: false, flush: false }
  let onRoom = nothing

  const set = (dueMs: number, afterMs: number, ring: () => void): Timer => {
    const number = nextTimer++
    onDeed({ kind: 'timer.set', timer: number, afterMs })
    const timer = timers.set(dueMs, ring)
    numbers.set(timer, number)
    return timer
  }

  const loop: StepLoop = {
    get step() {
      return step
    },
    get stalledMs() {
      return stalledMs
    },
    // No command is given here.
    isCrowded: false,
    commandRoom: 0,
    enter: notThere,
    after: (afterMs, ring) => set(step.monotonicMs + afterMs, afterMs, ring),
    at: (dueMs, ring) => set(dueMs, dueMs - step.monotonicMs, ring),
    cancel(timer) {
      onDeed({ kind: 'timer.cancel', timer: numbers.get(timer) ?? -1 })
      timers.cancel(timer)
    },
    atEndOfTurn: notThere,
    ask(owner) {
      const request = nextRequest++
      owners.set(request, owner)
      return request
    },
    forget(request) {
      onDeed({ kind: 'job.forget', request: owners.has(request) ? request : -1 })
      owners.delete(request)
      jobs.delete(request)
    },
    nextStream: notThere,
    streams,
    listeners: new Map(),
    sockets: new Map(),
    onCommand: nothing,
    onStore: nothing,
    counts: () => ({ timers: timers.count, questions: owners.size, streams: streams.size }),
    stop: nothing,
  }

  const port: ObservationPort = {
    ...createObservationPort(),
    wants: { ...createObservationPort().wants, transition: true, message: true, refused: true },
    tell(observation) {
      const deed = deedOf(observation)
      if (deed !== undefined) onDeed(deed)
    },
  }

  const wish = (kind: 'read' | 'flush', asking: Reader): void => {
    reader = asking
    onDeed({ kind: `turn.${kind}` })
    wishes = { ...wishes, [kind]: true }
  }

  const random = seededRandom(options.seed)
  const account: CreditAccount = {
    isExhausted: () => exhausted,
    ...{ take: nothing, giveBack: nothing, close: nothing },
  }

  const answerOf = (ask: Ask, about: Asked<T>): T['answer'] => {
    const given = onAsk(ask, about)
    if (given?.kind === 'answered') return given.answer
    throw new Error('the node part is not there to answer')
  }

  const tools: ConnectionTools<T> = {
    protocol,
    chart: fillSession(options.chart, protocol.session),
    loop,
    port,
    crypto,
    limits: header.limits,
    random: { ...random, fork: () => random },
    nodePart: {
      answer(question, about) {
        const ask = { kind: 'question', hash: seal.keyedHash(question) } as const
        const asked = { question, asking: about }
        const given = onAsk(ask, asked)
        if (given?.kind === 'answered') return given.answer
        if (given?.kind !== 'later') throw new Error('the node part is not there to answer')
        const job = placeholder(given.operation)
        const later = { request: -1 }
        laters.set(job, later)
        return {
          job,
          finish: () => answerOf({ kind: 'finish', request: later.request }, asked),
        }
      },
      ready() {
        onAsk({ kind: 'part-ready' }, {})
      },
      closed() {
        onAsk({ kind: 'part-closed' }, {})
      },
    },
    streams: {
      ...{ start: notThere, open: notThere, listen: notThere, unlisten: notThere },
      held: () => ({ streams: 0, listeners: 0 }),
      write(_, bytes) {
        onDeed({ kind: 'stream.write', bytes: bytes.length, hash: seal.openHash(bytes) })
      },
      pause() {
        onDeed({ kind: 'stream.pause' })
      },
      resume() {
        onDeed({ kind: 'stream.resume' })
      },
      report() {
        onDeed({ kind: 'stream.report' })
      },
      end() {
        onDeed({ kind: 'stream.end' })
      },
      destroy() {
        onDeed({ kind: 'stream.destroy' })
      },
    },
    jobs: {
      start: notThere,
      run(request, job) {
        const later = laters.get(job)
        if (later !== undefined) later.request = request
        jobs.set(request, job)
        onDeed({ kind: 'job.run', request, operation: job.operation })
      },
      stop: nothing,
    },
    router: {
      ...{ subject: notThere, consume: notThere, handle: notThere, feed: notThere },
      counts: () => ({ types: 0, subscribers: 0, handlers: 0, feeds: 0 }),
      stop: nothing,
      route({ message, peer }) {
        const { type } = message
        const hash = seal.keyedHash(message)
        const given = onAsk({ kind: 'route', type, hash, identity: peer.identity }, {})
        return given?.kind === 'routed' ? given.outcome : 'handled'
      },
    },
    turns: {
      get number() {
        return turn
      },
      wantsToRead(asking) {
        wish('read', asking)
      },
      wantsToFlush(asking) {
        wish('flush', asking)
      },
      leave() {
        onDeed({ kind: 'turn.leave' })
        wishes = { read: false, flush: false }
      },
    },
    credit: {
      usedBytes: 0,
      open(wake) {
        onRoom = wake
        return account
      },
    },
    admit({ view }) {
      const given = onAsk({ kind: 'admit', identity: view.identity }, {})
      return given?.kind === 'admitted' ? given.refusal : undefined
    },
    onActive() {
      onAsk({ kind: 'active' }, {})
    },
    onRefused(_, detail) {
      onAsk({ kind: 'refused', detail }, {})
    },
    onRoom(_, lane) {
      onAsk({ kind: 'room', lane }, {})
    },
    onClosed() {
      onAsk({ kind: 'closed' }, {})
    },
    onFault() {
      onAsk({ kind: 'fault' }, {})
    },
  }

  return {
    tools,
    get monotonicMs() {
      return step.monotonicMs
    },
    turnTo(time) {
      const { monotonicMs, wallMs } = time
      step = { number: step.number + 1, monotonicMs, wallMs }
      stalledMs = time.stalledMs
      setBefore = timers.nextSequence
    },
    setTurn(number) {
      turn = number
    },
    nextTurn() {
      turn++
    },
    setExhausted(is) {
      exhausted = is
    },
    enter(input) {
      const owner = streams.get(header.options.stream)
      // What a step lends is the receiver's to change.
      owner?.(input.kind === 'stream.bytes' ? { ...input, bytes: input.bytes.slice() } : input)
      return owner !== undefined
    },
    takeDue() {
      const due = timers.take(step.monotonicMs, setBefore)
      return due && { timer: numbers.get(due) ?? -1, ring: due.ring }
    },
    nextDueMs: timers.nextDueMs,
    read() {
      wishes = { ...wishes, read: false }
      return reader?.readShare() ?? false
    },
    flush() {
      wishes = { ...wishes, flush: false }
      reader?.flush()
    },
    room: () => {
      onRoom()
    },
    answerJob(request, outcome) {
      const owner = owners.get(request)
      const job = jobs.get(request)
      owners.delete(request)
      jobs.delete(request)
      if (owner === undefined || job === undefined) return false
      if (outcome === 'failed') owner({ kind: 'job.failed', request })
      else {
        const result = laters.has(job) ? undefined : performJob(crypto, job)
        owner({ kind: 'job.done', request, result })
      }
      return true
    },
    jobsOut: () => [...jobs.keys()],
    takeWishes() {
      const taken = wishes
      wishes = { read: false, flush: false }
      return taken
    },
  }
}

function placeholder(operation: CryptoJob['operation']): CryptoJob {
  switch (operation) {
    case 'sharedX':
      return { operation, privateKey: NO_BYTES, publicKey: NO_BYTES }
    case 'sign':
      return { operation, message: NO_BYTES, privateKey: NO_BYTES }
    case 'verify':
      return { operation, message: NO_BYTES, signature: NO_BYTES, publicKey: NO_BYTES }
  }
}
