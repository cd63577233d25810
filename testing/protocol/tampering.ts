/**
 * Streams as a bad line or a bad peer makes them, as one node sees them. What is tampered with is
 * only what comes in; the node's own calls pass unchanged.
 * @module
 */
import type { ListenerInput, StreamId, StreamInput, Streams } from '../../world/streams.ts'

/** Positions count the bytes that come in on each of the node's streams. May be changed at any time. */
export interface Tampering {
  /** There the far side's half ends. */
  endsAt?: number
  /** From there on nothing arrives, not even an end. */
  silentAt?: number
  /** The lowest bit of this byte is another one. */
  flippedAt?: number
  /** Nothing more is read after a delivery that is on its way: the far side's bytes are not taken. */
  readsNothing?: boolean
}

export function tamperedStreams(streams: Streams, tampering: Tampering): Streams {
  const receivedBytes = new Map<StreamId, number>()
  const ended = new Set<StreamId>()

  const cut = (input: StreamInput, at: number): StreamInput | undefined => {
    if (input.kind === 'stream.ended') return input
    if (input.kind !== 'stream.bytes') return undefined
    const before = receivedBytes.get(input.stream) ?? 0
    receivedBytes.set(input.stream, before + input.bytes.length)
    return { ...input, bytes: input.bytes.subarray(0, Math.max(0, at - before)) }
  }

  const flip = (input: StreamInput, at: number): StreamInput => {
    if (input.kind !== 'stream.bytes') return input
    const before = receivedBytes.get(input.stream) ?? 0
    receivedBytes.set(input.stream, before + input.bytes.length)
    const bytes = input.bytes.map((byte, index) => (before + index === at ? byte ^ 1 : byte))
    return { ...input, bytes }
  }

  const end = (input: StreamInput, at: number, enter: (input: StreamInput) => void): void => {
    if (ended.has(input.stream)) return
    const left = cut(input, at)
    if (left === undefined) {
      enter(input)
      return
    }
    if (left.kind === 'stream.bytes' && left.bytes.length > 0) enter(left)
    if (left.kind === 'stream.bytes' && (receivedBytes.get(left.stream) ?? 0) < at) return
    ended.add(left.stream)
    enter({ kind: 'stream.ended', stream: left.stream })
  }

  const silence = (input: StreamInput, at: number, enter: (input: StreamInput) => void): void => {
    if (input.kind === 'stream.opened' || input.kind === 'stream.sent') enter(input)
    const left = input.kind === 'stream.bytes' ? cut(input, at) : undefined
    if (left?.kind === 'stream.bytes' && left.bytes.length > 0) enter(left)
  }

  const tamper = (input: StreamInput, enter: (input: StreamInput) => void): void => {
    const { endsAt, flippedAt, readsNothing, silentAt } = tampering
    if (readsNothing === true && input.kind === 'stream.bytes') streams.pause(input.stream)
    else if (endsAt !== undefined) end(input, endsAt, enter)
    else if (silentAt !== undefined) silence(input, silentAt, enter)
    else if (flippedAt !== undefined) enter(flip(input, flippedAt))
    else enter(input)
  }

  return {
    ...streams,
    start(enter) {
      streams.start((input: StreamInput | ListenerInput) => {
        if ('stream' in input && input.kind !== 'listener.accepted') tamper(input, enter)
        else enter(input)
      })
    },
    resume(stream) {
      if (tampering.readsNothing !== true) streams.resume(stream)
    },
  }
}
