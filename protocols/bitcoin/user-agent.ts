/**
 * How we call ourselves (BIP 14).
 * @module
 */
import { USER_AGENT_BYTES_MAX } from '../../codec/bitcoin/negotiation.ts'

/** As in package.json. */
export const RELEASE = '0.1.0'
/** What Core lets stand in a comment: it is shown in terminals. */
const COMMENT = /^[A-Za-z0-9 .,;\-_?@]+$/

/** @throws {RangeError} a comment with other characters, or all of it too long, in plain words */
export function userAgentOf(comments: readonly string[] = []): string {
  for (const comment of comments) {
    if (!COMMENT.test(comment)) {
      throw new RangeError(
        'a comment in the user agent has letters, digits, spaces and .,;-_?@ and nothing else',
      )
    }
  }
  const about = comments.length === 0 ? '' : `(${comments.join('; ')})`
  const userAgent = `/Peerloom:${RELEASE}${about}/`
  if (userAgent.length > USER_AGENT_BYTES_MAX) {
    throw new RangeError(
      `the user agent has ${userAgent.length} characters, and may have ${USER_AGENT_BYTES_MAX}`,
    )
  }
  return userAgent
}
