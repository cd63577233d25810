/**
 * The messages of BOTD #2 by the protobuf package and nothing of ours: Init and Ack in clear with
 * everything about them that a test wants to have wrong, and the envelope of what is encrypted.
 * @module
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { isPublicKey, isSignatureOf, same, u32le } from './botd-peer-crypto.ts'
import { join, publicKeyOf, sha256, sign, utf8 } from './raw-native-crypto.ts'
import type { SignatureForm } from './raw-native-crypto.ts'

export interface BotdIdentity {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}
/** The key is SHA-256 of the text, as in the specification's example. */
export function botdIdentity(text: string): BotdIdentity {
  const privateKey = sha256(utf8(text))
  return { privateKey, publicKey: publicKeyOf(privateKey) }
}

export interface Init {
  readonly id: string
  readonly senderKey: Uint8Array
  readonly recipientKey: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly signature: Uint8Array
}
export interface Ack {
  readonly id: string
  readonly initId: string
  readonly ephemeralKey: Uint8Array
  readonly signature: Uint8Array
}

export type Field = readonly [number: number, value: string | number | Uint8Array]

/** As proto3 does it: a value that is the default is left out. */
export function encodeFields(...fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter()
  for (const [number, value] of fields) {
    if (typeof value === 'number') {
      if (value !== 0) writer.tag(number, WireType.Varint).uint32(value)
    } else if (value.length > 0) {
      const bytes = typeof value === 'string' ? utf8(value) : value
      writer.tag(number, WireType.LengthDelimited).bytes(bytes)
    }
  }
  return new Uint8Array(writer.finish())
}

/** What stands in a message: of a field that stands in it twice the last one. */
interface Fields {
  /** Of each field that has bytes, its number, as often as it stands there. */
  readonly numbers: readonly number[]
  /** Empty where there is none. @throws {Error} it is no UTF-8 */
  text(number: number, bytesMax: number): string
  /** As `text`, and there is one. */
  id(number: number): string
  bytes(number: number): Uint8Array
  uint32(number: number): number
}

const ID_BYTES_MAX = 64

/** @throws {Error} it is no protobuf */
function decodeFields(payload: Uint8Array): Fields {
  const delimited = new Map<number, Uint8Array>()
  const varints = new Map<number, number>()
  const numbers: number[] = []
  const reader = new BinaryReader(payload)
  try {
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      if (type === WireType.LengthDelimited) {
        numbers.push(number)
        delimited.set(number, reader.bytes().slice())
      } else if (type === WireType.Varint) varints.set(number, reader.uint32())
      else reader.skip(type, number)
    }
  } catch (cause) {
    throw new Error('no protobuf', { cause })
  }
  const bytes = (number: number): Uint8Array => delimited.get(number) ?? new Uint8Array(0)
  const text = (number: number, bytesMax: number): string => {
    const encoded = bytes(number)
    if (encoded.length > bytesMax) throw new Error(`a text of ${encoded.length} bytes`)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(encoded)
    } catch (cause) {
      throw new Error('a text that is no UTF-8', { cause })
    }
  }
  const id = (number: number): string => {
    const found = text(number, ID_BYTES_MAX)
    if (found === '') throw new Error('an empty id')
    return found
  }
  return { numbers, text, id, bytes, uint32: (number) => varints.get(number) ?? 0 }
}

export const encodeInit = (init: Init): Uint8Array =>
  encodeFields(
    [1, init.id],
    [2, init.senderKey],
    [3, init.recipientKey],
    [4, init.ephemeralKey],
    [5, init.signature],
  )
export const encodeAck = (ack: Ack): Uint8Array =>
  encodeFields([1, ack.id], [2, ack.initId], [3, ack.ephemeralKey], [4, ack.signature])

function decodeInit(payload: Uint8Array): Init {
  const { bytes, id } = decodeFields(payload)
  return {
    id: id(1),
    senderKey: bytes(2),
    recipientKey: bytes(3),
    ephemeralKey: bytes(4),
    signature: bytes(5),
  }
}
function decodeAck(payload: Uint8Array): Ack {
  const { bytes, id } = decodeFields(payload)
  return { id: id(1), initId: id(2), ephemeralKey: bytes(3), signature: bytes(4) }
}

/** What both signatures are over: the signer's key, the other one's, the signer's ephemeral. */
export const signedKeys = (
  signer: Uint8Array,
  other: Uint8Array,
  ephemeral: Uint8Array,
): Uint8Array => join(signer, other, ephemeral)

/** What is wrong with an Init or an Ack, on purpose. */
export interface Forging<Values> {
  /** Other fields than the right ones, which are then signed. */
  readonly fields?: Partial<Values>
  /** The signature is over this. */
  readonly signed?: Uint8Array
  readonly signedBy?: Uint8Array
  readonly form?: SignatureForm
  /** Changed after it was signed. */
  readonly sent?: Partial<Values>
  /** The encoded message, before it counts as sent: the sender's transcript is over what this makes of it. */
  readonly payload?: (payload: Uint8Array) => Uint8Array
  /** The frame on its way: the sender's transcript knows nothing of it. */
  readonly onTheWay?: (frame: Uint8Array) => Uint8Array
}

/** With one bit changed; from the end where `at` is negative. */
export const flipped = (bytes: Uint8Array, at: number, mask = 1): Uint8Array =>
  bytes.map((byte, index) => (index === (at + bytes.length) % bytes.length ? byte ^ mask : byte))

const signatureBy = <Values>(
  privateKey: Uint8Array,
  right: Uint8Array,
  { form, signed, signedBy }: Forging<Values>,
): Uint8Array => sign(signedBy ?? privateKey, signed ?? right, form)

export function makeInit(
  { privateKey, publicKey }: BotdIdentity,
  values: Pick<Init, 'id' | 'recipientKey' | 'ephemeralKey'>,
  forging: Forging<Init> = {},
): Init {
  const right = { senderKey: publicKey, ...values, ...forging.fields }
  const signed = signedKeys(right.senderKey, right.recipientKey, right.ephemeralKey)
  return { ...right, signature: signatureBy(privateKey, signed, forging), ...forging.sent }
}
export function makeAck(
  { privateKey, publicKey }: BotdIdentity,
  senderKey: Uint8Array,
  values: Pick<Ack, 'id' | 'initId' | 'ephemeralKey'>,
  forging: Forging<Ack> = {},
): Ack {
  const right = { ...values, ...forging.fields }
  const signed = signedKeys(publicKey, senderKey, right.ephemeralKey)
  return { ...right, signature: signatureBy(privateKey, signed, forging), ...forging.sent }
}

type Checks = readonly (readonly [what: string, holds: () => boolean])[]

/** @throws {Error} the first that does not hold */
function hold(checks: Checks): void {
  for (const [what, holds] of checks) if (!holds()) throw new Error(what)
}

/**
 * The listener's checks, in their order; what an earlier connection told is not known here.
 * @throws {Error} what is wrong with it
 */
export function checkedInit(payload: Uint8Array, own: Uint8Array): Init {
  const init = decodeInit(payload)
  const { ephemeralKey, recipientKey, senderKey, signature } = init
  const signed = signedKeys(senderKey, recipientKey, ephemeralKey)
  hold([
    ['the sender’s key', () => isPublicKey(senderKey)],
    ['the recipient’s key', () => isPublicKey(recipientKey)],
    ['the ephemeral key', () => isPublicKey(ephemeralKey)],
    ['meant for another one', () => same(recipientKey, own)],
    ['our own key', () => !same(senderKey, own)],
    ['a static key as ephemeral', () => ![senderKey, own].some((key) => same(key, ephemeralKey))],
    ['the signature', () => isSignatureOf(senderKey, signed, signature)],
  ])
  return init
}

/** The dialler's checks, against what it sent. @throws {Error} what is wrong with it */
export function checkedAck(payload: Uint8Array, init: Init): Ack {
  const ack = decodeAck(payload)
  const { ephemeralKey, signature } = ack
  const { recipientKey, senderKey } = init
  const known = [init.ephemeralKey, senderKey, recipientKey]
  const signed = signedKeys(recipientKey, senderKey, ephemeralKey)
  hold([
    ['an answer to another Init', () => ack.initId === init.id],
    ['the ephemeral key', () => isPublicKey(ephemeralKey)],
    ['a known key as ephemeral', () => !known.some((key) => same(key, ephemeralKey))],
    ['the signature', () => isSignatureOf(recipientKey, signed, signature)],
  ])
  return ack
}

export const plainFrame = (payload: Uint8Array): Uint8Array =>
  join(u32le(payload.length), sha256(payload).subarray(0, 4), payload)

export type Envelope =
  | { readonly kind: 'confirm'; readonly id: string; readonly handshakeId: string }
  | Disconnecting
  | { readonly kind: 'ping'; readonly id: string }
  | { readonly kind: 'pong'; readonly id: string; readonly pingId: string }
  | App
interface Disconnecting {
  readonly kind: 'disconnecting'
  readonly id: string
  readonly reason: number
  readonly payload: string
}
interface App {
  readonly kind: 'app'
  readonly id: string
  readonly type: string
  readonly payload: Uint8Array
}

export const BODY = { confirm: 1, disconnecting: 3, ping: 4, pong: 5, app: 16 } as const

/** A body is a message, which stands there also where it is empty. */
export const encodeBody = (number: number, body: Uint8Array): Uint8Array =>
  new Uint8Array(new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(body).finish())

export const encodeEnvelope = (envelope: Envelope): Uint8Array =>
  encodeBody(BODY[envelope.kind], encodeFields([1, envelope.id], ...restOf(envelope)))

function restOf(envelope: Envelope): readonly Field[] {
  switch (envelope.kind) {
    case 'confirm':
      return [[2, envelope.handshakeId]]
    case 'disconnecting':
      return [
        [2, envelope.reason],
        [3, envelope.payload],
      ]
    case 'ping':
      return []
    case 'pong':
      return [[2, envelope.pingId]]
    case 'app':
      return [
        [2, envelope.type],
        [3, envelope.payload],
      ]
  }
}

const BODIES: ReadonlySet<number> = new Set(Object.values(BODY))

/**
 * Of the known bodies there is exactly one, once; fields that are no body are none, as proto3 has it.
 * @throws {Error} there is another number of them
 */
export function decodeEnvelope(plaintext: Uint8Array): Envelope {
  const { bytes: bodyAt, numbers } = decodeFields(plaintext)
  const bodies = numbers.filter((number) => BODIES.has(number))
  if (bodies.length !== 1) throw new Error(`an envelope of ${bodies.length} bodies`)
  const [number = 0] = bodies
  const { bytes, id, text, uint32 } = decodeFields(bodyAt(number))
  switch (number) {
    case BODY.confirm:
      return { kind: 'confirm', id: id(1), handshakeId: id(2) }
    case BODY.disconnecting:
      return { kind: 'disconnecting', id: id(1), reason: uint32(2), payload: text(3, 256) }
    case BODY.ping:
      return { kind: 'ping', id: id(1) }
    case BODY.pong:
      return { kind: 'pong', id: id(1), pingId: id(2) }
    case BODY.app:
      return { kind: 'app', id: id(1), type: text(2, 128), payload: bytes(3) }
    default:
      throw new Error(`an unknown body: ${number}`)
  }
}
