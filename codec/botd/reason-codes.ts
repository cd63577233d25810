/**
 * Why a side of a BOTD session leaves, as Disconnecting says it. The numbers are those of the protocol's
 * ancestor, so that its gaps stay; the ping rate is new.
 * @module
 */

export const REASON_CODES = {
  'response-stalling': 1,
  'incompatible-version': 2,
  'unexpected-identity': 3,
  'connected-to-self': 5,
  'not-accepting': 6,
  banned: 7,
  'already-connected': 8,
  shutdown: 9,
  'invalid-target': 11,
  'invalid-signature': 12,
  'protocol-error': 13,
  'ping-rate': 14,
} as const

export type ReasonName = keyof typeof REASON_CODES

const NAMES = new Map<number, ReasonName>(
  Object.entries(REASON_CODES).map(([name, code]) => [code, name as ReasonName]),
)

/** Undefined for a code that nobody has given a meaning. */
export const reasonNameOf = (code: number): ReasonName | undefined => NAMES.get(code)
