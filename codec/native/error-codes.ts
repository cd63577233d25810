/**
 * The codes that an Error carries (native protocol, section 8). They follow the habits of
 * HTTP, so that a log reads itself.
 * @module
 */

export const ERROR_CODES = {
  malformed: 400,
  'invalid-signature': 401,
  'expired-timestamp': 402,
  'handshake-required': 403,
  'unknown-node': 404,
  'invalid-id': 405,
  'protocol-mismatch': 406,
  'network-timeout': 408,
  replay: 409,
  'duplicate-connection': 410,
  'too-large': 413,
  'wrong-recipient': 421,
  banned: 423,
  'rate-limited': 429,
  'handler-failed': 500,
  'no-handler': 501,
  busy: 503,
} as const

export type ErrorName = keyof typeof ERROR_CODES

const NAMES = new Map<number, ErrorName>(
  Object.entries(ERROR_CODES).map(([name, code]) => [code, name as ErrorName]),
)

/** Undefined for a code that this version does not know. */
export const errorNameOf = (code: number): ErrorName | undefined => NAMES.get(code)
