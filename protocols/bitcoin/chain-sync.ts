/**
 * Whether a peer that we dialled keeps up with our chain: one that stays behind for long is asked once, and
 * then left, so that nobody holds our connections who shows us nothing. Plain data and rules; the chain
 * itself, which says what each peer has shown, comes from whoever follows it.
 * @module
 */

/** CHAIN_SYNC_TIMEOUT. */
const BEHIND_MS = 1_200_000
/** HEADERS_RESPONSE_TIME. */
const ANSWER_MS = 120_000
/** MAX_OUTBOUND_PEERS_TO_PROTECT_FROM_DISCONNECT. */
const PROTECTED_MAX = 4

/** What a peer that is behind has to reach, and until when. */
export interface SyncWait {
  /** The work of our tip when it was noted. */
  readonly benchmarkWork: bigint
  readonly untilMs: number
  readonly isAsked: boolean
}

export interface SyncView {
  /** Of the best chain that it has shown; undefined: none. */
  readonly peerWork: bigint | undefined
  readonly tipWork: bigint
  readonly nowMs: number
}

export interface SyncVerdict {
  /** `ask`: for headers from before the benchmark on. */
  readonly do: 'nothing' | 'ask' | 'leave'
  readonly wait: SyncWait | undefined
}

export function judgeSync(
  wait: SyncWait | undefined,
  { nowMs, peerWork, tipWork }: SyncView,
): SyncVerdict {
  if (peerWork !== undefined && peerWork >= tipWork) return { do: 'nothing', wait: undefined }
  const hasReached = wait !== undefined && peerWork !== undefined && peerWork >= wait.benchmarkWork
  if (wait === undefined || hasReached) {
    const untilMs = nowMs + BEHIND_MS
    return { do: 'nothing', wait: { benchmarkWork: tipWork, untilMs, isAsked: false } }
  }
  if (nowMs <= wait.untilMs) return { do: 'nothing', wait }
  if (wait.isAsked) return { do: 'leave', wait }
  return { do: 'ask', wait: { ...wait, untilMs: nowMs + ANSWER_MS, isAsked: true } }
}

/** Whether a peer is not left for that any more, now that it has shown so much. */
export const earnsProtection = (
  { peerWork, tipWork }: Pick<SyncView, 'peerWork' | 'tipWork'>,
  isFullRelay: boolean,
  protectedCount: number,
): boolean =>
  isFullRelay && protectedCount < PROTECTED_MAX && peerWork !== undefined && peerWork >= tipWork
