/**
 * What an application may say in the Bitcoin network, and how it leaves.
 * @module
 */
import type { LaneRule } from '../../actors/protocol.ts'
import { PAYLOAD_BYTES_MAX } from '../../codec/bitcoin/fields.ts'
import { isBitcoinCommand, writeMessage } from '../../codec/bitcoin/message-codec.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { estimatePayloadBytes } from '../../codec/bitcoin/payload-size.ts'
import { createWriter } from '../../codec/writer.ts'
import { NEGOTIATED } from '../../machines/handshakes/bitcoin.ts'

/** About the header of v1, and of a packet of v2 with a command that is written out. */
const BESIDE_PAYLOAD_BYTES = 24
const COMMAND = /^[\x20-\x7e]{1,12}$/
const OWN: ReadonlySet<string> = new Set(NEGOTIATED)

export const estimateBytes = (message: BitcoinMessage): number =>
  BESIDE_PAYLOAD_BYTES + estimatePayloadBytes(message)

/** An application without types may say anything. */
const isCommand = (given: unknown): boolean => typeof given === 'string' && COMMAND.test(given)

/** A sentence of what keeps it from being sent. */
export function wrongWith(message: BitcoinMessage): string | undefined {
  const { type } = message
  if (type === 'violation') return 'a violation is read, and never said'
  if (OWN.has(type)) return `${type} is the session's own to say`
  if (type === 'unknown' && !isCommand(message.command)) {
    return 'a command is 1 to 12 printable characters'
  }
  if (type !== 'unknown' && !isBitcoinCommand(type)) return `there is no message ${String(type)}`
  try {
    return wrongInWriting(message)
  } catch (error) {
    // A value that has no place in its field, and from an application without types one that is missing.
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error
    return `a ${type} that cannot be written: ${error.message}`
  }
}

/**
 * It is written once to find that out: a hash that is too short, found when a connection writes it, would be a
 * fault of ours and end that. What is copied as it stands may be large, and has no other form than bytes.
 */
function wrongInWriting(message: BitcoinMessage): string | undefined {
  const payloadBytes = estimatePayloadBytes(message)
  if (payloadBytes > PAYLOAD_BYTES_MAX) {
    return `its payload of about ${payloadBytes} bytes is longer than ${PAYLOAD_BYTES_MAX}`
  }
  switch (message.type) {
    case 'block':
      checkBytes(message.block.raw)
      break
    case 'tx':
      checkBytes(message.transaction.raw)
      break
    case 'unknown':
      checkBytes(message.payload)
      break
    default:
      writeMessage(createWriter(PAYLOAD_BYTES_MAX, payloadBytes), message)
  }
  return undefined
}

function checkBytes(given: unknown): void {
  if (!(given instanceof Uint8Array)) throw new TypeError('its payload is no Uint8Array')
}

const CONTROL: LaneRule = { lane: 'control', full: 'stop-reading' }
const REQUESTS: LaneRule = { lane: 'requests', full: 'stop-reading' }

/** Whatever is large waits in a lane of its own, so that a pong does not wait behind blocks. */
export function laneOf({ type }: BitcoinMessage): LaneRule {
  switch (type) {
    case 'block':
    case 'blocktxn':
    case 'cfilter':
    case 'cfcheckpt':
    case 'cfheaders':
    case 'cmpctblock':
    case 'headers':
    case 'merkleblock':
    case 'tx':
    case 'unknown':
      return REQUESTS
    default:
      return CONTROL
  }
}
