/**
 * Plays a network's real handshake for a peer that is otherwise scripted: the session's chart and the
 * node part, carried out on the peer's wire at once, until the session says that it is ready. From
 * then on it does nothing: what the peer says is its script's.
 *
 * It keeps no deadline: whoever scripts a peer is as slow as the test wants.
 * @module
 */
import { createActor } from 'xstate'
import type { Asking, ConnectionView, Later, NodePart, Protocol } from '../actors/protocol.ts'
import type { Role } from '../codec/wire.ts'
import type { ProtocolTypes, SessionEvent, SessionSaid } from '../machines/session.ts'
import { asSessionRef } from '../machines/slot.ts'
import type { SessionRef } from '../machines/slot.ts'
import type { Clock } from '../world/clock.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import { performJob } from '../world/jobs.ts'
import type { Random } from '../world/random.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { PuppetAttendant, ReadOf, WireOf } from './protocol/puppet.ts'

export interface HandshakePlayerOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  readonly role: Role
  readonly target: T['address'] | undefined
  readonly dial: T['dial'] | undefined
  readonly crypto: CryptoBackend
  readonly random: Random
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>
  /** What was heard until now belonged to the handshake; `handedOn`: but for the last message. */
  onReady(handedOn: boolean): void
}

export interface HandshakePlayer<T extends ProtocolTypes> extends PuppetAttendant<T> {
  /** Of the connection that the peer has now. */
  readonly isReady: boolean
  /** Why its own session ended the handshake, if it did. */
  readonly endedBy: string | undefined
  /** Whom it found at the other side. */
  readonly identity: string | undefined
}

/** The session's delays never come to their end. */
const NO_CLOCK = { setTimeout: () => 0, clearTimeout: () => undefined }

const isLater = <Answer>(answer: Answer | Later<Answer>): answer is Later<Answer> =>
  typeof answer === 'object' && answer !== null && 'job' in answer && 'finish' in answer

interface Handshake<T extends ProtocolTypes> {
  readonly wire: WireOf<T>
  readonly secrets: Map<string, T['keys']>
  readonly random: Random
  readonly session: SessionRef<T>
  readonly stop: () => void
  readonly events: SessionEvent<T>[]
  readonly said: SessionSaid<T>[]
  readonly name: string
  readonly remote: SocketAddress
  facts: T['facts'] | undefined
  identity: string | undefined
  endedBy: string | undefined
  state: 'playing' | 'ready' | 'over'
  handedOn: boolean
}

export function createHandshakePlayer<T extends ProtocolTypes>(
  options: HandshakePlayerOptions<T>,
): HandshakePlayer<T> {
  const { clock, crypto, protocol, random, role } = options
  const startedMs = clock.monotonicMs()
  let count = 0
  let now: Handshake<T> | undefined

  const slot = protocol.slots.find((kind) => kind.role === role)?.name ?? role

  const viewOf = (handshake: Handshake<T>): ConnectionView<T> => ({
    name: handshake.name,
    role,
    remote: handshake.remote,
    phase:
      handshake.state === 'playing'
        ? 'handshaking'
        : handshake.state === 'ready'
          ? 'active'
          : 'closed',
    slot,
    target: options.target,
    identity: handshake.identity,
    facts: handshake.facts,
    startedMs,
    readyMs: handshake.state === 'ready' ? clock.monotonicMs() : undefined,
  })

  const nodePart: NodePart<T> = protocol.node({
    crypto,
    random: random.fork('node part'),
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    connections: () => (now === undefined ? [] : [viewOf(now)]),
    tell(connection, news) {
      if (now?.name !== connection || now.state !== 'playing') return false
      now.events.push({ type: 'node', news })
      return true
    },
    close: () => undefined,
    banned: () => undefined,
    listening: () => [],
    describe: () => undefined,
  })

  const perform = (handshake: Handshake<T>, said: SessionSaid<T>): void => {
    switch (said.type) {
      case 'write':
        handshake.wire.write(said.messages)
        return
      case 'secure': {
        const keys = handshake.secrets.get(said.slot)
        if (keys === undefined) throw new Error(`no secret in the slot ${said.slot}`)
        handshake.wire.secure(keys)
        return
      }
      case 'ask': {
        const about: Asking<T> = {
          connection: viewOf(handshake),
          secrets: handshake.secrets,
          random: handshake.random,
        }
        const given = nodePart.answer(said.question, about)
        const answer = isLater(given) ? given.finish(performJob(crypto, given.job)) : given
        handshake.events.push({ type: 'answer', id: said.id, answer })
        return
      }
      case 'ready':
        handshake.facts = said.facts
        handshake.identity = said.identity
        handshake.state = 'ready'
        return
      case 'end':
        handshake.endedBy = said.detail
        handshake.state = 'over'
        return
      case 'handOn':
        handshake.handedOn = true
        return
      case 'claim':
        return
    }
  }

  /** All that the session says to one event is carried out, also behind the `ready`. */
  const pump = (handshake: Handshake<T>): void => {
    for (;;) {
      for (let said = handshake.said.shift(); said !== undefined; said = handshake.said.shift()) {
        perform(handshake, said)
      }
      if (handshake.state !== 'playing') break
      const event = handshake.events.shift()
      if (event === undefined) return
      handshake.session.send(event)
    }
    handshake.stop()
    if (handshake.state === 'ready') {
      nodePart.ready?.(viewOf(handshake))
      options.onReady(handshake.handedOn)
    } else {
      handshake.secrets.clear()
      nodePart.closed?.(viewOf(handshake))
    }
  }

  const leave = (handshake: Handshake<T>): void => {
    if (handshake.state === 'over') return
    if (handshake.state === 'playing') handshake.stop()
    handshake.state = 'over'
    handshake.secrets.clear()
    nodePart.closed?.(viewOf(handshake))
  }

  const tell = (event: SessionEvent<T>): void => {
    if (now?.state !== 'playing') return
    now.events.push(event)
    pump(now)
  }

  const eventOf = (unit: ReadOf<T>, wire: WireOf<T>): SessionEvent<T> | undefined => {
    if (unit.kind === 'secured') return { type: 'secured', facts: unit.facts }
    if (unit.kind !== 'message') return undefined
    const { bytesOnWire, message, raw } = unit
    return { type: 'unit', message, raw, bytesOnWire, bufferedBytes: wire.bufferedBytes }
  }

  return {
    get isReady() {
      return now?.state === 'ready'
    },
    get endedBy() {
      return now?.endedBy
    },
    get identity() {
      return now?.identity
    },
    begun(wire, remote) {
      if (now !== undefined) leave(now)
      const name = `peer.${++count}`
      const own = random.fork(name)
      const actor = createActor(protocol.session, {
        clock: NO_CLOCK,
        input: { name, role, target: options.target, dial: options.dial, slot },
      })
      const session = asSessionRef<T>(actor)
      const handshake: Handshake<T> = {
        ...{ name, remote, wire, session, random: own, secrets: new Map(), events: [], said: [] },
        ...{ facts: undefined, identity: undefined, endedBy: undefined },
        ...{ state: 'playing', handedOn: false },
        stop() {
          actor.stop()
        },
      }
      now = handshake
      session.onSaid((said) => {
        handshake.said.push(said)
      })
      actor.start()
      pump(handshake)
      tell({ type: 'opened' })
    },
    read(unit) {
      const event = now === undefined ? undefined : eventOf(unit, now.wire)
      if (event !== undefined) tell(event)
    },
    ended() {
      if (now !== undefined) leave(now)
    },
  }
}
