/**
 * What the connections of a node share in the native network: its key, the nonces that were seen, the
 * groups that fail too often. It makes and checks handshakes (native protocol, section 5); what is long
 * of that, signing, verifying and the shared secret, it hands out as jobs.
 * @module
 */
import { createHandshakeExchanges } from '../../actors/handshake-exchanges.ts'
import { decodeHex, encodeHex } from '../../codec/bytes.ts'
import type { NativeAddress } from '../../codec/native/address.ts'
import { groupOf, isLoopback } from '../../codec/place.ts'
import {
  MAJOR_VERSION,
  MINOR_VERSION,
  previousOf,
  sessionKeysOf,
  signedBytes,
  transcriptOf,
} from '../../codec/native/handshake-bytes.ts'
import { KEY_TYPE_SECP256K1 } from '../../codec/native/identity.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'
import { encodeSmall } from '../../codec/native/handshake-codec.ts'
import { NONCE_BYTES } from '../../codec/native/messages.ts'
import type { HandshakeMessage } from '../../codec/native/messages.ts'
import { KEYS_SLOT } from '../../machines/handshakes/native.ts'
import type {
  NativeAnswer,
  NativeQuestion,
  NativeRefusal,
  NativeTypes,
} from '../../machines/handshakes/native.ts'
import type { Asking, ConnectionView, Later, NodePart, NodeTools } from '../../actors/protocol.ts'
import { checkHandshake } from './checks.ts'
import { refusalOf, retryAfter } from './errors.ts'
import type { ErrorExtras } from './errors.ts'
import type { Ours, Theirs } from './exchanges.ts'
import type { NativeLimits } from './limits.ts'
import { createNonceCache } from './nonce-cache.ts'
import { createSessions } from './sessions.ts'
import { createThrottle } from './throttle.ts'

export interface NodePartOptions {
  readonly network: string
  readonly own: NodeIdentity
  /** The node ids that are let in; left out: all. */
  readonly allowed: ReadonlySet<string> | undefined
  readonly limits: NativeLimits
}

type Answer = NativeAnswer | Later<NativeAnswer>
type Check = Extract<NativeQuestion, { readonly type: 'check' }>

/** Ours to give, not theirs to have caused: these are no failed handshakes. */
const NO_FAILURE: ReadonlySet<NativeRefusal> = new Set<NativeRefusal>([
  'inbound-full',
  'nonces-full',
  'outbound-full',
  'session-exists',
  'throttled',
])

export function createNodePart(
  tools: NodeTools<NativeTypes>,
  { network, own, allowed, limits }: NodePartOptions,
): NodePart<NativeTypes> {
  const { crypto } = tools
  /** Its own: it changes with instructions. */
  const listed = allowed === undefined ? undefined : new Set(allowed)
  const exchanges = createHandshakeExchanges<Ours, Theirs>(crypto)
  const nonces = createNonceCache(limits)
  const throttle = createThrottle(limits)
  const sessions = createSessions()

  const admits = (identity: string): boolean => listed?.has(identity) !== false

  // ---- making a handshake --------------------------------------------------------------------

  /** Signs a handshake to `recipientId`; `answer` gets the payload. */
  const shake = (
    { connection, random }: Asking<NativeTypes>,
    recipientId: Uint8Array,
    answer: (raw: Uint8Array) => NativeAnswer,
    previous?: Uint8Array,
  ): Later<NativeAnswer> => {
    const ephemeralKey = exchanges.draw(connection.name, random)
    const unsigned = {
      major: MAJOR_VERSION,
      minor: MINOR_VERSION,
      network,
      keyType: KEY_TYPE_SECP256K1,
      nodeId: own.nodeId,
      publicKey: own.publicKey,
      recipientId,
      timestampMs: BigInt(tools.wallMs()),
      nonce: random.bytes(NONCE_BYTES),
      ephemeralKey,
    }
    const message = signedBytes(connection.role, unsigned, previous)
    return {
      job: { operation: 'sign', message, privateKey: own.privateKey },
      finish(signature) {
        if (!(signature instanceof Uint8Array)) throw new Error('our own key did not sign')
        const raw = encodeSmall({ type: 'handshake', ...unsigned, signature })
        exchanges.note(connection.name, { ours: { raw } })
        return answer(raw)
      },
    }
  }

  const greet = (about: Asking<NativeTypes>): Answer =>
    shake(about, dialledIdOf(about.connection.target), (raw) => ({ type: 'greeting', raw }))

  const respond = (about: Asking<NativeTypes>): Answer => {
    const { nodeId, raw: initiator } = exchanges.theirs(about.connection.name)
    const answer = (raw: Uint8Array): NativeAnswer => ({ type: 'response', raw })
    return shake(about, nodeId, answer, previousOf(crypto, initiator))
  }

  // ---- checking the other side's -------------------------------------------------------------

  const refuse = (
    { connection }: Asking<NativeTypes>,
    detail: NativeRefusal,
    extras?: ErrorExtras,
  ): NativeAnswer => {
    const { remote, role } = connection
    // Whoever comes through a proxy of this machine is in one group with all who do.
    if (role === 'listener' && !NO_FAILURE.has(detail) && !isLoopback(remote.host)) {
      throttle.noteFailure(groupOf(remote.host), tools.monotonicMs())
    }
    return { type: 'refused', detail, error: refusalOf(detail, extras) }
  }

  const extrasFor = (detail: NativeRefusal): ErrorExtras => {
    switch (detail) {
      case 'version-mismatch':
      case 'network-mismatch':
        return { localMajor: MAJOR_VERSION, localMinor: MINOR_VERSION }
      case 'expired-timestamp':
      case 'future-timestamp':
        return { localTimeMs: BigInt(tools.wallMs()) }
      default:
        return {}
    }
  }

  const check = ({ handshake, raw }: Check, about: Asking<NativeTypes>): Answer => {
    const { connection } = about
    const { host } = connection.remote
    const isListener = connection.role === 'listener'
    if (raw === undefined) throw new Error('the wire kept the payload of a handshake to itself')

    const throttledMs = isListener ? throttle.leftMs(groupOf(host), tools.monotonicMs()) : 0
    if (throttledMs > 0) return refuse(about, 'throttled', retryAfter(throttledMs))

    const wrong = checkHandshake(handshake, {
      crypto,
      network,
      own,
      dialledId: isListener ? undefined : dialledIdOf(connection.target),
      wallMs: tools.wallMs(),
      timestampToleranceMs: limits.timestampToleranceMs,
    })
    if (wrong !== undefined) return refuse(about, wrong, extrasFor(wrong))

    const identity = encodeHex(handshake.nodeId)
    const claimBannedMs = tools.banned(identity, host)
    if (claimBannedMs !== undefined) {
      return refuse(about, 'claim-banned', retryAfter(claimBannedMs))
    }

    const previous = isListener
      ? undefined
      : previousOf(crypto, exchanges.ours(connection.name).raw)
    const signer = isListener ? 'dialler' : 'listener'
    return {
      job: {
        operation: 'verify',
        message: signedBytes(signer, handshake, previous),
        signature: handshake.signature,
        publicKey: handshake.publicKey,
      },
      finish: (verdict) =>
        verdict === true
          ? admit(handshake, raw, about, identity)
          : refuse(about, 'invalid-signature'),
    }
  }

  /** Checks 8 to 11: the handshake is the key holder's, though it may be a copy. */
  const admit = (
    handshake: HandshakeMessage,
    raw: Uint8Array,
    about: Asking<NativeTypes>,
    identity: string,
  ): NativeAnswer => {
    const noted = nonces.note(identity + encodeHex(handshake.nonce), tools.monotonicMs())
    if (noted === 'full') return refuse(about, 'nonces-full')
    if (noted === 'seen') return refuse(about, 'replayed-nonce')

    const bannedMs = tools.banned(identity)
    if (bannedMs !== undefined) return refuse(about, 'identity-banned', retryAfter(bannedMs))
    if (!admits(identity)) return refuse(about, 'not-allowed')

    const full = checkSessions(about.connection, identity)
    if (full !== undefined) return refuse(about, full)

    const { nodeId, ephemeralKey, minor } = handshake
    exchanges.note(about.connection.name, {
      theirs: { raw, identity, nodeId, ephemeralKey, minor },
    })
    return { type: 'passed' }
  }

  /** Check 11 counts verified sessions. One that is not fresh makes room for the same node's next. */
  const checkSessions = (
    { role }: ConnectionView<NativeTypes>,
    identity: string,
  ): NativeRefusal | undefined => {
    const freshMs = tools.monotonicMs() - limits.simultaneousMs
    for (const { readyMs } of sessions.activeWith(identity)) {
      if (readyMs !== undefined && readyMs > freshMs) return 'session-exists'
    }
    const isListener = role === 'listener'
    const max = isListener ? limits.inboundMax : limits.outboundMax
    if (sessions.isRoomIn(role, max, identity)) return undefined
    return isListener ? 'inbound-full' : 'outbound-full'
  }

  // ---- the keys ------------------------------------------------------------------------------

  const derive = ({ connection, secrets }: Asking<NativeTypes>): Answer => {
    const theirs = exchanges.theirs(connection.name)
    return exchanges.derive(connection, (sharedX, initiator, responder): NativeAnswer => {
      const transcript = transcriptOf(crypto, initiator, responder)
      // A session that was left meanwhile takes none, and nobody would overwrite them.
      if (connection.phase !== 'closing') {
        secrets.set(KEYS_SLOT, sessionKeysOf(crypto, connection.role, sharedX, transcript))
      }
      return {
        type: 'derived',
        facts: {
          identity: theirs.identity,
          minor: Math.min(theirs.minor, MINOR_VERSION),
          sessionId: encodeHex(transcript),
        },
      }
    })
  }

  return {
    answer(question, about) {
      switch (question.type) {
        case 'greet':
          return greet(about)
        case 'check':
          return check(question, about)
        case 'respond':
          return respond(about)
        case 'derive':
          return derive(about)
      }
    },
    admits,
    instruct({ id, type }) {
      if (listed === undefined) return
      if (type === 'allow') {
        listed.add(id)
        return
      }
      listed.delete(id)
      for (const { identity, name } of tools.connections()) {
        if (identity === id) tools.close(name, 'not-allowed')
      }
    },
    ready(session) {
      sessions.add(session)
      const { identity, name, role } = session
      if (role !== 'listener' || identity === undefined) return
      // Check 11 has found room for each of those that came at once.
      if (!sessions.isRoomIn(role, limits.inboundMax, identity)) tools.close(name, 'slots-full')
    },
    closed(connection) {
      sessions.remove(connection)
      exchanges.forget(connection.name)
    },
    counts: () => ({
      exchanges: exchanges.size,
      nonces: nonces.size,
      sessions: sessions.size,
      failingGroups: throttle.size,
    }),
  }
}

/** @throws {Error} an address without a node id was dialled: `parse` makes none */
function dialledIdOf(target: NativeAddress | undefined): Uint8Array {
  const nodeId = target?.id === undefined ? undefined : decodeHex(target.id)
  if (nodeId === undefined) throw new Error('a dial without a node id')
  return nodeId
}
