/**
 * What the origin of a broadcast or an item signs (native protocol, section 11). The
 * payload stands in it as its hash; the hops that are left do not, for they change on the way.
 * @module
 */
import type { CryptoBackend } from '../../world/crypto.ts'
import { encodeAscii, encodeUtf8 } from '../bytes.ts'
import { createWriter, writeBytes, writeU64be, writtenBytes } from '../writer.ts'
import type { BroadcastMessage, ItemMessage } from './messages.ts'
import { writeWithLength } from './signed-layout.ts'

const BROADCAST_LABEL = encodeAscii('node-network/broadcast/v1')
const ITEM_LABEL = encodeAscii('node-network/item/v1')

/** Labels, network, topic and the fixed fields take under 310 bytes. */
const SIGNED_BYTES_MAX = 512

type Hash = Pick<CryptoBackend, 'sha256'>
type SignedFields = 'originId' | 'payload' | 'timestampMs' | 'topic'
export type UnsignedBroadcast = Pick<BroadcastMessage, SignedFields | 'sequence'>
export type UnsignedItem = Pick<ItemMessage, SignedFields | 'number'>

export const broadcastBytes = (
  crypto: Hash,
  network: string,
  broadcast: UnsignedBroadcast,
): Uint8Array => layOut(crypto, BROADCAST_LABEL, network, broadcast.sequence, broadcast)

export const itemBytes = (crypto: Hash, network: string, item: UnsignedItem): Uint8Array =>
  layOut(crypto, ITEM_LABEL, network, item.number, item)

/**
 * The id, which every receiver computes and nobody sends: the hash of the signed bytes, and so the
 * digest that the signature is over.
 */
export const publicationIdOf = (crypto: Hash, signed: Uint8Array): Uint8Array =>
  crypto.sha256(signed)

function layOut(
  crypto: Hash,
  label: Uint8Array,
  network: string,
  number: bigint,
  { originId, payload, timestampMs, topic }: Pick<BroadcastMessage, SignedFields>,
): Uint8Array {
  const writer = createWriter(SIGNED_BYTES_MAX, SIGNED_BYTES_MAX)
  writeWithLength(writer, label)
  writeWithLength(writer, encodeAscii(network))
  writeBytes(writer, originId)
  writeU64be(writer, number)
  writeU64be(writer, timestampMs)
  writeWithLength(writer, encodeUtf8(topic))
  writeBytes(writer, crypto.sha256(payload))
  return writtenBytes(writer)
}
