/**
 * Streams as a hostile peer has them: what its session says can be held back, cut and changed, what
 * comes in is looked at, and that its session gives up is kept from the far side, so that it is the
 * far side that has to end it. Nothing is dialled but the one address that is attacked.
 * @module
 */
import type { TransportFault } from '../../world/streams.ts'
import type { ListenerInput, SocketAddress, StreamId } from '../../world/streams.ts'
import type { StreamInput, Streams } from '../../world/streams.ts'
import type { HostileProcess } from './ground.ts'

/** As many of the last bytes that came as a report shows. */
const LAST_BYTES = 64

/** One stream, from the attacker's side. */
export interface HostileLine {
  readonly stream: StreamId
  readonly askedMs: number
  readonly openedMs: number | undefined
  /** What the far side, or the way to it, made of it. */
  readonly end: { readonly how: 'ended' | TransportFault; readonly atMs: number } | undefined
  /** What was said, without what is held back, and when the last of it was. */
  readonly saidBytes: number
  readonly saidMs: number | undefined
  /** What the system has taken of it. */
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly lastBytes: Uint8Array
  readonly heldBytes: number
  /** The session behind it has given it up. */
  readonly isGivenUp: boolean
  /** Says the next of what is held back, at most so many bytes, in one write. */
  release(bytesMax: number): void
  /** Past the session and past what changes its bytes. */
  say(bytes: Uint8Array): void
  /** What the session still says, its farewell for one, goes nowhere. */
  mute(): void
  /** Reads on, whatever else was asked for. */
  listen(): void
  /** Ends our side; the far side may go on. */
  finish(): void
  reset(): void
}

export interface Tampering {
  /** What is said waits until it is released. */
  readonly holds?: boolean
  readonly readsNothing?: () => boolean
  /** As many bytes as it was given; `at` of them were said before. */
  readonly alter?: (bytes: Uint8Array, at: number) => Uint8Array
  /** After each time that the line opened, or something was said or heard on it; counted from 1. */
  readonly happened?: (line: HostileLine, count: number) => void
}

export interface HostileLines {
  readonly streams: Streams
  readonly lines: readonly HostileLine[]
  /** Gives everything up that is still open. */
  close(): void
}

export interface HostileLinesOptions {
  readonly process: HostileProcess
  readonly target: SocketAddress
  /** Which of the session's dials is tampered with; there are none after it. The first is 1. */
  readonly attempt: number
  readonly tampering?: Tampering
  nowMs(): number
}

interface OpenLine extends HostileLine {
  openedMs: number | undefined
  end: HostileLine['end']
  saidBytes: number
  saidMs: number | undefined
  sentBytes: number
  receivedBytes: number
  lastBytes: Uint8Array
  isGivenUp: boolean
  held: Uint8Array[]
  happenings: number
  isListening: boolean
  isMuted: boolean
  readonly isTampered: boolean
}

/** The first bytes of what waits, at most so many, and what is left. */
function takeFrom(
  held: readonly Uint8Array[],
  bytesMax: number,
): readonly [taken: Uint8Array, left: Uint8Array[]] {
  const total = held.reduce((sum, { length }) => sum + length, 0)
  const all = new Uint8Array(total)
  let at = 0
  for (const bytes of held) {
    all.set(bytes, at)
    at += bytes.length
  }
  const left = all.subarray(Math.min(bytesMax, total))
  return [all.slice(0, bytesMax), left.length === 0 ? [] : [left]]
}

export function hostileLines(options: HostileLinesOptions): HostileLines {
  const { attempt, nowMs, process, target, tampering = {} } = options
  const { streams: below } = process.world
  const lines: OpenLine[] = []
  const byStream = new Map<StreamId, OpenLine>()
  let enter: (input: StreamInput | ListenerInput) => void = () => undefined

  const happened = (line: OpenLine): void => {
    line.happenings++
    if (line.isTampered) tampering.happened?.(line, line.happenings)
  }

  const isDeaf = ({ isListening, isTampered }: OpenLine): boolean =>
    isTampered && !isListening && tampering.readsNothing?.() === true

  const say = (line: OpenLine, bytes: Uint8Array): void => {
    if (bytes.length === 0 || line.end !== undefined) return
    line.saidBytes += bytes.length
    line.saidMs = nowMs()
    below.write(line.stream, bytes)
    happened(line)
  }

  const start = (stream: StreamId): void => {
    const isTampered = lines.length + 1 === attempt
    const line: OpenLine = {
      stream,
      askedMs: nowMs(),
      openedMs: undefined,
      end: undefined,
      saidBytes: 0,
      saidMs: undefined,
      sentBytes: 0,
      receivedBytes: 0,
      lastBytes: new Uint8Array(0),
      isGivenUp: false,
      held: [],
      happenings: 0,
      isListening: false,
      isMuted: false,
      isTampered,
      get heldBytes() {
        return line.held.reduce((sum, { length }) => sum + length, 0)
      },
      release(bytesMax) {
        const [taken, left] = takeFrom(line.held, bytesMax)
        line.held = left
        say(line, taken)
      },
      say(bytes) {
        say(line, bytes.slice())
      },
      mute() {
        line.isMuted = true
        line.held = []
      },
      listen() {
        line.isListening = true
        below.resume(stream)
      },
      finish() {
        below.end(stream)
      },
      reset() {
        process.reset(stream)
        line.end ??= { how: 'reset', atMs: nowMs() }
      },
    }
    lines.push(line)
    byStream.set(stream, line)
  }

  const note = (line: OpenLine, input: StreamInput): void => {
    if (input.kind === 'stream.opened') line.openedMs = nowMs()
    if (input.kind === 'stream.sent') line.sentBytes = input.sentBytes
    if (input.kind === 'stream.bytes') {
      line.receivedBytes += input.bytes.length
      const [last] = takeFrom([input.bytes, line.lastBytes].reverse(), Infinity)
      line.lastBytes = last.slice(-LAST_BYTES)
    }
    if (input.kind === 'stream.ended') line.end ??= { how: 'ended', atMs: nowMs() }
    if (input.kind === 'stream.failed') line.end ??= { how: input.fault, atMs: nowMs() }
  }

  const hear = (line: OpenLine, input: StreamInput): void => {
    note(line, input)
    // The session hears nothing more of what it gave up.
    if (!line.isGivenUp) enter(input)
    if (input.kind === 'stream.opened' || input.kind === 'stream.bytes') happened(line)
    if (isDeaf(line)) below.pause(line.stream)
  }

  const streams: Streams = {
    ...below,
    start(input) {
      enter = input
      below.start((told) => {
        const line = 'listener' in told ? undefined : byStream.get(told.stream)
        if (line !== undefined && !('listener' in told)) hear(line, told)
      })
    },
    open(stream, address) {
      // What a peer told of others is none of ours: a dial elsewhere is one that nobody answers.
      const isTarget = address.host === target.host && address.port === target.port
      if (!isTarget || lines.length >= attempt) return
      start(stream)
      below.open(stream, address)
    },
    write(stream, bytes) {
      const line = byStream.get(stream)
      if (line === undefined || line.isGivenUp || line.isMuted) return
      if (!line.isTampered) return say(line, bytes)
      const altered = tampering.alter?.(bytes, line.saidBytes + line.heldBytes) ?? bytes
      if (tampering.holds === true) line.held.push(altered)
      else say(line, altered)
    },
    resume(stream) {
      const line = byStream.get(stream)
      if (line !== undefined && !isDeaf(line)) below.resume(stream)
    },
    end() {
      // The session takes its leave, and is not let go.
    },
    destroy(stream) {
      const line = byStream.get(stream)
      if (line === undefined) return
      line.isGivenUp = true
      if (line.end === undefined && line.isTampered) streams.resume(stream)
      else below.destroy(stream)
    },
  }

  return {
    streams,
    lines,
    close() {
      for (const { stream } of lines) below.destroy(stream)
    },
  }
}
