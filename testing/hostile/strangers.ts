/**
 * Bare streams to whom is attacked, and what is seen of a stream: whether it is over, how it ended,
 * and how long to wait for that.
 * @module
 */
import type { SocketAddress } from '../../world/streams.ts'
import type { HostileGround } from './ground.ts'
import { hostileLines } from './lines.ts'
import type { HostileLine } from './lines.ts'
import type { Manner, Taken } from './report.ts'

/**
 * Between two connections: half of what a node here takes in a second, so that it is the attack that
 * is refused and not its haste.
 */
const PACE_MS = 40

/** Streams of one host without any node behind them. */
export interface Strangers {
  readonly lines: readonly HostileLine[]
  /** Resets what is still open. */
  leave(): void
}

export interface Place {
  readonly ground: HostileGround
  readonly target: SocketAddress
}

export function startStrangers({ ground, target }: Place, count: number): Strangers {
  const process = ground.process('hostile')
  const { nowMs } = ground
  const { close, lines, streams } = hostileLines({ process, target, attempt: count, nowMs })
  streams.start((input) => {
    if (input.kind === 'stream.opened') streams.resume(input.stream)
  })
  for (let number = 1; number <= count; number++) streams.open(2 * number, target)
  return {
    lines,
    leave() {
      close()
      process.end()
    },
  }
}

export const pause = async (ground: HostileGround, ms = PACE_MS): Promise<void> => {
  await ground.until(() => false, ms)
}

export const hasEnded = (line: HostileLine | undefined): boolean => line?.end !== undefined

/** Until each of them is over, or has had its time. */
export async function outlast(
  { deadlineMs, ground }: Pick<Place, 'ground'> & { readonly deadlineMs: number },
  lines: readonly (HostileLine | undefined)[],
): Promise<void> {
  const last = Math.max(...lines.map((line) => (line?.openedMs ?? line?.askedMs ?? 0) + deadlineMs))
  const leftMs = last - ground.nowMs()
  if (leftMs > 0) await ground.until(() => lines.every(hasEnded), leftMs)
}

export function mannerOf(line: HostileLine): Manner {
  const { end, openedMs } = line
  if (end === undefined) return 'open'
  if (openedMs === undefined) return 'refused'
  return end.how === 'ended' ? 'ended' : 'reset'
}

/** @param manner what it was, where it did not end by itself */
export function takenOf(
  { nowMs }: Pick<HostileGround, 'nowMs'>,
  what: string,
  line: HostileLine,
  manner = mannerOf(line),
): Taken {
  const { askedMs, end, lastBytes, receivedBytes, saidMs, sentBytes } = line
  const openedMs = line.openedMs ?? askedMs
  return {
    ...{ what, manner, sentBytes, receivedBytes, lastBytes },
    afterMs: Math.round((end?.atMs ?? nowMs()) - openedMs),
    saidMs: Math.round((saidMs ?? openedMs) - openedMs),
    ...(end === undefined || end.how === 'ended' ? {} : { fault: end.how }),
  }
}
