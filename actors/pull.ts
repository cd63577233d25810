/**
 * The pull: one `read`, one delivery, the next `read`. It stops between two units when the share of
 * the turn is used up, when a job is out, or when its owner says that it is blocked (the session
 * digests, consumers hold all credit, the peer does not drain), and it pauses the stream when what
 * is buffered meanwhile grows too large: whoever sends faster than is read waits, whatever the reason.
 *
 * Everything that a wire throws is caught here and nowhere else.
 * @module
 */
import type { Read, Wire } from '../codec/wire.ts'
import { WireError } from '../codec/wire-error.ts'
import type { CryptoJob, JobResult } from '../world/jobs.ts'
import type { Turns } from './turns.ts'

export interface PullLimits {
  /** What one connection may read in one turn, in bytes on the wire. */
  readonly turnBytesMax: number
  /** Kept while nothing is read before the stream is paused; it is resumed at half. */
  readonly blockedBytesMax: number
}

/** What a unit costs of a turn at least: the smallest ones take as long as a few hundred bytes. */
const UNIT_BYTES_MIN = 256

export interface PullOptions<Message, Keys, Facts, Detail extends string> {
  readonly wire: Wire<Message, Keys, Facts, Detail>
  readonly turns: Pick<Turns, 'number'>
  readonly limits: PullLimits
  readonly unitsPerTurn: number
  isBlocked(): boolean
  onMessage(read: Extract<Read<Message, Facts, Detail>, { kind: 'message' }>): void
  onRefused(error: WireError<Detail>, bytesOnWire: number): void
  onSecured(facts: Facts): void
  /** Run it; the answer comes back through `resume`. */
  onJob(job: CryptoJob): void
  /** The stream cannot go on, by the network's rule. */
  onWireError(detail: Detail): void
  /** The wire itself failed. */
  onFault(error: unknown): void
  pause(): void
  unpause(): void
}

export interface Pull {
  push(bytes: Uint8Array): void
  /**
   * Reads until the share is used up, nothing is left, or something blocks. True: the share is used
   * up and there is more.
   */
  readShare(): boolean
  resume(result: JobResult): void
  /** Whether everything whole has been read. */
  isDry(): boolean
  stop(): void
}

export function createPull<Message, Keys, Facts, Detail extends string>(
  options: PullOptions<Message, Keys, Facts, Detail>,
): Pull {
  const { wire, turns, limits } = options
  let shareOfTurn = -1
  let unitsRead = 0
  let bytesRead = 0
  let jobIsOut = false
  let paused = false
  let dry = true
  let stopped = false

  /** False: nothing more can be read now. */
  const readOne = (): boolean => {
    let read: Read<Message, Facts, Detail>
    try {
      read = wire.read()
    } catch (error) {
      stopped = true
      // The wire declares what it throws: its own details.
      if (error instanceof WireError) options.onWireError(error.detail as Detail)
      else options.onFault(error)
      return false
    }
    switch (read.kind) {
      case 'message':
        unitsRead++
        bytesRead += Math.max(read.bytesOnWire, UNIT_BYTES_MIN)
        options.onMessage(read)
        return true
      case 'refused':
        unitsRead++
        bytesRead += Math.max(read.bytesOnWire, UNIT_BYTES_MIN)
        options.onRefused(read.error, read.bytesOnWire)
        return true
      case 'padding':
        unitsRead++
        bytesRead += Math.max(read.bytesOnWire, UNIT_BYTES_MIN)
        return true
      case 'secured':
        options.onSecured(read.facts)
        return true
      case 'job':
        jobIsOut = true
        options.onJob(read.job)
        return true
      case 'more':
        dry = true
        return false
    }
  }

  const isBlocked = (): boolean => jobIsOut || options.isBlocked()

  const isShareUsed = (): boolean =>
    shareOfTurn === turns.number &&
    (unitsRead >= options.unitsPerTurn || bytesRead >= limits.turnBytesMax)

  /** A stream brings more in a turn than one share of it; but a unit that is not whole needs the rest. */
  const balance = (): void => {
    if (stopped) return
    const { bufferedBytes } = wire
    if (!paused && bufferedBytes >= limits.blockedBytesMax) {
      if (!isBlocked() && (dry || !isShareUsed())) return
      paused = true
      options.pause()
    } else if (paused && (bufferedBytes <= limits.blockedBytesMax / 2 || (dry && !isBlocked()))) {
      paused = false
      options.unpause()
    }
  }

  return {
    push(bytes) {
      if (stopped) return
      dry = false
      try {
        wire.push(bytes)
      } catch (error) {
        stopped = true
        options.onFault(error)
      }
      balance()
    },
    readShare() {
      if (shareOfTurn !== turns.number) {
        shareOfTurn = turns.number
        unitsRead = 0
        bytesRead = 0
      }
      let isMore = false
      while (!stopped && !isBlocked()) {
        if (isShareUsed()) {
          isMore = !dry
          break
        }
        if (!readOne()) break
      }
      if (!stopped) wire.keep()
      balance()
      return isMore
    },
    resume(result) {
      jobIsOut = false
      if (stopped) return
      try {
        wire.resume(result)
      } catch (error) {
        stopped = true
        if (error instanceof WireError) options.onWireError(error.detail as Detail)
        else options.onFault(error)
      }
    },
    isDry: () => dry,
    stop() {
      stopped = true
    },
  }
}
