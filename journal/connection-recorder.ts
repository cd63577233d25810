/**
 * Records connections, each from its first byte and for itself: it stands where a node makes its
 * connections. Switched off it is not there at all: connections are made as if there were none.
 * Switched on, it records those that start from then on.
 * @module
 */
import { createConnection } from '../actors/connection.ts'
import type { CreditAccount } from '../actors/credit.ts'
import type {
  Connection,
  ConnectionFactory,
  ConnectionOptions,
  ConnectionTools,
} from '../actors/connection-contract.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { seededRandom } from '../transport/random.ts'
import type { StreamInput } from '../world/streams.ts'
import type { ConnectionHeader, FinalState, OverReason } from './connection-entries.ts'
import { createSeal } from './connection-seal.ts'
import { createTape } from './connection-tape.ts'
import type { EntryTaker, Tape } from './connection-tape.ts'
import { copyPlain } from './plain-data.ts'
import { recordedTools } from './recorded-tools.ts'

/** Where recordings go: memory, a file. */
export interface ConnectionSink<T extends ProtocolTypes> {
  /** A connection begins. Undefined: this one is not recorded. */
  begin(header: ConnectionHeader<T>, seed: Uint8Array): EntryTaker<T> | undefined
  /**
   * Nothing more comes of it. `error` is what failed in the recorder or the sink. What it throws itself
   * ends nothing: `unheardEnds` of the recorder counts it.
   */
  over?(connection: string, why: OverReason, error: unknown): void
}

export interface ConnectionRecorderOptions<T extends ProtocolTypes> {
  readonly sink: ConnectionSink<T>
  /** Whether it is on from the start. Default: true. */
  readonly on?: boolean
  /** What one recording holds of entries and secrets, as msgpack; it ends there, and says so. */
  readonly recordingBytesMax?: number
}

export interface ConnectionRecorder<T extends ProtocolTypes> {
  /** What makes connections, for the node's options. */
  readonly connection: ConnectionFactory<T>
  /** Whether connections that start now are recorded. */
  isOn: boolean
  /** The names of those that are being recorded. */
  readonly recording: readonly string[]
  /** How often the sink threw as it was told of an end. */
  readonly unheardEnds: number
  /** Ends the recording of one, or of all; the connections go on. */
  finish(connection?: string): void
}

/** Ten thousand messages of a few kilobytes; what is longer is the matter of a node's journal. */
const RECORDING_BYTES_MAX = 64 * 1024 * 1024
const SEED_BYTES = 32

export const finalStateOf = <T extends ProtocolTypes>({
  claim,
  counters,
  ending,
  history,
  unsentBytes,
  view,
}: Connection<T>): FinalState => ({
  phase: view.phase,
  connectionState: history.findLast(({ chart }) => chart === 'connection')?.state ?? 'none',
  sessionState: history.findLast(({ chart }) => chart === 'session')?.state ?? 'none',
  identity: view.identity,
  claim,
  counters: { ...counters, dropped: { ...counters.dropped } },
  unsentBytes: unsentBytes(),
  ending: ending && {
    reason: ending.reason,
    detail: ending.detail,
    phase: ending.phase,
    atMs: ending.atMs,
    waitMs: ending.waitMs,
    sessionState: ending.sessionState,
  },
})

/** The connection as its node knows it: each call is written down. */
function recordedConnection<T extends ProtocolTypes>(
  inner: Connection<T>,
  tape: Tape<T>,
  { loop }: ConnectionTools<T>,
  { stream }: ConnectionOptions<T>,
): Connection<T> {
  const { actor, counters, dial, history, name, view } = inner
  return {
    ...{ actor, counters, dial, history, name, view },
    ...{ describe: inner.describe, traffic: inner.traffic },
    crediting: inner.crediting,
    get peer() {
      return inner.peer
    },
    get claim() {
      return inner.claim
    },
    lastMessageMs: inner.lastMessageMs,
    lastBytesMs: inner.lastBytesMs,
    waits: inner.waits,
    unsentBytes: inner.unsentBytes,
    isHeld: inner.isHeld,
    isUnderWay: inner.isUnderWay,
    get ending() {
      return inner.ending
    },
    hasRoom: inner.hasRoom,
    laneBytes: inner.laneBytes,
    start() {
      tape.call(
        () => ({ kind: 'start' }),
        () => {
          inner.start()
        },
      )
      const owner = loop.streams.get(stream)
      if (owner === undefined) return
      loop.streams.set(stream, (input: StreamInput) => {
        tape.call(
          () => ({ kind: 'stream', input: { ...input, stream: 0 } }),
          () => {
            owner(input)
          },
        )
      })
    },
    resolved(host) {
      tape.call(
        () => ({ kind: 'resolved', host }),
        () => {
          inner.resolved(host)
        },
      )
    },
    tell(news) {
      tape.call(
        () => ({ kind: 'tell', news }),
        () => {
          inner.tell(news)
        },
      )
    },
    reserve: (message) =>
      tape.callFor(
        () => ({ kind: 'reserve', ...tape.given(message) }),
        () => inner.reserve(message),
      ),
    queueReserved(message) {
      tape.call(
        () => ({ kind: 'queue', ...tape.givenAgain(message) }),
        () => {
          inner.queueReserved(message)
        },
      )
    },
    giveUpReserved(message) {
      tape.call(
        () => ({ kind: 'give-up', ...tape.givenAgain(message) }),
        () => {
          inner.giveUpReserved(message)
        },
      )
    },
    send: (message) =>
      tape.callFor(
        () => ({ kind: 'send', ...tape.given(message) }),
        () => inner.send(message),
      ),
    leave(detail) {
      tape.call(
        () => ({ kind: 'leave', detail }),
        () => {
          inner.leave(detail)
        },
      )
    },
    drop(detail) {
      tape.call(
        () => ({ kind: 'drop', detail }),
        () => {
          inner.drop(detail)
        },
      )
    },
  }
}

export function recordConnections<T extends ProtocolTypes>(
  options: ConnectionRecorderOptions<T>,
): ConnectionRecorder<T> {
  const { sink, recordingBytesMax = RECORDING_BYTES_MAX } = options
  const running = new Map<string, Tape<T>>()
  let isOn = options.on ?? true
  let unheardEnds = 0

  /** It is called from inside a connection, which has nothing to do with what the sink throws. */
  const tellOver = (name: string, why: OverReason, error: unknown): void => {
    try {
      sink.over?.(name, why, error)
    } catch {
      unheardEnds++
    }
  }

  /** Undefined: it is made as if there were no recorder. */
  const begin = (
    tools: ConnectionTools<T>,
    given: ConnectionOptions<T>,
  ):
    | {
        readonly header: ConnectionHeader<T>
        readonly seed: Uint8Array
        readonly taker: EntryTaker<T>
      }
    | undefined => {
    try {
      const { batchBytes, blockedBytesMax, historyMax, laneBytesMax } = tools.limits
      const { turnBytesMax, unsentBytesMax } = tools.limits
      const limits = { batchBytes, blockedBytesMax, historyMax, laneBytesMax }
      const header: ConnectionHeader<T> = copyPlain({
        protocol: tools.protocol.name,
        settings: tools.protocol.recipe?.().settings,
        options: { ...given, stream: 0 },
        limits: { ...limits, turnBytesMax, unsentBytesMax },
      })
      const seed = tools.random.fork(given.name).bytes(SEED_BYTES)
      const taker = sink.begin(header, seed.slice())
      return taker && { header, seed, taker }
    } catch (error) {
      tellOver(given.name, 'failed', error)
      return undefined
    }
  }

  const connection: ConnectionFactory<T> = (tools, given) => {
    const begun = isOn ? begin(tools, given) : undefined
    if (begun === undefined) return createConnection(tools, given)
    const { header, seed, taker } = begun
    const { name } = given
    let account: Pick<CreditAccount, 'isExhausted'> | undefined
    let inner: Connection<T> | undefined
    let outer: Connection<T> | undefined

    const tape = createTape<T>({
      ...{ loop: tools.loop, turns: tools.turns, taker },
      bytesMax: recordingBytesMax,
      seal: createSeal(tools.crypto, seed, header),
      exhausted: () => account?.isExhausted() ?? false,
      final: () => inner && finalStateOf(inner),
      isClosed: () => inner?.view.phase === 'closed',
      onOver(why, error) {
        running.delete(name)
        tellOver(name, why, error)
      },
    })
    running.set(name, tape)
    const lent = recordedTools<T>({
      tools,
      tape,
      random: seededRandom(seed),
      outer() {
        if (outer === undefined) throw new Error('a connection spoke before it was made')
        return outer
      },
      onCredit(opened) {
        account = opened
      },
    })
    try {
      tape.call(
        () => ({ kind: 'make' }),
        () => {
          inner = createConnection(lent, given)
        },
      )
      if (inner === undefined) throw new Error('a connection was not made')
      outer = recordedConnection(inner, tape, tools, given)
      return outer
    } catch (error) {
      tape.over('unmade', error)
      throw error
    }
  }

  return {
    connection,
    get isOn() {
      return isOn
    },
    set isOn(on) {
      isOn = on
    },
    get recording() {
      return [...running.keys()]
    },
    get unheardEnds() {
      return unheardEnds
    },
    finish(name) {
      for (const [key, tape] of [...running]) {
        if (name === undefined || key === name) tape.over('stopped')
      }
    },
  }
}
