/**
 * The observation port: the one place where everything hangs that watches a node (events, explain,
 * audit, journal, inspector, metrics). Watchers are told and cannot act.
 *
 * Who tells asks first whether anybody wants its kind and builds nothing when nobody does: what is not
 * looked at costs a branch, also while something else is looked at all the time.
 * @module
 */
import type { Input } from './input.ts'
import type { RequestId } from './names.ts'
import type { StoreChange } from './store.ts'
import type { DatagramSocketId } from './datagrams.ts'
import type { ListenerId, SocketAddress, StreamId } from './streams.ts'

/** One input and all that followed from it. Time is read once a step and belongs to it. */
export interface Step {
  /** 0, 1, 2 ... from the node's start. */
  readonly number: number
  readonly monotonicMs: number
  readonly wallMs: number
}

/** What the core asked of the world. */
export type Effect =
  | { readonly kind: 'stream.open'; readonly stream: StreamId; readonly address: SocketAddress }
  /** One write, of pieces that stand one behind the other; they are to be looked at within the step. */
  | {
      readonly kind: 'stream.write'
      readonly stream: StreamId
      readonly pieces: readonly Uint8Array[]
    }
  | {
      readonly kind:
        'stream.destroy' | 'stream.end' | 'stream.pause' | 'stream.report' | 'stream.resume'
      readonly stream: StreamId
    }
  | {
      readonly kind: 'listener.listen'
      readonly listener: ListenerId
      readonly address: SocketAddress
    }
  | { readonly kind: 'listener.unlisten'; readonly listener: ListenerId }
  | {
      readonly kind: 'datagrams.bind'
      readonly socket: DatagramSocketId
      readonly address: SocketAddress
    }
  | {
      readonly kind: 'datagrams.send'
      readonly socket: DatagramSocketId
      readonly to: SocketAddress
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'datagrams.unbind'; readonly socket: DatagramSocketId }
  | { readonly kind: 'names.resolve'; readonly request: RequestId; readonly host: string }
  | { readonly kind: 'job.run'; readonly request: RequestId; readonly operation: string }
  | {
      readonly kind: 'store.write'
      readonly batch: number
      readonly changes: readonly StoreChange[]
    }
  | { readonly kind: 'store.close' }
  /** A read that was answered within the step: a recording has to keep the answer. */
  | {
      readonly kind: 'store.read'
      readonly table: string
      readonly entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
    }

/** A ping until its answer; a question to the application until it settled. */
export type Timed = 'answer' | 'ping' | 'validate'

export type Observation =
  | { readonly of: 'step'; readonly step: Step; readonly input: Input }
  | { readonly of: 'effect'; readonly effect: Effect }
  /** A statechart took an event. `name` is our stable name; states are written as `a.b`, or `a.b|c.d`. */
  | {
      readonly of: 'transition'
      readonly name: string
      readonly chart: string
      readonly event: string
      readonly state: string
    }
  | {
      readonly of: 'message'
      readonly connection: string
      readonly direction: 'received' | 'sent'
      readonly type: string
      /** Of a sent one the network's estimate: a write holds several, and is sealed as one. */
      readonly bytesOnWire: number
      /** Its bytes may be views, which are over once the watcher returns: whoever keeps it copies it. */
      readonly message: { readonly type: string }
    }
  /**
   * What a session wrote by itself, in a handshake or as a farewell: it waited in no lane. `raw`: the
   * session encoded it.
   */
  | {
      readonly of: 'written'
      readonly connection: string
      readonly type: string
      /** The network's estimate; true of `raw`, before it is sealed. */
      readonly bytesOnWire: number
    }
  /** A unit that the wire passed over, by the network's detail. */
  | {
      readonly of: 'refused'
      readonly connection: string
      readonly detail: string
      readonly bytesOnWire: number
    }
  /** How long something took that the core waited for, by the step's time. */
  | { readonly of: 'timing'; readonly what: Timed; readonly ms: number }
  /** One of the supervisor's events, as it goes to the application. */
  | { readonly of: 'event'; readonly event: { readonly type: string } }

export type ObservationKind = Observation['of']

export type Watcher = (observation: Observation) => void

export interface WatchOptions {
  /** Left out: all of them. */
  readonly kinds?: readonly ObservationKind[]
  /** What the watcher threw. It is taken off by then. */
  readonly onFault?: (error: unknown) => void
}

export interface ObservationPort {
  /** Whether anybody wants observations of a kind. Ask before building what to tell. */
  readonly wants: Readonly<Record<ObservationKind, boolean>>
  tell(observation: Observation): void
  /** A watcher that throws is taken off and reported to its `onFault`; the node goes on. */
  watch(watcher: Watcher, options?: WatchOptions): () => void
  /** How many watch, for the audit. */
  readonly watcherCount: number
  /** Whether a step is being run: what was told of it is not all of it yet. Set by the step loop. */
  isInStep: boolean
}

/** A kind that is missing here does not compile. */
const ofEach = <Value>(value: Value): Record<ObservationKind, Value> => ({
  step: value,
  effect: value,
  transition: value,
  message: value,
  written: value,
  refused: value,
  timing: value,
  event: value,
})

export function createObservationPort(): ObservationPort {
  interface Entry extends WatchOptions {
    readonly watcher: Watcher
  }
  const wants = ofEach(false)
  const entries = ofEach<readonly Entry[]>([])
  const everyKind = Object.keys(wants) as ObservationKind[]
  const all = new Set<Entry>()
  const kindsOf = ({ kinds = everyKind }: WatchOptions) => new Set(kinds)

  const leave = (entry: Entry): void => {
    if (!all.delete(entry)) return
    for (const kind of kindsOf(entry)) {
      entries[kind] = entries[kind].filter((other) => other !== entry)
      wants[kind] = entries[kind].length > 0
    }
  }

  return {
    wants,
    isInStep: false,
    get watcherCount() {
      return all.size
    },
    tell(observation) {
      for (const entry of entries[observation.of]) {
        try {
          entry.watcher(observation)
        } catch (error) {
          leave(entry)
          entry.onFault?.(error)
        }
      }
    },
    watch(watcher, options = {}) {
      const entry = { ...options, watcher }
      all.add(entry)
      for (const kind of kindsOf(entry)) {
        entries[kind] = [...entries[kind], entry]
        wants[kind] = true
      }
      return () => {
        leave(entry)
      }
    },
  }
}
