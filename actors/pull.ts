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

/** Data and no methods: there is one a connection. */
export interface Pull<Message, Keys, Facts, Detail extends string> {
  readonly options: PullOptions<Message, Keys, Facts, Detail>
  /** The turn of which a share is being read, and what was read of it. */
  shareOfTurn: number
  unitsRead: number
  bytesRead: number
  isJobOut: boolean
  isPaused: boolean
  /** Whether everything whole has been read. */
  isDry: boolean
  isStopped: boolean
}

/** Whatever is read with it. */
type AnyPull = Pull<unknown, unknown, unknown, string>

export const createPull = <Message, Keys, Facts, Detail extends string>(
  options: PullOptions<Message, Keys, Facts, Detail>,
): Pull<Message, Keys, Facts, Detail> => ({
  options,
  shareOfTurn: -1,
  unitsRead: 0,
  bytesRead: 0,
  isJobOut: false,
  isPaused: false,
  isDry: true,
  isStopped: false,
})

function countUnit(pull: AnyPull, bytesOnWire: number): void {
  pull.unitsRead++
  pull.bytesRead += Math.max(bytesOnWire, UNIT_BYTES_MIN)
}

/** What a wire throws: its own details, as it declares, or a failure of the wire itself. */
function fail(pull: AnyPull, error: unknown): void {
  pull.isStopped = true
  if (error instanceof WireError) pull.options.onWireError(error.detail as string)
  else pull.options.onFault(error)
}

/** False: nothing more can be read now. */
function readOne(pull: AnyPull): boolean {
  const { options } = pull
  let read: Read<unknown, unknown, string>
  try {
    read = options.wire.read()
  } catch (error) {
    fail(pull, error)
    return false
  }
  switch (read.kind) {
    case 'message':
      countUnit(pull, read.bytesOnWire)
      options.onMessage(read)
      return true
    case 'refused':
      countUnit(pull, read.bytesOnWire)
      options.onRefused(read.error, read.bytesOnWire)
      return true
    case 'padding':
      countUnit(pull, read.bytesOnWire)
      return true
    case 'secured':
      options.onSecured(read.facts)
      return true
    case 'job':
      pull.isJobOut = true
      options.onJob(read.job)
      return true
    case 'more':
      pull.isDry = true
      return false
  }
}

const isBlocked = ({ isJobOut, options }: AnyPull): boolean => isJobOut || options.isBlocked()

const isShareUsed = ({ bytesRead, options, shareOfTurn, unitsRead }: AnyPull): boolean =>
  shareOfTurn === options.turns.number &&
  (unitsRead >= options.unitsPerTurn || bytesRead >= options.limits.turnBytesMax)

/** A stream brings more in a turn than one share of it; but a unit that is not whole needs the rest. */
function balance(pull: AnyPull): void {
  const { isDry, isPaused, isStopped, options } = pull
  if (isStopped) return
  const { blockedBytesMax } = options.limits
  const { bufferedBytes } = options.wire
  if (!isPaused && bufferedBytes >= blockedBytesMax) {
    if (!isBlocked(pull) && (isDry || !isShareUsed(pull))) return
    pull.isPaused = true
    options.pause()
  } else if (isPaused && (bufferedBytes <= blockedBytesMax / 2 || (isDry && !isBlocked(pull)))) {
    pull.isPaused = false
    options.unpause()
  }
}

export function pushBytes(pull: AnyPull, bytes: Uint8Array): void {
  if (pull.isStopped) return
  pull.isDry = false
  try {
    pull.options.wire.push(bytes)
  } catch (error) {
    pull.isStopped = true
    pull.options.onFault(error)
  }
  balance(pull)
}

/**
 * Reads until the share is used up, nothing is left, or something blocks. True: the share is used
 * up and there is more.
 */
export function readShare(pull: AnyPull): boolean {
  const { turns, wire } = pull.options
  if (pull.shareOfTurn !== turns.number) {
    pull.shareOfTurn = turns.number
    pull.unitsRead = 0
    pull.bytesRead = 0
  }
  let isMore = false
  while (!pull.isStopped && !isBlocked(pull)) {
    if (isShareUsed(pull)) {
      isMore = !pull.isDry
      break
    }
    if (!readOne(pull)) break
  }
  if (!pull.isStopped) wire.keep()
  balance(pull)
  return isMore
}

export function resumeJob(pull: AnyPull, result: JobResult): void {
  pull.isJobOut = false
  if (pull.isStopped) return
  try {
    pull.options.wire.resume(result)
  } catch (error) {
    fail(pull, error)
  }
}
