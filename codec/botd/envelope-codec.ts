/**
 * The envelope: the one message in each record of a BOTD session, with exactly one body. Ping and Pong
 * begin alike, so that only the envelope's field says which is which.
 *
 * Where proto3 is more lenient than that, the specification's section 6 counts: of a oneof that is there
 * twice proto3 takes the last, and of one body twice it makes one; here both are refused, since no
 * honest sender writes them, and two readers that chose differently would hear different things. What
 * is no body at all is an unknown field, and passed over (section 4); so is a body's number with
 * something other than bytes, as proto3 has it. But a body has to be there.
 * @module
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { bytesAt, failField, idAt, numberAt, readFields, textAt } from './fields.ts'
import type { Fields } from './fields.ts'
import { REASON_TEXT_BYTES_MAX, TOPIC_BYTES_MAX } from './messages.ts'
import type { SealedMessage } from './messages.ts'

/** Those of 3 to 5 are the ancestor's type numbers. */
const BODY = { sessionConfirm: 1, disconnecting: 3, ping: 4, pong: 5, app: 16 } as const
const BODIES: ReadonlySet<number> = new Set(Object.values(BODY))
const BODY_FIELDS: ReadonlySet<number> = new Set([1, 2, 3])

/** What may be passed over beside a payload and still be kept with it. */
const BESIDE_BYTES_MAX = 1_024

/**
 * A view keeps all that it was cut from, and whoever holds it is charged for what he sees. So a payload
 * is copied where more than a little stands beside it: fields that nobody knows, or one that was
 * repeated. What an honest peer sends is never copied.
 */
const lean = (bytes: Uint8Array): Uint8Array =>
  bytes.buffer.byteLength - bytes.length > BESIDE_BYTES_MAX ? bytes.slice() : bytes

type Decode = (body: Fields) => SealedMessage

const DECODERS: readonly (readonly [number: number, decode: Decode])[] = [
  [
    BODY.sessionConfirm,
    (body) => ({ type: 'sessionConfirm', id: idAt(body, 1), handshakeId: idAt(body, 2) }),
  ],
  [
    BODY.disconnecting,
    (body) => ({
      type: 'disconnecting',
      id: idAt(body, 1),
      reason: numberAt(body, 2),
      text: textAt(body, 3, REASON_TEXT_BYTES_MAX),
    }),
  ],
  [BODY.ping, (body) => ({ type: 'ping', id: idAt(body, 1) })],
  [BODY.pong, (body) => ({ type: 'pong', id: idAt(body, 1), pingId: idAt(body, 2) })],
  [
    BODY.app,
    (body) => ({
      type: 'app',
      id: idAt(body, 1),
      topic: textAt(body, 2, TOPIC_BYTES_MAX),
      payload: lean(bytesAt(body, 3)),
    }),
  ],
]

/** @throws {WireError} no body that is known, two, or the same one twice */
export function decodeEnvelope(plaintext: Uint8Array): SealedMessage {
  const envelope = readFields(plaintext, BODIES, 'bad-envelope')
  if (envelope.bytesCount !== 1) failField(envelope)
  for (const [number, decode] of DECODERS) {
    const body = envelope.bytes.get(number)
    if (body !== undefined) return decode(readFields(body, BODY_FIELDS, 'bad-envelope'))
  }
  return failField(envelope)
}

export function encodeEnvelope(message: SealedMessage): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(BODY[message.type], WireType.LengthDelimited).fork()
  writer.tag(1, WireType.LengthDelimited).string(message.id)
  switch (message.type) {
    case 'sessionConfirm':
      writer.tag(2, WireType.LengthDelimited).string(message.handshakeId)
      break
    case 'disconnecting':
      writer.tag(2, WireType.Varint).uint32(message.reason)
      if (message.text !== '') writer.tag(3, WireType.LengthDelimited).string(message.text)
      break
    case 'ping':
      break
    case 'pong':
      writer.tag(2, WireType.LengthDelimited).string(message.pingId)
      break
    case 'app':
      if (message.topic !== '') writer.tag(2, WireType.LengthDelimited).string(message.topic)
      if (message.payload.length > 0) {
        writer.tag(3, WireType.LengthDelimited).bytes(message.payload)
      }
      break
  }
  return writer.join().finish()
}
