/**
 * What an application may say in the Bitcoin network, and how it leaves.
 * @module
 */
import type { LaneRule } from '../../actors/protocol.ts'
import { ADDRESS_COUNT_MAX } from '../../codec/bitcoin/addresses.ts'
import { PAYLOAD_BYTES_MAX } from '../../codec/bitcoin/fields.ts'
import { INVENTORY_COUNT_MAX } from '../../codec/bitcoin/inventory.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { estimatePayloadBytes } from '../../codec/bitcoin/payload-size.ts'
import { NEGOTIATED } from '../../machines/handshakes/bitcoin.ts'

/** About the header of v1, and of a packet of v2 with a command that is written out. */
const BESIDE_PAYLOAD_BYTES = 24
const COMMAND = /^[\x20-\x7e]{1,12}$/
const OWN: ReadonlySet<string> = new Set(NEGOTIATED)

export const estimateBytes = (message: BitcoinMessage): number =>
  BESIDE_PAYLOAD_BYTES + estimatePayloadBytes(message)

function countsWrong(count: number, max: number): string | undefined {
  return count > max ? `it has ${count} entries, and may have ${max}` : undefined
}

/** A sentence of what keeps it from being sent. */
export function wrongWith(message: BitcoinMessage): string | undefined {
  if (message.type === 'violation') return 'a violation is read, and never said'
  if (OWN.has(message.type)) return `${message.type} is the session's own to say`
  if (message.type === 'unknown' && !COMMAND.test(message.command)) {
    return 'a command is 1 to 12 printable characters'
  }
  const payloadBytes = estimatePayloadBytes(message)
  if (payloadBytes > PAYLOAD_BYTES_MAX) {
    return `its payload of about ${payloadBytes} bytes is longer than ${PAYLOAD_BYTES_MAX}`
  }
  switch (message.type) {
    case 'addr':
    case 'addrv2':
      return countsWrong(message.entries.length, ADDRESS_COUNT_MAX)
    case 'inv':
    case 'getdata':
    case 'notfound':
      return countsWrong(message.entries.length, INVENTORY_COUNT_MAX)
    default:
      return undefined
  }
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
