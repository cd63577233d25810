/**
 * Why a connection ended, in two levels: the core's closed union, and a detail that is the core's or
 * the network's own. What follows for the peer is looked up in a table of details, never decided
 * where the fault was seen.
 * @module
 */
import type { TransportFault } from '../world/streams.ts'

/** The first level. Every end is one of these. */
export type CloseReason =
  /** We were asked to, by the application or an operator. */
  | 'asked'
  /** A wait of the protocol came to its end. */
  | 'deadline'
  /** A fault of our own: a chart, wire or adapter threw. */
  | 'our-fault'
  /** A limit of ours was reached. */
  | 'overload'
  /** The peer broke the protocol. */
  | 'peer-fault'
  /** The peer closed the stream. */
  | 'peer-left'
  /** The peer said that it does not want us. */
  | 'refused-by-peer'
  /** We do not want the peer. */
  | 'refused-by-us'
  /** The node stops. */
  | 'shutdown'
  /** The platform: refused, reset, unreachable. */
  | 'transport'

/** How far a connection had come when it ended. */
export type Phase = 'connecting' | 'handshaking' | 'active' | 'closing'

/** Whom a verdict concerns: the proven identity, the address, or a prefix together with a claim. */
export type Charged = 'identity' | 'address' | 'claim'

export type Verdict =
  /** No consequence. */
  | { readonly do: 'nothing' }
  /** Not dialled again for so long; without `ms` for the governor's growing backoff. */
  | { readonly do: 'wait'; readonly ms?: number }
  /** Dialled again at once, in the same slot, and no failure is charged. */
  | { readonly do: 'redial' }
  /** Not dialled again until the application asks. */
  | { readonly do: 'refuse' }
  /** One strike; strikes add up to a ban by the protocol's rule. */
  | { readonly do: 'strike'; readonly whom: Charged }
  /** Every connection of the address is closed, and the address is not favoured again. */
  | { readonly do: 'discourage' }
  | { readonly do: 'ban'; readonly ms: number; readonly whom: Charged }

export interface DetailRule {
  readonly reason: CloseReason
  readonly verdict: Verdict | ((phase: Phase) => Verdict)
}

/** The details that every network shares, because the core itself sees them. */
export type CoreDetail =
  | 'adapter-fault'
  | 'banned'
  | 'chart-fault'
  | 'connect-deadline'
  | 'discouraged'
  | 'disconnected'
  | 'displaced'
  | 'drain-deadline'
  | 'duplicate'
  | 'ended'
  | 'evicted'
  | 'exchanged'
  | 'job-fault'
  | 'killed'
  | 'lane-full'
  | 'left-mid-frame'
  | 'left-truncated'
  | 'not-admitted'
  | 'paused'
  | 'slots-full'
  | 'stopping'
  | 'unresolved'
  | 'wire-fault'
  | `transport-${TransportFault}`

const NOTHING: Verdict = { do: 'nothing' }
const WAIT: Verdict = { do: 'wait' }
const transport: DetailRule = { reason: 'transport', verdict: WAIT }
/** Who was to be reached has no part in it. */
const nobodys: DetailRule = { reason: 'transport', verdict: NOTHING }
const ourFault: DetailRule = { reason: 'our-fault', verdict: WAIT }
const asked: DetailRule = { reason: 'asked', verdict: NOTHING }
const overload: DetailRule = { reason: 'overload', verdict: NOTHING }

/** What fails on our side is no strike and bans nobody; it is waited for before the next dial, as after any end. */
export const CORE_DETAILS: Readonly<Record<CoreDetail, DetailRule>> = {
  'adapter-fault': ourFault,
  banned: {
    reason: 'refused-by-us',
    // A name that leads into a ban, which was not known before: it does so the next time, too.
    verdict: (phase) => (phase === 'connecting' ? WAIT : NOTHING),
  },
  'chart-fault': ourFault,
  'connect-deadline': { reason: 'deadline', verdict: WAIT },
  discouraged: { reason: 'refused-by-us', verdict: NOTHING },
  disconnected: asked,
  displaced: overload,
  'drain-deadline': { reason: 'deadline', verdict: WAIT },
  duplicate: { reason: 'refused-by-us', verdict: NOTHING },
  ended: { reason: 'peer-left', verdict: WAIT },
  evicted: overload,
  exchanged: overload,
  'job-fault': ourFault,
  killed: { reason: 'shutdown', verdict: NOTHING },
  'lane-full': { reason: 'overload', verdict: WAIT },
  'left-mid-frame': { reason: 'peer-left', verdict: WAIT },
  'left-truncated': { reason: 'peer-left', verdict: WAIT },
  'not-admitted': overload,
  paused: asked,
  'slots-full': overload,
  stopping: { reason: 'shutdown', verdict: NOTHING },
  'transport-address-in-use': transport,
  'transport-bad-address': transport,
  'transport-failed': transport,
  'transport-no-access': transport,
  'transport-not-found': transport,
  'transport-proxy-failed': nobodys,
  'transport-refused': transport,
  'transport-reset': transport,
  'transport-timed-out': transport,
  'transport-too-many-open': nobodys,
  'transport-unreachable': transport,
  unresolved: transport,
  'wire-fault': ourFault,
}

/** A detail of the core, or one of the network's own. */
export type CloseDetail<Detail extends string> = CoreDetail | Detail

/** Whether nobody is charged with it, so that the dial was no try: our descriptors are used up, or a proxy failed. */
export const isNobodysFault = (detail: string | undefined): boolean =>
  detail !== undefined && isCoreDetail(detail) && CORE_DETAILS[detail] === nobodys

const isCoreDetail = (detail: string): detail is CoreDetail => Object.hasOwn(CORE_DETAILS, detail)

/** The rule of a detail: the core's table first, then the network's. */
export const ruleOf = <Detail extends string>(
  details: Readonly<Record<Detail, DetailRule>>,
  detail: CloseDetail<Detail>,
): DetailRule => (isCoreDetail(detail) ? CORE_DETAILS[detail] : details[detail])

export const verdictOf = (rule: DetailRule, phase: Phase): Verdict =>
  typeof rule.verdict === 'function' ? rule.verdict(phase) : rule.verdict
