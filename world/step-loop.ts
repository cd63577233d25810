/**
 * The step loop: the one place where every input enters a node, with its time. A step runs to its
 * end synchronously. What the application asks while a step runs becomes a step right behind it.
 *
 * It knows nothing of what inputs mean: owners register for what is theirs.
 * @module
 */
import type { Clock } from './clock.ts'
import type { DatagramInput, DatagramSocketId } from './datagrams.ts'
import type { Answer, CommandInput, Input } from './input.ts'
import type { RequestId } from './names.ts'
import type { ObservationPort, Step } from './observation.ts'
import type { StoreInput } from './store.ts'
import type { ListenerId, ListenerInput, StreamId, StreamInput } from './streams.ts'
import { createTimers } from './timers.ts'
import type { Timer } from './timers.ts'

/**
 * Commands given from inside a step wait for its end. The number is far above what a turn of honest
 * code asks; it ends a handler that asks in an endless loop.
 */
const COMMANDS_WAITING_MAX = 65_536

/** An alarm rings some milliseconds late on any busy machine; more than this is a stall of ours. */
const STALL_MS_MIN = 20

export type Owner<Subject> = (input: Subject) => void

export interface StepLoop {
  /** The step that runs, or the last one that ran. */
  readonly step: Step
  /**
   * The way in. Never call it from inside a step, except with a command.
   * @throws {Error} an input other than a command from inside a step: a transport broke its contract
   */
  enter(input: Input): void
  /** Half of the commands that may wait for the end of a step do: the other half is for what cannot wait. */
  readonly isCrowded: boolean
  /** How many more commands may be given before this step ends: whoever gives them looks. */
  readonly commandRoom: number
  /** Milliseconds for which the process did not come to look, summed up since the start. */
  readonly stalledMs: number

  /** Rings once, `afterMs` from this step's time. */
  after(afterMs: number, ring: () => void): Timer
  /** Rings once, at a monotonic time: what is due then is due when it rings, to the last digit. */
  at(dueMs: number, ring: () => void): Timer
  cancel(timer: Timer): void
  /** Runs once, when the platform's turn is over; in the order of asking. */
  atEndOfTurn(run: () => void): void
  /** A number for a question to the world; its answer goes to `owner`, once. */
  ask(owner: Owner<Answer>): RequestId
  /** The answer, should it still come, goes nowhere. */
  forget(request: RequestId): void
  nextStream(): StreamId

  readonly streams: Map<StreamId, Owner<StreamInput>>
  readonly listeners: Map<ListenerId, Owner<ListenerInput>>
  readonly sockets: Map<DatagramSocketId, Owner<DatagramInput>>
  onCommand: Owner<CommandInput>
  onStore: Owner<StoreInput>

  /** What is registered, for the audit. */
  counts(): { readonly timers: number; readonly questions: number; readonly streams: number }
  /** Nothing from outside enters afterwards; commands do, and their owner knows that it is over. */
  stop(): void
}

export interface StepLoopOptions {
  readonly clock: Clock
  readonly port: ObservationPort
  /** What an owner threw. Owners contain their own faults; what arrives here is a fault of the core. */
  readonly onFault: (error: unknown, input: Input) => void
}

export function createStepLoop({ clock, port, onFault }: StepLoopOptions): StepLoop {
  const timers = createTimers()
  const streams = new Map<StreamId, Owner<StreamInput>>()
  const listeners = new Map<ListenerId, Owner<ListenerInput>>()
  const sockets = new Map<DatagramSocketId, Owner<DatagramInput>>()
  const questions = new Map<RequestId, Owner<Answer>>()
  const waiting: CommandInput[] = []
  let atEnd: (() => void)[] = []
  let alarmMs: number | undefined
  let nextRequest = 1
  let nextStream = 2
  let running = false
  let stopping = false
  let stopped = false
  let stalledMs = 0
  let step: Step = { number: -1, monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }

  const contained = (run: () => void, input: Input): void => {
    try {
      run()
    } catch (error) {
      onFault(error, input)
    }
  }

  const setAlarm = (): void => {
    const dueMs = timers.nextDueMs()
    if (dueMs === alarmMs) return
    alarmMs = dueMs
    clock.setAlarm(dueMs)
  }

  const ringTimers = (input: Input): void => {
    const lateMs = step.monotonicMs - (alarmMs ?? step.monotonicMs)
    if (lateMs > STALL_MS_MIN) stalledMs += lateMs
    alarmMs = undefined
    // What rings may set the next timer, due at once. It waits for the next alarm: a step ends.
    const setBefore = timers.nextSequence
    while (!stopping && !stopped) {
      const timer = timers.take(step.monotonicMs, setBefore)
      if (timer === undefined) return
      contained(timer.ring, input)
    }
  }

  const endTurn = (input: Input): void => {
    const runs = atEnd
    atEnd = []
    for (const run of runs) {
      if (stopping || stopped) return
      contained(run, input)
    }
  }

  const dispatch = (input: Input): void => {
    switch (input.kind) {
      case 'stream.bytes':
      case 'stream.ended':
      case 'stream.failed':
      case 'stream.opened':
      case 'stream.sent':
        return streams.get(input.stream)?.(input)
      case 'clock.alarm':
        return ringTimers(input)
      case 'clock.turn-ended':
        return endTurn(input)
      case 'command':
        return loop.onCommand(input)
      case 'datagrams.bound':
      case 'datagrams.failed':
      case 'datagrams.received':
        return sockets.get(input.socket)?.(input)
      case 'handler.settled':
      case 'job.done':
      case 'job.failed':
      case 'names.failed':
      case 'names.resolved': {
        const owner = questions.get(input.request)
        questions.delete(input.request)
        return owner?.(input)
      }
      case 'listener.accepted':
      case 'listener.failed':
      case 'listener.listening':
      case 'listener.overloaded':
        return listeners.get(input.listener)?.(input)
      case 'store.closed':
      case 'store.durable':
      case 'store.failed':
      case 'store.opened':
      case 'store.refused':
        return loop.onStore(input)
    }
  }

  const stop = (): void => {
    stopped = true
    atEnd = []
    clock.stop()
  }

  const run = (input: Input): void => {
    running = true
    port.isInStep = true
    step = {
      number: step.number + 1,
      monotonicMs: clock.monotonicMs(),
      wallMs: clock.wallMs(),
    }
    if (port.wants.step) contained(() => port.tell({ of: 'step', step, input }), input)
    try {
      dispatch(input)
    } catch (error) {
      onFault(error, input)
    } finally {
      running = false
      port.isInStep = false
    }
    if (!stopped) setAlarm()
  }

  const at = (dueMs: number, ring: () => void): Timer => {
    const timer = timers.set(dueMs, ring)
    if (!running) setAlarm()
    return timer
  }

  const loop: StepLoop = {
    get step() {
      return step
    },
    get isCrowded() {
      return waiting.length >= COMMANDS_WAITING_MAX / 2
    },
    get commandRoom() {
      return Math.max(0, COMMANDS_WAITING_MAX - waiting.length)
    },
    get stalledMs() {
      return stalledMs
    },
    enter(input) {
      if (stopped && input.kind !== 'command') return
      if (running) {
        if (input.kind !== 'command') throw new Error(`${input.kind} was delivered inside a call`)
        waiting.push(input)
        return
      }
      run(input)
      while (waiting.length > 0) {
        for (const command of waiting.splice(0)) run(command)
      }
      if (stopping) stop()
    },
    after: (afterMs, ring) => at(step.monotonicMs + afterMs, ring),
    at,
    cancel: timers.cancel,
    atEndOfTurn(ring) {
      atEnd.push(ring)
      if (atEnd.length === 1) clock.askEndOfTurn()
    },
    ask(owner) {
      const request = nextRequest++
      questions.set(request, owner)
      return request
    },
    forget(request) {
      questions.delete(request)
    },
    nextStream() {
      const stream = nextStream
      nextStream += 2
      return stream
    },
    streams,
    listeners,
    sockets,
    onCommand: () => undefined,
    onStore: () => undefined,
    counts: () => ({ timers: timers.count, questions: questions.size, streams: streams.size }),
    stop() {
      if (running) stopping = true
      else stop()
    },
  }
  return loop
}
