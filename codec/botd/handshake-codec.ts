/**
 * Init and Ack as protobuf messages. What is read keeps its bytes as they were sent: they are hashed,
 * unknown fields and all, and never encoded again.
 * @module
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { fixedAt, idAt, keyAt, readFields } from './fields.ts'
import { SIGNATURE_BYTES } from './messages.ts'
import type { AckMessage, InitMessage } from './messages.ts'

const INIT = { id: 1, senderKey: 2, recipientKey: 3, ephemeralKey: 4, signature: 5 } as const
const ACK = { id: 1, initId: 2, ephemeralKey: 3, signature: 4 } as const
const INIT_FIELDS: ReadonlySet<number> = new Set(Object.values(INIT))
const ACK_FIELDS: ReadonlySet<number> = new Set(Object.values(ACK))

/** @throws {WireError} */
export function decodeInit(payload: Uint8Array): InitMessage {
  const fields = readFields(payload, INIT_FIELDS, 'bad-handshake')
  return {
    type: 'init',
    id: idAt(fields, INIT.id),
    senderKey: keyAt(fields, INIT.senderKey),
    recipientKey: keyAt(fields, INIT.recipientKey),
    ephemeralKey: keyAt(fields, INIT.ephemeralKey),
    signature: fixedAt(fields, INIT.signature, SIGNATURE_BYTES),
  }
}

/** @throws {WireError} */
export function decodeAck(payload: Uint8Array): AckMessage {
  const fields = readFields(payload, ACK_FIELDS, 'bad-handshake')
  return {
    type: 'ack',
    id: idAt(fields, ACK.id),
    initId: idAt(fields, ACK.initId),
    ephemeralKey: keyAt(fields, ACK.ephemeralKey),
    signature: fixedAt(fields, ACK.signature, SIGNATURE_BYTES),
  }
}

export function encodeInit(init: Omit<InitMessage, 'type'>): Uint8Array {
  const { id, senderKey, recipientKey, ephemeralKey, signature } = init
  const writer = new BinaryWriter()
  writer.tag(INIT.id, WireType.LengthDelimited).string(id)
  writer.tag(INIT.senderKey, WireType.LengthDelimited).bytes(senderKey)
  writer.tag(INIT.recipientKey, WireType.LengthDelimited).bytes(recipientKey)
  writer.tag(INIT.ephemeralKey, WireType.LengthDelimited).bytes(ephemeralKey)
  writer.tag(INIT.signature, WireType.LengthDelimited).bytes(signature)
  return writer.finish()
}

export function encodeAck(ack: Omit<AckMessage, 'type'>): Uint8Array {
  const { id, initId, ephemeralKey, signature } = ack
  const writer = new BinaryWriter()
  writer.tag(ACK.id, WireType.LengthDelimited).string(id)
  writer.tag(ACK.initId, WireType.LengthDelimited).string(initId)
  writer.tag(ACK.ephemeralKey, WireType.LengthDelimited).bytes(ephemeralKey)
  writer.tag(ACK.signature, WireType.LengthDelimited).bytes(signature)
  return writer.finish()
}
