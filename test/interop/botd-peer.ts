/**
 * A BOTD peer that a test leads by the hand, written from the specification alone: node:crypto, the
 * protobuf package, and nothing of ours. It stands at one end of any pipe of bytes, in either role, and
 * can be wrong in every way. By itself it does nothing but read: it has no clock, and what takes its
 * time takes as long as the test lets it. What the far side may not do ends the connection at once.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { directionOf, drawnPrivateKey, REKEY_FRAMES, same } from './botd-peer-crypto.ts'
import { transcriptOf } from './botd-peer-crypto.ts'
import { checkedAck, checkedInit, decodeEnvelope, encodeAck } from './botd-peer-messages.ts'
import { encodeEnvelope, encodeInit, makeAck, makeInit, plainFrame } from './botd-peer-messages.ts'
import type { Ack, BotdIdentity, Envelope, Forging, Init } from './botd-peer-messages.ts'
import { join, publicKeyOf, sha256, sharedX } from './raw-native-crypto.ts'
import { TAG_BYTES } from './raw-records.ts'
import type { Direction } from './raw-records.ts'

/** Where its bytes go. What comes is handed to `push` and `ended`. */
export interface BotdPipe {
  write(bytes: Uint8Array): void
  /** Nothing more will be written. */
  end(): void
  /** Both ways are over, and nothing more is said. */
  destroy(): void
}

export interface BotdPeerOptions {
  readonly role: 'dialler' | 'listener'
  readonly identity: BotdIdentity
  readonly pipe: BotdPipe
  /** Whom a dialler dials; a listener takes it from the Init. */
  readonly recipientKey?: Uint8Array
  /** After how many frames a direction moves on to new keys. Both sides have to have the same. */
  readonly rekeyFrames?: number
  /** The one thing that it may do by itself, for whoever is to stay. */
  readonly answersPings?: boolean
  /** Else drawn. */
  readonly ephemeralPrivateKey?: Uint8Array
  /** Else drawn. */
  readonly nextId?: () => string
}

export interface BotdHeard {
  readonly envelope: Envelope
  /** As it came, length and tag included. */
  readonly frame: Uint8Array
}

export interface BotdKeys {
  readonly sending: Direction
  readonly receiving: Direction
  readonly transcript: Uint8Array
}

/** How the far side's half ended: `clean` is behind its farewell. */
export type BotdEnd = 'before-keys' | 'mid-frame' | 'truncated' | 'clean'

export interface BotdPeer {
  readonly identity: BotdIdentity
  /** All that came encrypted, in its order. */
  readonly heard: readonly BotdHeard[]
  /** What the far side did that is forbidden, and why this one closed. */
  readonly problem: string | undefined
  readonly end: BotdEnd | undefined
  /** Keys are agreed on: whoever the far side is has still to be proven. */
  readonly keys: BotdKeys | undefined
  /** A frame of the far side has decrypted: it holds the key that it says. */
  readonly isConfirmed: boolean
  /** The far side's static key. */
  readonly theirKey: Uint8Array | undefined
  readonly theirInit: Init | undefined
  readonly theirAck: Ack | undefined
  /** As they went over the wire, whoever wrote them. */
  readonly initPayload: Uint8Array | undefined
  readonly ackPayload: Uint8Array | undefined
  heardOf<Kind extends Envelope['kind']>(kind: Kind): readonly Extract<Envelope, { kind: Kind }>[]

  push(bytes: Uint8Array): void
  ended(): void

  /** A dialler's first message. */
  init(forging?: Forging<Init>): void
  /** A listener's answer to it. */
  ack(forging?: Forging<Ack>): void
  /** What each side says first with the new keys. */
  confirm(handshakeId?: string): void
  /** The id that a pong has to have. */
  ping(): string
  pong(pingId: string): void
  app(type: string, payload: Uint8Array): void
  /** The farewell, and the end of our half. */
  leave(reason: number, payload?: string): void
  say(envelope: Envelope): void
  /** The next frame of our direction, not sent. */
  seal(plaintext: Uint8Array): Uint8Array
  write(bytes: Uint8Array): void
  hangUp(): void
}

const PLAIN_HEAD_BYTES = 8
const PLAIN_BYTES_MAX = 1_024
const SEALED_BYTES_MAX = 4 * 1_024 * 1_024 + TAG_BYTES

export const drawnId = (): string => randomBytes(16).toString('hex')

export function startBotdPeer(options: BotdPeerOptions): BotdPeer {
  const { answersPings = false, identity, nextId = drawnId, pipe, role } = options
  const { rekeyFrames = REKEY_FRAMES } = options
  const ephemeral = options.ephemeralPrivateKey ?? drawnPrivateKey()
  const ephemeralKey = publicKeyOf(ephemeral)
  const heard: BotdHeard[] = []
  let buffered: Uint8Array = new Uint8Array(0)
  let problem: string | undefined
  let end: BotdEnd | undefined
  let ourInit: Init | undefined
  let ourAck: Ack | undefined
  let theirInit: Init | undefined
  let theirAck: Ack | undefined
  let initPayload: Uint8Array | undefined
  let ackPayload: Uint8Array | undefined
  let keys: BotdKeys | undefined

  function agree(theirEphemeral: Uint8Array, init: Uint8Array, ack: Uint8Array): void {
    const transcript = transcriptOf(init, ack)
    const x = sharedX(ephemeral, theirEphemeral)
    const toListener = directionOf(x, transcript, 'initiator', rekeyFrames)
    const toDialler = directionOf(x, transcript, 'responder', rekeyFrames)
    keys =
      role === 'dialler'
        ? { sending: toListener, receiving: toDialler, transcript }
        : { sending: toDialler, receiving: toListener, transcript }
  }

  function takePlain(payload: Uint8Array): void {
    if (role === 'listener') {
      theirInit = checkedInit(payload, identity.publicKey)
      initPayload = payload
      return
    }
    if (ourInit === undefined || initPayload === undefined) throw new Error('an answer to nothing')
    theirAck = checkedAck(payload, ourInit)
    ackPayload = payload
    agree(theirAck.ephemeralKey, initPayload, payload)
  }

  function takeSealed(frame: Uint8Array, { receiving }: BotdKeys): void {
    const plaintext = receiving.open(frame.slice(0, 4), frame.slice(4))
    if (plaintext === undefined) throw new Error('a frame that does not authenticate')
    const envelope = decodeEnvelope(plaintext)
    if (envelope.kind === 'confirm') {
      if (heard.length > 0) throw new Error('a confirmation that is not the first frame')
      const sent = ourInit?.id ?? ourAck?.id
      if (envelope.handshakeId !== sent) throw new Error('a confirmation of another handshake')
    }
    heard.push({ envelope, frame })
    if (answersPings && envelope.kind === 'ping') pong(envelope.id)
  }

  /** One frame, where it is whole; false: not yet. */
  function takeFrame(): boolean {
    if (buffered.length === 0) return false
    // Who has sent an Init has no keys before the Ack, and nothing to say.
    if (keys === undefined && theirInit !== undefined) throw new Error('bytes behind the Init')
    if (buffered.length < 4) return false
    const length = Buffer.from(buffered.subarray(0, 4)).readUInt32LE()
    const [headBytes, least, most] =
      keys === undefined
        ? [PLAIN_HEAD_BYTES, 1, PLAIN_BYTES_MAX]
        : [4, 1 + TAG_BYTES, SEALED_BYTES_MAX]
    if (length < least || length > most) throw new Error(`a frame of ${length} bytes`)
    if (buffered.length < headBytes + length) return false
    const frame = buffered.slice(0, headBytes + length)
    buffered = buffered.slice(headBytes + length)
    if (keys !== undefined) {
      takeSealed(frame, keys)
      return true
    }
    const payload = frame.slice(headBytes)
    if (!same(frame.slice(4, 8), sha256(payload).slice(0, 4))) throw new Error('the checksum')
    takePlain(payload)
    return true
  }

  function push(bytes: Uint8Array): void {
    if (problem !== undefined) return
    buffered = join(buffered, bytes)
    try {
      while (takeFrame());
    } catch (error) {
      problem = error instanceof Error ? error.message : 'what is no error'
      pipe.destroy()
    }
  }

  function sendPlain<Values>(payload: Uint8Array, { onTheWay }: Forging<Values>): void {
    const frame = plainFrame(payload)
    pipe.write(onTheWay === undefined ? frame : onTheWay(frame))
  }
  const seal = (plaintext: Uint8Array): Uint8Array => {
    if (keys === undefined) throw new Error('no keys yet')
    return keys.sending.seal(plaintext)
  }
  const say = (envelope: Envelope): void => {
    pipe.write(seal(encodeEnvelope(envelope)))
  }
  const pong = (pingId: string): void => {
    say({ kind: 'pong', id: nextId(), pingId })
  }

  return {
    identity,
    heard,
    get problem() {
      return problem
    },
    get end() {
      return end
    },
    get keys() {
      return keys
    },
    get isConfirmed() {
      return heard.length > 0
    },
    get theirKey() {
      return role === 'dialler' ? options.recipientKey : theirInit?.senderKey
    },
    get theirInit() {
      return theirInit
    },
    get theirAck() {
      return theirAck
    },
    get initPayload() {
      return initPayload
    },
    get ackPayload() {
      return ackPayload
    },
    heardOf: (kind) =>
      heard.flatMap(({ envelope }) => (isOfKind(envelope, kind) ? [envelope] : [])),
    push,
    ended() {
      if (keys === undefined) end = buffered.length > 0 ? 'mid-frame' : 'before-keys'
      else if (buffered.length > 0) end = 'mid-frame'
      else end = heard.at(-1)?.envelope.kind === 'disconnecting' ? 'clean' : 'truncated'
    },
    init(forging = {}) {
      const { recipientKey } = options
      if (recipientKey === undefined) throw new Error('nobody to dial')
      ourInit = makeInit(identity, { id: nextId(), recipientKey, ephemeralKey }, forging)
      const payload = encodeInit(ourInit)
      initPayload = forging.payload?.(payload) ?? payload
      sendPlain(initPayload, forging)
    },
    ack(forging = {}) {
      if (theirInit === undefined || initPayload === undefined) throw new Error('no Init yet')
      const values = { id: nextId(), initId: theirInit.id, ephemeralKey }
      ourAck = makeAck(identity, theirInit.senderKey, values, forging)
      const payload = encodeAck(ourAck)
      ackPayload = forging.payload?.(payload) ?? payload
      agree(theirInit.ephemeralKey, initPayload, ackPayload)
      sendPlain(ackPayload, forging)
    },
    confirm(handshakeId = theirInit?.id ?? theirAck?.id) {
      if (handshakeId === undefined) throw new Error('nothing to confirm yet')
      say({ kind: 'confirm', id: nextId(), handshakeId })
    },
    ping() {
      const id = nextId()
      say({ kind: 'ping', id })
      return id
    },
    pong,
    app(type, payload) {
      say({ kind: 'app', id: nextId(), type, payload })
    },
    leave(reason, payload = '') {
      say({ kind: 'disconnecting', id: nextId(), reason, payload })
      pipe.end()
    },
    say,
    seal,
    write: (bytes) => {
      pipe.write(bytes)
    },
    hangUp: () => {
      pipe.end()
    },
  }
}

const isOfKind = <Kind extends Envelope['kind']>(
  envelope: Envelope,
  kind: Kind,
): envelope is Extract<Envelope, { kind: Kind }> => envelope.kind === kind
