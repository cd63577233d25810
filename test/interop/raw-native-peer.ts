/**
 * A peer of the native network that a test leads by the hand, written from `docs/native-protocol.md`
 * alone: node:crypto, msgpackr, and nothing of ours. It stands at one end of any pipe of bytes, in
 * either role, does nothing by itself but read, and can be wrong in every way.
 * @module
 */
import { createECDH, randomBytes } from 'node:crypto'
import { ascii, directionOf, hkdfExtract, join, publicKeyOf, sha256 } from './raw-native-crypto.ts'
import { sharedX, u32be } from './raw-native-crypto.ts'
import { TAG_BYTES } from './raw-records.ts'
import type { Direction } from './raw-records.ts'
import {
  errorOf,
  handshakeOf,
  handshakeValues,
  makeHandshake,
  NUMBER,
} from './raw-native-messages.ts'
import { pack, unpackAll, wrongWithHandshake } from './raw-native-messages.ts'
import type { Forging, Handshake, RawError, RawIdentity, RawRole } from './raw-native-messages.ts'
import type { Value } from './raw-native-messages.ts'

/** Where its bytes go. What comes is handed to `push` and `ended`. */
export interface BytePipe {
  write(bytes: Uint8Array): void
  /** Nothing more will be written. */
  end(): void
}

export interface RawPeerOptions {
  readonly role: RawRole
  readonly identity: RawIdentity
  readonly network: string
  readonly pipe: BytePipe
  /** Whom a dialler dials; a listener takes it from the handshake. */
  readonly recipientId?: Uint8Array
  /** The wall clock. */
  nowMs(): number
  /** The one thing that it may do by itself, for whoever is to stay. */
  readonly answersPings?: boolean
  /** Else drawn. */
  readonly ephemeralPrivateKey?: Uint8Array
}

export interface Heard {
  readonly isSealed: boolean
  readonly values: readonly Value[]
}

export interface RawPeer {
  readonly identity: RawIdentity
  /** All that came, in its order. */
  readonly heard: readonly Heard[]
  /** How many records held them. */
  readonly recordCount: number
  /** What the far side did that the document forbids. */
  readonly problems: readonly string[]
  /** The far side's half has ended. */
  readonly isEnded: boolean
  /** Keys are agreed on. */
  readonly keys: RawKeys | undefined
  readonly theirs: Handshake | undefined
  /** The payload of the handshake that was sent last. */
  readonly sentPayload: Uint8Array | undefined
  heardOf(number: number): readonly (readonly Value[])[]
  errors(): readonly RawError[]

  push(bytes: Uint8Array): void
  ended(): void

  /** Our handshake, as it goes out; a listener's is the answer to the dialler's. */
  greet(forging?: Forging): void
  confirm(): void
  /** One record with all of them. */
  say(...messages: readonly (readonly Value[])[]): void
  /** The next record, not sent. */
  seal(plaintext: Uint8Array): Uint8Array
  /** A payload before there are keys. */
  frame(payload: Uint8Array): void
  write(bytes: Uint8Array): void
  end(): void
}

export interface RawKeys {
  readonly sending: Direction
  readonly receiving: Direction
  readonly transcript: Uint8Array
}

const PLAINTEXT_BYTES_MAX = 1_056_768

export function startRawPeer(options: RawPeerOptions): RawPeer {
  const { identity, network, nowMs, pipe, role } = options
  const ephemeral = options.ephemeralPrivateKey ?? drawnKey()
  const heard: Heard[] = []
  const problems: string[] = []
  let buffered: Uint8Array = new Uint8Array(0)
  let isEnded = false
  let recordCount = 0
  let ourPayload: Uint8Array | undefined
  let theirPayload: Uint8Array | undefined
  let theirs: Handshake | undefined
  let keys: RawKeys | undefined

  const frame = (payload: Uint8Array): void => {
    pipe.write(join(u32be(payload.length), payload))
  }
  const recipientId = (): Uint8Array => {
    const known = options.recipientId ?? theirs?.nodeId
    if (known === undefined) throw new Error('nobody to greet yet')
    return known
  }
  const previous = (): Uint8Array | undefined =>
    role === 'listener' && theirPayload !== undefined ? sha256(theirPayload) : undefined

  function agree(): void {
    if (ourPayload === undefined || theirPayload === undefined || theirs === undefined) return
    const [first, second] =
      role === 'dialler' ? [ourPayload, theirPayload] : [theirPayload, ourPayload]
    const label = ascii('node-network/transcript/v1')
    const transcript = sha256(label, u32be(first.length), first, u32be(second.length), second)
    const prk = hkdfExtract(transcript, sharedX(ephemeral, theirs.ephemeralKey))
    const toListener = directionOf(prk, 'node-network/v1 initiator')
    const toDialler = directionOf(prk, 'node-network/v1 responder')
    const [sending, receiving] =
      role === 'dialler' ? [toListener, toDialler] : [toDialler, toListener]
    keys = { sending, receiving, transcript }
  }

  function takeHandshake(payload: Uint8Array, values: readonly Value[]): void {
    if (theirs !== undefined) problems.push('a second handshake')
    theirs = handshakeOf(values)
    theirPayload = payload
    const wrong = wrongWithHandshake(theirs, {
      role: role === 'dialler' ? 'listener' : 'dialler',
      network,
      recipientId: identity.nodeId,
      nowMs: nowMs(),
      nodeId: options.recipientId,
      previous: role === 'dialler' && ourPayload !== undefined ? sha256(ourPayload) : undefined,
    })
    problems.push(...wrong.map((what) => `their handshake: ${what}`))
    if (role === 'dialler') agree()
  }

  function takePlain(payload: Uint8Array): void {
    const messages = unpackAll(payload)
    const [values] = messages
    if (values === undefined || messages.length !== 1) throw new Error('not one value')
    heard.push({ isSealed: false, values })
    if (values[0] === NUMBER.handshake) takeHandshake(payload, values)
    else if (values[0] !== NUMBER.error) problems.push(`${String(values[0])} without keys`)
  }

  function takeRecord(length: Uint8Array, sealed: Uint8Array, { receiving }: RawKeys): void {
    const plaintext = receiving.open(length, sealed)
    if (plaintext === undefined) {
      // Section 5: a dialler that refuses the listener's handshake says so without keys.
      takePlain(sealed)
      if (heard.at(-1)?.values[0] !== NUMBER.error) problems.push('a record that is not sealed')
      return
    }
    recordCount += 1
    const messages = unpackAll(plaintext)
    if (plaintext.length > 65_536 && messages.length > 1) problems.push('a record that is too full')
    for (const values of messages) {
      heard.push({ isSealed: true, values })
      const [number, id] = values
      if (options.answersPings === true && number === NUMBER.ping) say([NUMBER.pong, id ?? null])
    }
  }

  /** One frame, where it is whole; false: not yet. */
  function takeFrame(): boolean {
    if (buffered.length < 4) return false
    const lengthBytes = buffered.slice(0, 4)
    const length = Buffer.from(lengthBytes).readUInt32BE()
    const [least, most] = keys === undefined ? [1, 1_024] : [1, PLAINTEXT_BYTES_MAX + TAG_BYTES]
    if (length < least || length > most) throw new Error(`a frame of ${length} bytes`)
    if (buffered.length < 4 + length) return false
    const payload = buffered.slice(4, 4 + length)
    buffered = buffered.slice(4 + length)
    if (keys === undefined) takePlain(payload)
    else takeRecord(lengthBytes, payload, keys)
    return true
  }

  const read = (): void => {
    try {
      while (takeFrame());
    } catch (error) {
      problems.push(error instanceof Error ? error.message : 'what is no error')
    }
  }

  const seal = (plaintext: Uint8Array): Uint8Array => {
    if (keys === undefined) throw new Error('no keys yet')
    return keys.sending.seal(plaintext)
  }
  const say = (...messages: readonly (readonly Value[])[]): void => {
    pipe.write(seal(join(...messages.map(pack))))
  }
  const heardOf = (number: number) =>
    heard.flatMap(({ values }) => (values[0] === number ? [values] : []))

  return {
    identity,
    heard,
    problems,
    get recordCount() {
      return recordCount
    },
    get isEnded() {
      return isEnded
    },
    get keys() {
      return keys
    },
    get theirs() {
      return theirs
    },
    get sentPayload() {
      return ourPayload
    },
    heardOf,
    errors: () => heardOf(NUMBER.error).map(errorOf),
    push(bytes) {
      buffered = join(buffered, bytes)
      read()
    },
    ended() {
      isEnded = true
      if (buffered.length > 0) problems.push('an end inside a frame')
    },
    greet(forging) {
      const made = makeHandshake(
        {
          ...{ role, identity, network },
          recipientId: recipientId(),
          timestampMs: BigInt(nowMs()),
          ephemeralKey: publicKeyOf(ephemeral),
          previous: previous(),
        },
        forging,
      )
      ourPayload = pack(handshakeValues(made))
      frame(ourPayload)
      if (role === 'listener') agree()
      read()
    },
    confirm() {
      say([NUMBER.confirm])
    },
    say,
    seal,
    frame,
    write: (bytes) => {
      pipe.write(bytes)
    },
    end: () => {
      pipe.end()
    },
  }
}

/** A drawn number is no key with a chance of 2^-127; the curve's own generator knows. */
function drawnKey(): Uint8Array {
  const pair = createECDH('secp256k1')
  pair.generateKeys()
  return new Uint8Array(Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()]).subarray(-32))
}

export const drawnId = (): Uint8Array => new Uint8Array(randomBytes(16))
