/**
 * The demo's accounts: what was queued for each receiver and what arrived, life by life, and what
 * that says. Pure.
 * @module
 */
import type { SentRun } from './protocol.ts'

/** From one start of a receiver to its end. */
interface Life {
  /** Numbers in the order of arrival. */
  readonly arrived: number[]
  readonly sent: number[]
}

export interface ReceiverSummary {
  readonly receiver: string
  /** Queued on an active session. */
  readonly sent: number
  readonly arrived: number
  /** Handed over twice, over all its lives. */
  readonly duplicates: number
  /** Queued for it before it was killed, and not arrived when it was. */
  readonly lostInKill: number
  /** Queued for its last life, and not arrived or not in order. */
  readonly missing: number
  readonly ok: boolean
}

export interface Tally {
  /** A session with the receiver's present life. */
  opened(receiver: string, connection: string): void
  sent(run: SentRun): void
  arrived(receiver: string, numbers: readonly number[]): void
  /** The receiver was killed: what it had arrived by now is all of that life. */
  killed(receiver: string): void
  /** Whether everything queued for the receiver's present life has arrived. */
  isComplete(receiver: string): boolean
  /** Whether anything has arrived in the receiver's present life. */
  hasArrived(receiver: string): boolean
  summary(receiver: string): ReceiverSummary
}

const newLife = (): Life => ({ arrived: [], sent: [] })

/** Each number one more than the one before. */
const isRun = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? NaN) + 1)

const isPrefix = (some: readonly number[], all: readonly number[]): boolean =>
  some.length <= all.length && some.every((number, index) => number === all[index])

export function createTally(receivers: readonly string[], lineCount: number): Tally {
  const lives = new Map<string, Life[]>(receivers.map((receiver) => [receiver, [newLife()]]))
  /** What is reported of a session belongs to the life in which it was opened, however late. */
  const lifeOfConnection = new Map<string, Life>()

  const livesOf = (receiver: string): Life[] => {
    const found = lives.get(receiver)
    if (found === undefined) throw new RangeError(`${receiver} receives nothing`)
    return found
  }
  const present = (receiver: string): Life => livesOf(receiver).at(-1) ?? newLife()

  return {
    opened(receiver, connection) {
      lifeOfConnection.set(connection, present(receiver))
    },
    sent({ connection, first, last }) {
      const life = lifeOfConnection.get(connection)
      if (life === undefined) throw new RangeError(`no session ${connection} was opened`)
      for (let number = first; number <= last; number++) life.sent.push(number)
    },
    arrived(receiver, numbers) {
      present(receiver).arrived.push(...numbers)
    },
    killed(receiver) {
      livesOf(receiver).push(newLife())
    },
    isComplete(receiver) {
      const { arrived, sent } = present(receiver)
      return arrived.length >= sent.length
    },
    hasArrived: (receiver) => present(receiver).arrived.length > 0,
    summary(receiver) {
      const all = livesOf(receiver)
      const last = present(receiver)
      const earlier = all.slice(0, -1)
      const arrived = all.flatMap((life) => life.arrived)
      const duplicates = arrived.length - new Set(arrived).size
      const lostInKill = earlier.reduce(
        (sum, life) => sum + Math.max(0, life.sent.length - life.arrived.length),
        0,
      )
      const missing = last.sent.filter((number) => !last.arrived.includes(number)).length
      const earlierOk = earlier.every(
        (life) => isRun(life.arrived) && isPrefix(life.arrived, life.sent),
      )
      const isWhole = earlier.length > 0 || last.sent.length === lineCount
      const inOrder = isPrefix(last.arrived, last.sent)
      return {
        receiver,
        sent: all.reduce((sum, life) => sum + life.sent.length, 0),
        arrived: arrived.length,
        duplicates,
        lostInKill,
        missing: isWhole ? missing : missing + (lineCount - last.sent.length),
        ok: earlierOk && inOrder && isWhole && missing === 0 && duplicates === 0,
      }
    },
  }
}
