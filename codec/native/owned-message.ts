/**
 * A message in memory of its own. What the wire decodes are views of one record: who keeps one field
 * would keep the whole record alive, and share it with whoever keeps another one.
 * @module
 */
import { ownedBytes } from '../owned-bytes.ts'
import type { BroadcastMessage, HandshakeMessage, ItemMessage, NativeMessage } from './messages.ts'

/** Copies each byte string, and leaves out nothing; `isSole` as in the manifest's `own`. */
export function ownedMessage(message: NativeMessage, isSole = false): NativeMessage {
  switch (message.type) {
    case 'message':
      // The one that comes in thousands, and the application's alone.
      return {
        type: message.type,
        protocol: message.protocol,
        payload: ownedBytes(message.payload, isSole),
      }
    case 'direct':
      return {
        ...message,
        requestId: message.requestId.slice(),
        payload: message.payload.slice(),
        metadata: message.metadata?.slice(),
      }
    case 'response':
      return {
        ...message,
        requestId: message.requestId.slice(),
        payload: message.payload.slice(),
      }
    case 'broadcast':
    case 'item':
      return ownedPublication(message)
    case 'error':
      return { ...message, requestId: message.requestId?.slice() }
    case 'oversizedDirect':
      return { ...message, requestId: message.requestId.slice() }
    case 'ping':
    case 'pong':
      return { ...message, id: message.id.slice() }
    case 'addresses': {
      const { addresses } = message
      return {
        ...message,
        addresses: addresses.map((entry) => ({ ...entry, nodeId: entry.nodeId.slice() })),
      }
    }
    case 'locator': {
      const { origins } = message
      return {
        ...message,
        origins: origins.map((entry) => ({ ...entry, originId: entry.originId.slice() })),
      }
    }
    case 'range':
      return { ...message, originId: message.originId.slice() }
    case 'handshake':
      return ownedHandshake(message)
    case 'confirm':
    case 'getAddresses':
      return message
  }
}

export const ownedPublication = <Publication extends BroadcastMessage | ItemMessage>(
  message: Publication,
): Publication => ({
  ...message,
  originId: message.originId.slice(),
  originPublicKey: message.originPublicKey.slice(),
  payload: message.payload.slice(),
  signature: message.signature.slice(),
})

const ownedHandshake = (message: HandshakeMessage): HandshakeMessage => ({
  ...message,
  nodeId: message.nodeId.slice(),
  publicKey: message.publicKey.slice(),
  recipientId: message.recipientId.slice(),
  nonce: message.nonce.slice(),
  ephemeralKey: message.ephemeralKey.slice(),
  signature: message.signature.slice(),
})
