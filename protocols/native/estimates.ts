/**
 * About how many bytes a message of the native network takes, without encoding it: what lanes and
 * credit count with.
 * @module
 */
import type { NativeMessage } from '../../codec/native/messages.ts'

/** A handshake is under 300 bytes, an Error under 310, and a confirm 2. */
const SMALL_MESSAGE_BYTES = 320
/** Header bytes of a message, and what a record and its objects add. */
const OVERHEAD_BYTES = 32
/** A request's id and a pong's, with their headers. */
const ID_BYTES = 18
/** A node id, a number or two, and their headers. */
const ENTRY_BYTES = 64
/** Origin, key, signature, four numbers, and their headers. */
const PUBLICATION_BYTES = 176
/** Of a number in a locator: its longest form. */
const NUMBER_BYTES = 9

/** The same as what it takes on the wire, for the application too: an empty message is held as well. */
export function estimateBytes(message: NativeMessage): number {
  switch (message.type) {
    case 'message':
      return message.payload.length + message.protocol.length + OVERHEAD_BYTES
    case 'direct': {
      const { metadata, payload, protocol } = message
      const content = payload.length + protocol.length + (metadata?.length ?? 0)
      return content + ID_BYTES + OVERHEAD_BYTES
    }
    case 'response':
      return message.payload.length + ID_BYTES + OVERHEAD_BYTES
    case 'broadcast':
    case 'item':
      return message.payload.length + message.topic.length + PUBLICATION_BYTES + OVERHEAD_BYTES
    case 'oversizedDirect':
    case 'ping':
    case 'pong':
      return ID_BYTES + OVERHEAD_BYTES
    case 'getAddresses':
      return OVERHEAD_BYTES
    case 'range':
      return ENTRY_BYTES + OVERHEAD_BYTES
    case 'addresses':
      return message.addresses.reduce(
        (sum, { host }) => sum + host.length + ENTRY_BYTES,
        OVERHEAD_BYTES,
      )
    case 'locator':
      return message.origins.reduce(
        (sum, { runs }) => sum + runs.length * NUMBER_BYTES + ENTRY_BYTES,
        OVERHEAD_BYTES,
      )
    case 'handshake':
    case 'error':
    case 'confirm':
      return SMALL_MESSAGE_BYTES
  }
}
