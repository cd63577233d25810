/**
 * What of the BOTD network's messages is the application's: those on topics. How large they may be, how
 * much room they take, and in which lane they wait.
 * @module
 */
import type { LaneRule } from '../../actors/protocol.ts'
import { encodeUtf8 } from '../../codec/bytes.ts'
import { APP_PAYLOAD_BYTES_MAX, ID_BYTES_MAX, TOPIC_BYTES_MAX } from '../../codec/botd/messages.ts'
import type { BotdMessage } from '../../codec/botd/messages.ts'
import { RECORD_OVERHEAD_BYTES } from '../../codec/sealed-records.ts'

/** Tags and lengths of the envelope and its body. */
const AROUND_BYTES = 20
/** Init, Ack, and all that keeps a session going. */
const SMALL_BYTES = 256

/** A sentence of what keeps it from being sent: all else is the session's to say. */
export function wrongWith(message: BotdMessage): string | undefined {
  if (message.type !== 'app') return `a ${message.type} is not the application's to send`
  // Who calls from JavaScript was told by no compiler.
  if (!((message.payload as unknown) instanceof Uint8Array)) return 'the payload is no Uint8Array'
  const texts = [
    ['id', message.id, 1, ID_BYTES_MAX],
    ['topic', message.topic, 0, TOPIC_BYTES_MAX],
  ] as const
  for (const [field, text, min, max] of texts) {
    if (typeof (text as unknown) !== 'string') return `the ${field} is no text`
    const { length } = encodeUtf8(text)
    if (length < min || length > max) {
      return `the ${field} has ${String(length)} bytes; ${String(min)} to ${String(max)} are its limits`
    }
  }
  const { length } = message.payload
  return length > APP_PAYLOAD_BYTES_MAX
    ? `the payload has ${String(length)} bytes; ${String(APP_PAYLOAD_BYTES_MAX)} are the limit`
    : undefined
}

/** About what it takes on the wire; a text's length is as many bytes, unless it is no English. */
export const estimateBytes = (message: BotdMessage): number =>
  message.type === 'app'
    ? message.payload.length +
      message.topic.length +
      message.id.length +
      AROUND_BYTES +
      RECORD_OVERHEAD_BYTES
    : SMALL_BYTES

/**
 * What keeps the session going is small and rare, passes before the application's, and a peer that does
 * not even take that is gone. A peer that asks for more than it takes is read no further.
 */
export const laneOf = ({ type }: BotdMessage): LaneRule =>
  type === 'app' ? { lane: 'requests', full: 'stop-reading' } : { lane: 'control', full: 'close' }
