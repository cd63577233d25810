/**
 * One side of a transport under test. It notes what it is told, and holds in every case what is
 * promised for all of them: nothing is delivered inside a call, nothing about what was given up.
 * @module
 */
import { deepEqual } from 'node:assert/strict'
import type { DatagramInput, DatagramSocketId, Datagrams } from '../world/datagrams.ts'
import type { ListenerId, ListenerInput, StreamId, StreamInput, Streams } from '../world/streams.ts'

/** Far above what anything here takes, below the time limit of common test runners. */
const DEADLINE_MS = 20_000
/** In so many turns whatever was on its way has come: a platform needs one or two. */
const QUIET_TURNS = 25

/** Lets the transport deliver: a turn of the platform, or all that waits in a queue. */
export type Turn = () => Promise<void>

/** Turns until it is so. @throws {Error} it was in vain */
export async function until(turn: Turn, isSo: () => boolean, what: string): Promise<void> {
  const lateMs = performance.now() + DEADLINE_MS
  while (!isSo()) {
    if (performance.now() > lateMs) throw new Error(`waited in vain for ${what}`)
    await turn()
  }
}

export async function quiet(turn: Turn): Promise<void> {
  for (let count = 0; count < QUIET_TURNS; count++) await turn()
}

/** A subject's calls, each marked while it runs. */
interface Marked<Subject> {
  readonly subject: Subject
  isCalling(): boolean
}

function marked<Subject extends object>(subject: Subject): Marked<Subject> {
  let calls = 0
  const proxy = new Proxy(subject, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function') return member
      return (...values: unknown[]): unknown => {
        calls++
        try {
          return Reflect.apply(member, target, values)
        } finally {
          calls--
        }
      }
    },
  })
  return { subject: proxy, isCalling: () => calls > 0 }
}

type StreamsInput = StreamInput | ListenerInput

export interface StreamsHandle {
  readonly streams: Streams
  readonly inputs: readonly StreamsInput[]
  /** What was told of one stream, bytes left out. */
  told(stream: StreamId): readonly StreamInput[]
  toldOfListener(listener: ListenerId): readonly ListenerInput[]
  received(stream: StreamId): Uint8Array
  receivedBytes(stream: StreamId): number
  chunkCount(stream: StreamId): number
  /** The last total that was reported. */
  sentBytes(stream: StreamId): number
  has(stream: StreamId, kind: StreamInput['kind']): boolean
  /** Gives everything up and holds that nothing is left. */
  close(): void
  /** What was promised and not held. */
  readonly broken: readonly string[]
}

const isOfStream = (input: StreamsInput): input is StreamInput =>
  'stream' in input && !('listener' in input)

export function startStreams(subject: Streams): StreamsHandle {
  const { subject: calls, isCalling } = marked(subject)
  const inputs: StreamsInput[] = []
  const chunks = new Map<StreamId, Uint8Array[]>()
  const sent = new Map<StreamId, number>()
  const known = new Set<StreamId>()
  const listening = new Set<ListenerId>()
  const destroyed = new Set<StreamId>()
  const failed = new Set<StreamId>()
  const broken: string[] = []

  const hold = (input: StreamsInput): void => {
    if (isCalling()) broken.push(`${input.kind} was delivered inside a call`)
    if ('listener' in input && !listening.has(input.listener)) {
      broken.push(`${input.kind} came after unlisten`)
    }
    if (!isOfStream(input)) return
    if (destroyed.has(input.stream)) broken.push(`${input.kind} came after destroy`)
    if (failed.has(input.stream)) broken.push(`${input.kind} came after stream.failed`)
    if (input.kind === 'stream.sent' && input.sentBytes < (sent.get(input.stream) ?? 0)) {
      broken.push('stream.sent went back')
    }
  }

  calls.start((input) => {
    hold(input)
    if (input.kind === 'stream.bytes') {
      const of = chunks.get(input.stream) ?? []
      of.push(input.bytes.slice())
      chunks.set(input.stream, of)
      return
    }
    if (input.kind === 'stream.sent') sent.set(input.stream, input.sentBytes)
    if (input.kind === 'stream.failed') failed.add(input.stream)
    if (input.kind === 'listener.accepted') known.add(input.stream)
    inputs.push(input)
  })

  const streams: Streams = {
    start: calls.start,
    open(stream, address) {
      known.add(stream)
      calls.open(stream, address)
    },
    listen(listener, address) {
      listening.add(listener)
      calls.listen(listener, address)
    },
    unlisten(listener) {
      listening.delete(listener)
      calls.unlisten(listener)
    },
    write: calls.write,
    ...(calls.writePieces === undefined ? {} : { writePieces: calls.writePieces }),
    pause: calls.pause,
    resume: calls.resume,
    report: calls.report,
    end: calls.end,
    destroy(stream) {
      destroyed.add(stream)
      calls.destroy(stream)
    },
    held: calls.held,
  }

  const chunksOf = (stream: StreamId): readonly Uint8Array[] => chunks.get(stream) ?? []
  const receivedBytes = (stream: StreamId): number =>
    chunksOf(stream).reduce((total, chunk) => total + chunk.length, 0)

  const told = (stream: StreamId): readonly StreamInput[] =>
    inputs.filter(isOfStream).filter((input) => input.stream === stream)

  return {
    streams,
    inputs,
    told,
    toldOfListener: (listener) =>
      inputs.filter((input) => 'listener' in input).filter((input) => input.listener === listener),
    received(stream) {
      const whole = new Uint8Array(receivedBytes(stream))
      let offset = 0
      for (const chunk of chunksOf(stream)) {
        whole.set(chunk, offset)
        offset += chunk.length
      }
      return whole
    },
    receivedBytes,
    chunkCount: (stream) => chunksOf(stream).length,
    sentBytes: (stream) => sent.get(stream) ?? 0,
    has: (stream, kind) => told(stream).some((input) => input.kind === kind),
    close() {
      for (const stream of known) streams.destroy(stream)
      for (const listener of [...listening]) streams.unlisten(listener)
      deepEqual(streams.held(), { streams: 0, listeners: 0 })
    },
    broken,
  }
}

export interface DatagramsHandle {
  readonly datagrams: Datagrams
  told(socket: DatagramSocketId): readonly DatagramInput[]
  /** Gives everything up and holds that nothing is left. */
  close(): void
  readonly broken: readonly string[]
}

export function startDatagrams(subject: Datagrams): DatagramsHandle {
  const { subject: calls, isCalling } = marked(subject)
  const inputs: DatagramInput[] = []
  const bound = new Set<DatagramSocketId>()
  const broken: string[] = []

  calls.start((input) => {
    if (isCalling()) broken.push(`${input.kind} was delivered inside a call`)
    if (!bound.has(input.socket)) broken.push(`${input.kind} came after unbind`)
    const isReceived = input.kind === 'datagrams.received'
    inputs.push(isReceived ? { ...input, bytes: input.bytes.slice() } : input)
  })

  const datagrams: Datagrams = {
    start: calls.start,
    bind(socket, address) {
      bound.add(socket)
      calls.bind(socket, address)
    },
    send: calls.send,
    unbind(socket) {
      bound.delete(socket)
      calls.unbind(socket)
    },
    held: calls.held,
  }

  return {
    datagrams,
    told: (socket) => inputs.filter((input) => input.socket === socket),
    close() {
      for (const socket of [...bound]) datagrams.unbind(socket)
      deepEqual(datagrams.held(), { sockets: 0 })
    },
    broken,
  }
}
