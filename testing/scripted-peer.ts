/**
 * A peer that says what it is told to: a network's wire on a stream of a virtual world, and a script
 * in place of a mind. It dials a node, or listens for one. The handshake it plays by itself where that
 * is asked for; from then on it is the script's.
 *
 * Nothing arrives before the world is moved: `world.settle()`, `world.advance(ms)`, or `next()`.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import type { Role } from '../codec/wire.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { createHandshakePlayer } from './handshake-player.ts'
import type { HandshakePlayer } from './handshake-player.ts'
import { startPuppet } from './protocol/puppet.ts'
import type { Puppet } from './protocol/puppet.ts'
import type { VirtualWorld } from './virtual-world.ts'

export interface ScriptedPeerOptions<T extends ProtocolTypes> {
  /** Whose wire it has, and whose handshake it plays. With identities: one with a key of its own. */
  readonly protocol: Protocol<T>
  /** Whom it dials, as the network writes addresses. Left out: it listens. */
  readonly dials?: string
  /** Its own host. Left out: one that is free. */
  readonly host?: string
  /** How its dial differs, where the network has such dials. */
  readonly dial?: T['dial']
  /** `by-itself`: the network's own handshake is played until it is ready. Left out: `by-hand`. */
  readonly handshake?: 'by-hand' | 'by-itself'
  /** Its half stays open when the node has ended its own. Left out: it ends as well. */
  readonly staysOpen?: boolean
}

export interface ScriptedPeer<T extends ProtocolTypes> extends Puppet<T> {
  readonly role: Role
  readonly host: string
  readonly port: number
  /** Its own handshake came to its end. Always false where it is played by hand. */
  readonly isReady: boolean
  /** What of `heard` belonged to handshakes that it played by itself. */
  readonly heardInHandshake: number
  /** The same of `heardBytes`. */
  readonly bytesInHandshake: number
  /** Why its own session ended the handshake, if it did. */
  readonly handshakeEndedBy: string | undefined
  /** Breaks the stream, for both sides. */
  reset(): void
  /** A dialler dials again, on a new stream. */
  connect(): void
  /**
   * The next message that was not asked for yet, once everything of this instant has happened.
   * @throws {Error} there is none, or it is of another type
   */
  next(): T['message']
  next<Type extends T['message']['type']>(
    type: Type,
  ): Extract<T['message'], { readonly type: Type }>
}

const peerCounts = new WeakMap<VirtualWorld, number>()

function freeHost(world: VirtualWorld): string {
  const count = (peerCounts.get(world) ?? 0) + 1
  peerCounts.set(world, count)
  return `10.9.${count >> 8}.${count & 0xff}`
}

/** @throws {Error} the address is none, or the host is taken */
export function scriptedPeer<T extends ProtocolTypes>(
  world: VirtualWorld,
  options: ScriptedPeerOptions<T>,
): ScriptedPeer<T> {
  const { dial, dials, handshake = 'by-hand', host = freeHost(world), protocol } = options
  const { staysOpen = false } = options
  const role: Role = dials === undefined ? 'listener' : 'dialler'
  const { clock, crypto, random, streams } = world.nodeWorld(`peer at ${host}`, host)
  const port = protocol.defaultPort
  let heardInHandshake = 0
  let bytesInHandshake = 0
  let taken = 0

  const parsed = dials === undefined ? undefined : protocol.addresses.parse(dials)
  if (parsed !== undefined && 'wrong' in parsed) throw new Error(`${dials}: ${parsed.wrong}`)
  const target = parsed?.address

  const player: HandshakePlayer<T> | undefined =
    handshake === 'by-hand'
      ? undefined
      : createHandshakePlayer<T>({
          ...{ clock, crypto, dial, protocol, role, target },
          random: random.fork('handshake'),
          onReady(handedOn) {
            heardInHandshake = puppet.heard.length - (handedOn ? 1 : 0)
            const came = puppet.heardBytes.reduce((sum, { length }) => sum + length, 0)
            bytesInHandshake = handedOn
              ? (puppet.heardEnds[heardInHandshake - 1] ?? 0)
              : came - puppet.wire.bufferedBytes
            taken = heardInHandshake
          },
        })
  const puppet = startPuppet<T>({
    ...{ crypto, dial, protocol, role, streams, target },
    at: target === undefined ? { host, port } : protocol.addresses.socket(target),
    random: random.fork('wire'),
    endsToo: !staysOpen,
    ...(player === undefined ? {} : { attendant: player }),
  })
  world.settle()

  function next(): T['message']
  function next<Type extends T['message']['type']>(
    type: Type,
  ): Extract<T['message'], { readonly type: Type }>
  function next(type?: T['message']['type']): T['message'] {
    world.settle()
    const message = puppet.heard[taken]
    if (message === undefined || (type !== undefined && message.type !== type)) {
      const came = message === undefined ? 'nothing' : `a message of the type ${message.type}`
      throw new Error(
        `the peer was to hear ${type === undefined ? 'a message' : `a message of the type ${type}`}, and heard ${came}`,
      )
    }
    taken++
    return message
  }

  return {
    role,
    host,
    port,
    get wire() {
      return puppet.wire
    },
    heard: puppet.heard,
    heardBytes: puppet.heardBytes,
    heardEnds: puppet.heardEnds,
    get heardInHandshake() {
      return heardInHandshake
    },
    get bytesInHandshake() {
      return bytesInHandshake
    },
    get handshakeEndedBy() {
      return player?.endedBy
    },
    get isReady() {
      return player?.isReady === true
    },
    get facts() {
      return puppet.facts
    },
    get hasEnded() {
      return puppet.hasEnded
    },
    get isDeaf() {
      return puppet.isDeaf
    },
    get stream() {
      return puppet.stream
    },
    say: puppet.say,
    write: puppet.write,
    end: puppet.end,
    reset() {
      if (puppet.stream === undefined) throw new Error('the peer has no connection yet')
      world.network.reset(host, puppet.stream)
    },
    connect: puppet.dialAgain,
    next,
  }
}
