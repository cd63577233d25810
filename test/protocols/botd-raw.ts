/**
 * A raw peer of the BOTD network in a virtual world, and a node of ours that it meets. It says what a
 * test tells it to, byte for byte, in either role; only what is sealed it reads by itself.
 * @module
 */
import { concatBytes, encodeAscii, viewOf } from '../../codec/bytes.ts'
import { decodeEnvelope, encodeEnvelope } from '../../codec/botd/envelope-codec.ts'
import { RECORD_PARAMETERS, sessionKeysOf, signedBytes } from '../../codec/botd/handshake-bytes.ts'
import { transcriptOf } from '../../codec/botd/handshake-bytes.ts'
import { decodeAck, decodeInit, encodeAck, encodeInit } from '../../codec/botd/handshake-codec.ts'
import type { AckMessage, BotdMessage, InitMessage } from '../../codec/botd/messages.ts'
import type { SealedMessage } from '../../codec/botd/messages.ts'
import { createFrameBuffer } from '../../codec/frame-buffer.ts'
import { createOpener, createSealer } from '../../codec/sealed-records.ts'
import type { Opener, Sealer } from '../../codec/sealed-records.ts'
import type { Role } from '../../codec/wire.ts'
import { botd } from '../../protocols/botd.ts'
import type { BotdOptions } from '../../protocols/botd.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import type { Jobs } from '../../world/jobs.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'

/** The fastest there is: some tests play a thousand handshakes. */
const crypto = chooseCrypto()
export const PORT = 9945
export const OURS_HOST = '10.0.0.1'

export const personOf = (name: string) => {
  const privateKey = crypto.sha256(encodeAscii(name))
  return { privateKey, publicKey: crypto.publicKeyOf(privateKey) }
}
export type Person = ReturnType<typeof personOf>
export const OURS = personOf('ours')
export const RAW = personOf('raw')
export const OTHER = personOf('other')

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const addressOf = ({ publicKey }: Person, host: string): string =>
  `botd://${hexOf(publicKey)}@${host}:${String(PORT)}`

export function plainFrame(payload: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  viewOf(length).setUint32(0, payload.length, true)
  return concatBytes(length, crypto.sha256(payload).subarray(0, 4), payload)
}

let ephemeralCount = 0

/** One stream, from the raw side. `role` is that of the raw peer. */
function rawStream(
  role: Role,
  who: Person,
  pipe: {
    write(bytes: Uint8Array): void
    pause(): void
    resume(): void
    end(): void
    settle(): void
    nowMs(): number
  },
) {
  const ephemeralPrivateKey = crypto.sha256(encodeAscii(`ephemeral ${String(ephemeralCount++)}`))
  const ephemeralKey = crypto.publicKeyOf(ephemeralPrivateKey)
  const buffer = createFrameBuffer()
  const came: Uint8Array[] = []
  const heard: BotdMessage[] = []
  let state: 'open' | 'ended' | 'failed' = 'open'
  let overMs: number | undefined
  let ours: Uint8Array = new Uint8Array(0)
  let sealer: Sealer | undefined
  let opener: Opener | undefined

  const write = (...bytes: readonly Uint8Array[]): void => {
    pipe.write(concatBytes(...bytes))
    pipe.settle()
  }
  const say = (payload: Uint8Array): void => {
    ours = payload
    write(plainFrame(payload))
  }
  /** The payload of the plaintext frame that came. */
  const takePlain = (): Uint8Array => {
    const header = buffer.peek(8)
    if (header === undefined) throw new Error('no frame came')
    const frame = buffer.take(8 + viewOf(header).getUint32(0, true))
    if (frame === undefined) throw new Error('no whole frame came')
    return frame.slice(8)
  }
  const derive = (theirs: Uint8Array, theirEphemeral: Uint8Array): void => {
    const sharedX = crypto.sharedX(ephemeralPrivateKey, theirEphemeral)
    if (sharedX === undefined) throw new Error('no point')
    const [init, ack] = role === 'dialler' ? [ours, theirs] : [theirs, ours]
    const keys = sessionKeysOf(crypto, role, sharedX, transcriptOf(crypto, init, ack))
    sealer = createSealer(crypto, keys.send, RECORD_PARAMETERS)
    opener = createOpener(crypto, keys.receive, RECORD_PARAMETERS)
  }

  const initOf = (change: Partial<InitMessage> = {}, signer = who): InitMessage => {
    const unsigned = {
      type: 'init' as const,
      id: '1'.repeat(32),
      senderKey: who.publicKey,
      recipientKey: OURS.publicKey,
      ephemeralKey,
      ...change,
    }
    const signed = signedBytes(unsigned.senderKey, unsigned.recipientKey, unsigned.ephemeralKey)
    return { signature: crypto.sign(signed, signer.privateKey), ...unsigned }
  }
  const ackOf = (change: Partial<AckMessage> = {}, signer = who): AckMessage => {
    const unsigned = {
      type: 'ack' as const,
      id: '2'.repeat(32),
      initId: initHeard().id,
      ephemeralKey,
      ...change,
    }
    const signed = signedBytes(who.publicKey, OURS.publicKey, unsigned.ephemeralKey)
    return { signature: crypto.sign(signed, signer.privateKey), ...unsigned }
  }

  let initPayload: Uint8Array | undefined
  const initHeard = (): InitMessage => {
    initPayload ??= takePlain()
    return decodeInit(initPayload)
  }
  const read = (): readonly BotdMessage[] => {
    while (opener !== undefined) {
      const plaintext = opener.read(buffer)
      if (plaintext === undefined) break
      heard.push(decodeEnvelope(plaintext))
    }
    return heard
  }
  const sealed = (message: SealedMessage | Uint8Array): Uint8Array => {
    if (sealer === undefined) throw new Error('no keys')
    return sealer.seal(message instanceof Uint8Array ? message : encodeEnvelope(message))
  }
  const send = (message: SealedMessage | Uint8Array): void => {
    write(sealed(message))
  }
  /** Of the first frame that came, wherever reading is. */
  const plainPayload = (): Uint8Array => {
    const all = concatBytes(...came)
    return all.slice(8, 8 + viewOf(all).getUint32(0, true))
  }
  const theirId = (): string => (role === 'dialler' ? decodeAck(plainPayload()).id : initHeard().id)

  return {
    ephemeralKey,
    ephemeralPrivateKey,
    initOf,
    ackOf,
    write,
    say,
    /** Our node's Init; it stays for `agree`. */
    initHeard,
    /** Good, as its role has it. */
    greet(payload = role === 'dialler' ? encodeInit(initOf()) : encodeAck(ackOf())) {
      say(payload)
    },
    /** For its own side of the transcript. */
    saidInstead(payload: Uint8Array) {
      ours = payload
    },
    ackHeard: () => decodeAck(plainPayload()),
    unreadBytes: () => buffer.length,
    /** As listener: the keys of an Ack that is not written yet. */
    prepare(payload: Uint8Array) {
      ours = payload
      const init = initHeard()
      derive(initPayload ?? ours, init.ephemeralKey)
    },
    /** The keys, of what was said and what came. */
    agree() {
      if (role === 'dialler') {
        const theirs = takePlain()
        derive(theirs, decodeAck(theirs).ephemeralKey)
      } else {
        const init = initHeard()
        derive(initPayload ?? ours, init.ephemeralKey)
      }
      read()
    },
    sealed,
    send,
    /** The handshake id is what our node's confirm says to have heard of us. */
    confirm(handshakeId = theirId()) {
      send({ type: 'sessionConfirm', id: '5'.repeat(32), handshakeId })
    },
    theirId,
    /** All that was sealed, and decrypts. */
    read,
    heardTypes: () => read().map(({ type }) => type),
    came: () => concatBytes(...came),
    state: () => state,
    overMs: () => overMs,
    pause: pipe.pause,
    resume: pipe.resume,
    end: pipe.end,
    take(bytes: Uint8Array) {
      came.push(bytes.slice())
      buffer.push(bytes)
      buffer.keep()
    },
    turn(next: 'ended' | 'failed') {
      state = next
      overMs ??= pipe.nowMs()
    },
  }
}

export type RawStream = ReturnType<typeof rawStream>

/** A host without a node of ours. */
export function startHost(world: VirtualWorld, host: string, who: Person) {
  const { streams } = world.nodeWorld(host, host)
  const held = new Map<number, RawStream>()
  const accepted: RawStream[] = []
  let dials = 0
  let isListening = false
  const hold = (id: number, role: Role, person: Person): RawStream => {
    const stream = rawStream(role, person, {
      write: (bytes) => {
        streams.write(id, bytes)
      },
      pause: () => {
        streams.pause(id)
      },
      resume: () => {
        streams.resume(id)
        world.settle()
      },
      end: () => {
        streams.end(id)
        world.settle()
      },
      settle: () => {
        world.settle()
      },
      nowMs: () => world.clock.nowMs,
    })
    held.set(id, stream)
    return stream
  }
  streams.start((input) => {
    if (input.kind === 'listener.accepted') {
      accepted.push(hold(input.stream, 'listener', who))
      streams.resume(input.stream)
    }
    if (!('stream' in input)) return
    const stream = held.get(input.stream)
    if (input.kind === 'stream.opened') streams.resume(input.stream)
    if (input.kind === 'stream.bytes') stream?.take(input.bytes)
    if (input.kind === 'stream.ended') {
      stream?.turn('ended')
      streams.end(input.stream)
    }
    if (input.kind === 'stream.failed') stream?.turn('failed')
  })
  return {
    accepted,
    dial(to = OURS_HOST, person = who): RawStream {
      dials += 2
      const stream = hold(dials, 'dialler', person)
      streams.open(dials, { host: to, port: PORT })
      world.settle()
      return stream
    },
    listen() {
      if (isListening) return
      isListening = true
      streams.listen(1, { host, port: PORT })
      world.settle()
    },
  }
}

export interface SceneOptions extends Partial<BotdOptions> {
  readonly cryptoBackend?: CryptoBackend
  readonly jobs?: Jobs
}

export const ROLES = ['acceptor', 'dialler'] as const
/** Of our node. */
export type OurRole = (typeof ROLES)[number]

export function startScene({ cryptoBackend, jobs, ...options }: SceneOptions = {}) {
  const world = startVirtualWorld({ seed: 'botd' })
  const ours = startNode(
    world,
    'ours',
    OURS_HOST,
    botd({ privateKey: OURS.privateKey, ...options }),
    {
      ...(cryptoBackend === undefined ? {} : { crypto: cryptoBackend }),
      ...(jobs === undefined ? {} : { jobs }),
    },
  )
  const hosts = new Map<string, ReturnType<typeof startHost>>()
  const hostAt = (host: string, who = RAW) => {
    const known = hosts.get(host) ?? startHost(world, host, who)
    hosts.set(host, known)
    return known
  }
  const dial = (host = '10.0.0.2', who = RAW): RawStream => hostAt(host, who).dial(OURS_HOST, who)
  /** Our node dials; its Init has come. */
  const attract = (host = '10.0.0.2', who = RAW): RawStream => {
    const place = hostAt(host, who)
    place.listen()
    const before = place.accepted.length
    ours.supervisor.connect(addressOf(who, host)).catch(() => undefined)
    world.advance(1)
    const stream = place.accepted[before]
    if (stream === undefined) throw new Error('our node did not dial')
    return stream
  }
  const meet = (role: OurRole, host?: string, who?: Person) =>
    role === 'acceptor' ? dial(host, who) : attract(host, who)
  return {
    world,
    ours,
    hostAt,
    dial,
    attract,
    meet,
    /** Up to the keys; what is first in a record is still to be said. */
    agree(role: OurRole, host?: string, who?: Person): RawStream {
      const stream = meet(role, host, who)
      stream.greet()
      world.settle()
      stream.agree()
      return stream
    },
    establish(role: OurRole = 'acceptor', host?: string, who?: Person): RawStream {
      const stream = this.agree(role, host, who)
      stream.confirm()
      return stream
    },
    active: () => ours.eventsOf('connection.active').length,
    details: () => ours.eventsOf('connection.closed').map(({ detail }) => detail),
    phases: () => ours.supervisor.connections().map(({ phase }) => phase),
  }
}

export type Scene = ReturnType<typeof startScene>
