/**
 * What leaves one connection: lanes, one write a turn, and the count of what the platform has not
 * taken yet. A peer that does not drain is noticed here.
 * @module
 */
import { joinedPieces, lengthOf } from '../codec/bytes.ts'
import type { BytesInPieces } from '../codec/bytes.ts'
import type { Outgoing } from '../codec/wire.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { StreamId, Streams } from '../world/streams.ts'
import type { Timer } from '../world/timers.ts'
import { areLanesEmpty, clearLanes, createLanes, fitsLane, isAnyWaitedFor } from './lanes.ts'
import { isUnderHalf, LANE_ORDER, pushToLane, takeFromLanes } from './lanes.ts'
import type { Departing, LaneBudgets, Lanes } from './lanes.ts'
import type { Lane } from './protocol.ts'

export interface OutboxLimits {
  readonly laneBytesMax: LaneBudgets
  /** Handed to the transport and not yet taken by the system: above it the lanes wait. */
  readonly unsentBytesMax: number
  /** One write of the wire takes messages of about so many bytes together. */
  readonly batchBytes: number
}

export interface OutboxOptions<Message> {
  readonly stream: StreamId
  readonly streams: Pick<Streams, 'write' | 'writePieces' | 'report'>
  readonly loop: StepLoop
  readonly limits: OutboxLimits
  readonly drainMs: number
  /** The wire's `write`; it calls `sink`. False: it could not, and the connection is ending. */
  encode(messages: readonly Outgoing<Message>[]): boolean
  askForFlush(): void
  /** A lane that was full is under half of its budget. */
  onRoom(lane: Lane): void
  onSent(messages: readonly Message[]): void
  /** Everything written so far is with the system. */
  onAllSent(): void
  /** Nothing left for `drainMs` though there was something to send. */
  onStuck(): void
}

export interface Outbox<Message> {
  readonly lanes: Lanes<Message>
  /** Where the wire writes: one write, whatever it is in. */
  sink(bytes: BytesInPieces): void
  /** Whether so many more bytes fit. If not, `onRoom` will say when there is room again. */
  fits(lane: Lane, bytes: number): boolean
  queue(lane: Lane, departing: Departing<Message>, bytes: number): void
  /** Encodes at once, ahead of everything queued. False: it could not. */
  write(messages: readonly Outgoing<Message>[]): boolean
  /** Writes what the window admits. */
  flush(): void
  /** Writes all that is queued, whatever the window says; bounded by the lanes' budgets. */
  flushAll(): void
  /** The transport's report. */
  sent(totalBytes: number): void
  /** What waits in each lane, by estimate. */
  laneBytes(): Readonly<Record<Lane, number>>
  unsentBytes(): number
  writtenBytes(): number
  isFull(): boolean
  /** A lane was found full and has not had room since. */
  isWaitedFor(): boolean
  /** How many messages were still queued. */
  stop(): number
}

export function createOutbox<Message extends object>(
  options: OutboxOptions<Message>,
): Outbox<Message> {
  const { loop, limits, streams, stream } = options
  const lanes = createLanes<Message>(limits.laneBytesMax)
  let writtenBytes = 0
  let sentBytes = 0
  let timer: Timer | undefined
  let stopped = false

  const disarm = (): void => {
    if (timer !== undefined) loop.cancel(timer)
    timer = undefined
  }

  /** Twice in `drainMs`: at half of it the transport is asked, should its report have been lost. */
  const watch = (asked: boolean): void => {
    const sentBefore = sentBytes
    const stalledBefore = loop.stalledMs
    timer = loop.after(options.drainMs / 2, () => {
      timer = undefined
      if (sentBytes === writtenBytes) return
      if (sentBytes > sentBefore || loop.stalledMs > stalledBefore) watch(false)
      else if (!asked) {
        watch(true)
        streams.report(stream)
      } else options.onStuck()
    })
  }

  const tellRoom = (): void => {
    for (const lane of LANE_ORDER) {
      const queue = lanes[lane]
      if (!queue.isWaitedFor || !isUnderHalf(queue)) continue
      queue.isWaitedFor = false
      options.onRoom(lane)
    }
  }

  const writeBatches = (windowBytes: number): void => {
    while (!stopped && !areLanesEmpty(lanes) && writtenBytes - sentBytes < windowBytes) {
      const messages = takeFromLanes(lanes, limits.batchBytes)
      if (!options.encode(messages)) return
      options.onSent(messages)
    }
    tellRoom()
  }

  return {
    lanes,
    sink(bytes) {
      const length = lengthOf(bytes)
      if (stopped || length === 0) return
      writtenBytes += length
      const isInPieces = !(bytes instanceof Uint8Array) && bytes.length > 1
      if (isInPieces && streams.writePieces !== undefined) streams.writePieces(stream, bytes)
      else streams.write(stream, joinedPieces(bytes))
      if (timer === undefined) watch(false)
    },
    fits(lane, bytes) {
      const fits = fitsLane(lanes[lane], bytes)
      if (!fits) lanes[lane].isWaitedFor = true
      return fits
    },
    queue(lane, departing, bytes) {
      pushToLane(lanes[lane], departing, bytes)
      options.askForFlush()
    },
    write: options.encode,
    flush() {
      writeBatches(limits.unsentBytesMax)
    },
    flushAll() {
      writeBatches(Number.MAX_SAFE_INTEGER)
    },
    sent(totalBytes) {
      if (totalBytes <= sentBytes) return
      sentBytes = Math.min(totalBytes, writtenBytes)
      if (!areLanesEmpty(lanes)) options.askForFlush()
      // The timer stays: it finds nothing to do, which costs less than a cancel for each write.
      if (sentBytes === writtenBytes) options.onAllSent()
    },
    laneBytes: () => ({
      control: lanes.control.bytes,
      requests: lanes.requests.bytes,
      gossip: lanes.gossip.bytes,
    }),
    unsentBytes: () => writtenBytes - sentBytes,
    writtenBytes: () => writtenBytes,
    isWaitedFor: () => isAnyWaitedFor(lanes),
    isFull: () => writtenBytes - sentBytes >= limits.unsentBytesMax,
    stop() {
      stopped = true
      disarm()
      return clearLanes(lanes)
    },
  }
}
