/**
 * The messages of the native network as `docs/native-protocol.md` gives them, by msgpackr and nothing of
 * ours: values, the signed bytes of handshakes and publications, and everything about them that a test
 * wants to have wrong.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { Packr, Unpackr } from 'msgpackr'
import { ascii, join, lp, nodeIdOf, publicKeyOf, sha256, sign, u16be } from './raw-native-crypto.ts'
import { u64be, utf8, verify } from './raw-native-crypto.ts'
import type { SignatureForm } from './raw-native-crypto.ts'

/** What a message is made of. */
export type Value = null | number | bigint | string | Uint8Array | readonly Value[]

const packer = new Packr({ useRecords: false })
const unpacker = new Unpackr({ useRecords: false, int64AsType: 'bigint' })

/**
 * Section 2: the shortest form, unsigned. msgpackr writes a large number as a float, and a bigint as a
 * signed integer, so those and the arrays around them are written here.
 */
export function pack(value: Value): Uint8Array {
  if (Array.isArray(value)) {
    const [count, items] = [value.length, value.map(pack)]
    return join(count < 16 ? Uint8Array.of(0x90 | count) : arrayHead(count), ...items)
  }
  if (value instanceof Uint8Array) return new Uint8Array(packer.pack(Buffer.from(value)))
  const isLarge = typeof value === 'bigint' || (typeof value === 'number' && value > 0xffff_ffff)
  if (!isLarge) return new Uint8Array(packer.pack(value))
  const whole = BigInt(value)
  return whole <= 0xffff_ffffn ? pack(Number(whole)) : join(Uint8Array.of(0xcf), u64be(whole))
}
const arrayHead = (count: number): Uint8Array => join(Uint8Array.of(0xdc), u16be(count))

function owned(value: unknown): Value {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(owned)
  const isValue = value === null || ['number', 'bigint', 'string'].includes(typeof value)
  if (!isValue) throw new Error(`a ${typeof value} in a message`)
  return value as Value
}
/** @throws {Error} it is no array */
export const valuesIn = (value: Value | undefined): readonly Value[] => {
  if (isList(value)) return value
  throw new Error('no array of values')
}
const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value)
/** All messages of a plaintext. @throws {Error} they are none */
export const unpackAll = (bytes: Uint8Array): readonly (readonly Value[])[] =>
  (unpacker.unpackMultiple(Buffer.from(bytes)) as unknown[]).map((one) => valuesIn(owned(one)))

export const bytesIn = (value: Value | undefined): Uint8Array => {
  if (value instanceof Uint8Array) return value
  throw new Error(`not bytes: ${String(value)}`)
}
export const bigintIn = (value: Value | undefined): bigint => {
  if (typeof value === 'number' || typeof value === 'bigint') return BigInt(value)
  throw new Error(`not an integer: ${String(value)}`)
}
export const textIn = (value: Value | undefined): string => {
  if (typeof value === 'string') return value
  throw new Error(`not a text: ${String(value)}`)
}

/** Section 3. */
export const NUMBER = {
  handshake: 1,
  direct: 2,
  broadcast: 3,
  response: 4,
  error: 5,
  confirm: 6,
  message: 7,
  ping: 8,
  pong: 9,
  getAddresses: 10,
  addresses: 11,
  item: 12,
  locator: 13,
  range: 14,
} as const

export interface RawIdentity {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly nodeId: Uint8Array
  /** As it stands in an address. */
  readonly id: string
}
/** The key is SHA-256 of the text, as in the document's example. */
export function rawIdentity(text: string): RawIdentity {
  const privateKey = sha256(ascii(text))
  const publicKey = publicKeyOf(privateKey)
  const nodeId = nodeIdOf(publicKey)
  return { privateKey, publicKey, nodeId, id: Buffer.from(nodeId).toString('hex') }
}

export interface Handshake {
  readonly major: number
  readonly minor: number
  readonly network: string
  readonly keyType: number
  readonly nodeId: Uint8Array
  readonly publicKey: Uint8Array
  readonly recipientId: Uint8Array
  readonly timestampMs: bigint
  readonly nonce: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly signature: Uint8Array
}
export type RawRole = 'dialler' | 'listener'

export const handshakeValues = (handshake: Handshake): readonly Value[] => [
  NUMBER.handshake,
  handshake.major,
  handshake.minor,
  handshake.network,
  handshake.keyType,
  handshake.nodeId,
  handshake.publicKey,
  handshake.recipientId,
  handshake.timestampMs,
  handshake.nonce,
  handshake.ephemeralKey,
  handshake.signature,
]
export function handshakeOf(values: readonly Value[]): Handshake {
  if (values.length !== 12) throw new Error(`a handshake of ${values.length} values`)
  const number = (at: number) => Number(bigintIn(values[at]))
  return {
    major: number(1),
    minor: number(2),
    network: textIn(values[3]),
    keyType: number(4),
    nodeId: bytesIn(values[5]),
    publicKey: bytesIn(values[6]),
    recipientId: bytesIn(values[7]),
    timestampMs: bigintIn(values[8]),
    nonce: bytesIn(values[9]),
    ephemeralKey: bytesIn(values[10]),
    signature: bytesIn(values[11]),
  }
}

const LABEL = {
  dialler: 'node-network/handshake/v1/initiator',
  listener: 'node-network/handshake/v1/responder',
} as const

/** Section 5. `previous`: SHA-256 of the dialler's payload; a dialler has none. */
export const signedHandshake = (
  role: RawRole,
  handshake: Omit<Handshake, 'signature'>,
  previous: Uint8Array = new Uint8Array(32),
): Uint8Array =>
  join(
    lp(ascii(LABEL[role])),
    u16be(handshake.major),
    u16be(handshake.minor),
    lp(ascii(handshake.network)),
    Uint8Array.of(handshake.keyType),
    handshake.nodeId,
    handshake.publicKey,
    handshake.recipientId,
    u64be(handshake.timestampMs),
    handshake.nonce,
    handshake.ephemeralKey,
    previous,
  )

/** What is wrong with a handshake, on purpose. */
export interface Forging {
  /** Other fields than the right ones, which are then signed. */
  readonly fields?: Partial<Handshake>
  /** The signature is over these, and what is sent is not changed. */
  readonly signedOver?: Partial<Handshake>
  /** What is sent is changed after it was signed. */
  readonly sent?: Partial<Handshake>
  readonly change?: (handshake: Handshake) => Partial<Handshake>
  readonly signedAs?: RawRole
  readonly signedBy?: Uint8Array
  readonly form?: SignatureForm
  readonly previous?: Uint8Array
}

export interface OwnHandshake {
  readonly role: RawRole
  readonly identity: RawIdentity
  readonly network: string
  readonly recipientId: Uint8Array
  readonly timestampMs: bigint
  readonly ephemeralKey: Uint8Array
  readonly previous: Uint8Array | undefined
}

export function makeHandshake(own: OwnHandshake, forging: Forging = {}): Handshake {
  const { nodeId, publicKey, privateKey } = own.identity
  const right = {
    major: 1,
    minor: 0,
    network: own.network,
    keyType: 1,
    nodeId,
    publicKey,
    recipientId: own.recipientId,
    timestampMs: own.timestampMs,
    nonce: new Uint8Array(randomBytes(32)),
    ephemeralKey: own.ephemeralKey,
    ...forging.fields,
  }
  const signed = signedHandshake(
    forging.signedAs ?? own.role,
    { ...right, ...forging.signedOver },
    forging.previous ?? own.previous,
  )
  const signature = sign(forging.signedBy ?? privateKey, signed, forging.form)
  const made: Handshake = { signature, ...right, ...forging.sent }
  return { ...made, ...forging.change?.(made) }
}

/** What speaks against a handshake that came: sections 1 and 5, the part that needs no memory. */
export function wrongWithHandshake(
  handshake: Handshake,
  expected: {
    readonly role: RawRole
    readonly network: string
    readonly recipientId: Uint8Array
    readonly nowMs: number
    readonly nodeId: Uint8Array | undefined
    readonly previous: Uint8Array | undefined
  },
): readonly string[] {
  const { ephemeralKey, keyType, major, network, nodeId, publicKey, recipientId } = handshake
  const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0
  const signed = signedHandshake(expected.role, handshake, expected.previous)
  const checks: readonly (readonly [what: string, holds: boolean])[] = [
    ['major', major === 1],
    ['network', network === expected.network],
    ['timestamp', Math.abs(Number(handshake.timestampMs) - expected.nowMs) <= 30_000],
    ['key type', keyType === 1],
    ['node id', same(nodeId, nodeIdOf(publicKey))],
    ['the dialled id', expected.nodeId === undefined || same(nodeId, expected.nodeId)],
    ['lengths', [publicKey, ephemeralKey].every(({ length }) => length === 33)],
    ['nonce', handshake.nonce.length === 32],
    ['recipient id', same(recipientId, expected.recipientId)],
    ['signature', verify(publicKey, signed, handshake.signature)],
  ]
  return checks.flatMap(([what, holds]) => (holds ? [] : [what]))
}

export interface RawError {
  readonly code: number
  readonly message: string
  readonly requestId: Uint8Array | undefined
  readonly retryAfterMs: number | undefined
  readonly localMajor: number | undefined
  readonly localMinor: number | undefined
  readonly localTimeMs: bigint | undefined
}
export function errorOf(values: readonly Value[]): RawError {
  if (values.length !== 8) throw new Error(`an error of ${values.length} values`)
  const optional = (at: number) => (values[at] === null ? undefined : bigintIn(values[at]))
  const number = (at: number) => {
    const value = optional(at)
    return value === undefined ? undefined : Number(value)
  }
  return {
    code: Number(bigintIn(values[1])),
    message: textIn(values[2]),
    requestId: values[3] === null ? undefined : bytesIn(values[3]),
    retryAfterMs: number(4),
    localMajor: number(5),
    localMinor: number(6),
    localTimeMs: optional(7),
  }
}
export const errorValues = (
  code: number,
  requestId: Uint8Array | null = null,
  retryAfterMs: number | null = null,
): readonly Value[] => [
  ...[NUMBER.error, code, 'said by a test', requestId],
  ...[retryAfterMs, null, null, null],
]

/** A broadcast or an item: `count` is its sequence, or its number. */
export interface Publication {
  readonly kind: 'broadcast' | 'item'
  readonly originId: Uint8Array
  readonly publicKey: Uint8Array
  readonly count: bigint
  readonly timestampMs: bigint
  readonly topic: string
  readonly payload: Uint8Array
  readonly hopsLeft: number
  readonly signature: Uint8Array
}

/** Section 11. */
const signedPublication = (network: string, publication: Omit<Publication, 'signature'>) =>
  join(
    lp(ascii(`node-network/${publication.kind}/v1`)),
    lp(ascii(network)),
    publication.originId,
    u64be(publication.count),
    u64be(publication.timestampMs),
    lp(utf8(publication.topic)),
    sha256(publication.payload),
  )

export const publicationIdOf = (
  network: string,
  publication: Omit<Publication, 'signature'>,
): string => Buffer.from(sha256(signedPublication(network, publication))).toString('hex')

export function makePublication(
  network: string,
  { nodeId, privateKey, publicKey }: RawIdentity,
  content: Pick<Publication, 'kind' | 'count' | 'timestampMs' | 'topic' | 'payload'>,
): Publication {
  const unsigned = { ...content, originId: nodeId, publicKey, hopsLeft: 8 }
  return { ...unsigned, signature: sign(privateKey, signedPublication(network, unsigned)) }
}

export const publicationValues = (publication: Publication): readonly Value[] => [
  NUMBER[publication.kind],
  publication.originId,
  publication.publicKey,
  1,
  publication.count,
  publication.timestampMs,
  publication.topic,
  publication.payload,
  publication.hopsLeft,
  publication.signature,
]

/** @throws {Error} it is none, or is not what its origin signed */
export function publicationOf(network: string, values: readonly Value[]): Publication {
  const [number, originId, publicKey, keyType, count, timestamp, topic, payload, hops, signature] =
    values
  if (values.length !== 10) throw new Error(`a publication of ${values.length} values`)
  const publication: Publication = {
    kind: number === NUMBER.item ? 'item' : 'broadcast',
    originId: bytesIn(originId),
    publicKey: bytesIn(publicKey),
    count: bigintIn(count),
    timestampMs: bigintIn(timestamp),
    topic: textIn(topic),
    payload: bytesIn(payload),
    hopsLeft: Number(bigintIn(hops)),
    signature: bytesIn(signature),
  }
  const proven = nodeIdOf(publication.publicKey, Number(bigintIn(keyType)))
  if (Buffer.compare(proven, publication.originId) !== 0) throw new Error('not the origin’s key')
  const signed = signedPublication(network, publication)
  if (!verify(publication.publicKey, signed, publication.signature)) {
    throw new Error('not signed by its origin')
  }
  return publication
}
