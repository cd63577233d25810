/**
 * What the connections of a node share in the BOTD network: its key, and the Inits that were seen. It
 * makes and checks Init and Ack; what is long of that, signing, verifying and the shared secret, it
 * hands out as jobs.
 * @module
 */
import { createHandshakeExchanges } from '../../actors/handshake-exchanges.ts'
import type { Asking, Later, NodePart, NodeTools } from '../../actors/protocol.ts'
import { decodeHex, encodeHex } from '../../codec/bytes.ts'
import type { BotdAddress } from '../../codec/botd/address.ts'
import { sessionKeysOf, signedBytes, transcriptOf } from '../../codec/botd/handshake-bytes.ts'
import { encodeAck, encodeInit } from '../../codec/botd/handshake-codec.ts'
import type { AckMessage, InitMessage } from '../../codec/botd/messages.ts'
import { KEYS_SLOT } from '../../machines/handshakes/botd.ts'
import type {
  BotdAnswer,
  BotdQuestion,
  BotdRefusal,
  BotdTypes,
} from '../../machines/handshakes/botd.ts'
import type { JobResult } from '../../world/jobs.ts'
import { checkAck, checkInit } from './checks.ts'
import type { Ours, Theirs } from './exchanges.ts'
import { drawId } from './ids.ts'
import { createInitCache } from './init-cache.ts'
import type { BotdLimits } from './limits.ts'
import type { OwnIdentity } from './own-identity.ts'

type Answer = BotdAnswer | Later<BotdAnswer>
type Check = Extract<BotdQuestion, { readonly type: 'check' }>
type About = Asking<BotdTypes>

const PASSED: BotdAnswer = { type: 'passed' }
const refuse = (detail: BotdRefusal): BotdAnswer => ({ type: 'refused', detail })

export function createNodePart(
  tools: NodeTools<BotdTypes>,
  { own, limits }: { readonly own: OwnIdentity; readonly limits: BotdLimits },
): NodePart<BotdTypes> {
  const { crypto } = tools
  const exchanges = createHandshakeExchanges<Ours, Theirs>(crypto)
  const inits = createInitCache(limits)

  // ---- making Init and Ack -------------------------------------------------------------------

  /** Signs the key of this connection to `otherKey`; `encode` gets the signature and gives the payload. */
  const sign = (
    { connection, random }: About,
    otherKey: Uint8Array,
    encode: (id: string, ephemeralKey: Uint8Array, signature: Uint8Array) => Uint8Array,
    type: 'greeting' | 'response',
  ): Later<BotdAnswer> => {
    const ephemeralKey = exchanges.draw(connection.name, random)
    const id = drawId(random)
    return {
      job: {
        operation: 'sign',
        message: signedBytes(own.publicKey, otherKey, ephemeralKey),
        privateKey: own.privateKey,
      },
      finish(signature) {
        if (!(signature instanceof Uint8Array)) throw new Error('our own key did not sign')
        const raw = encode(id, ephemeralKey, signature)
        exchanges.note(connection.name, { ours: { raw, id, ephemeralKey } })
        return { type, raw }
      },
    }
  }

  const greet = (about: About): Answer => {
    const recipientKey = dialledKeyOf(about.connection.target)
    const encode = (id: string, ephemeralKey: Uint8Array, signature: Uint8Array) =>
      encodeInit({ id, senderKey: own.publicKey, recipientKey, ephemeralKey, signature })
    return sign(about, recipientKey, encode, 'greeting')
  }

  const respond = (about: About): Answer => {
    const { id: initId, staticKey } = exchanges.theirs(about.connection.name)
    const encode = (id: string, ephemeralKey: Uint8Array, signature: Uint8Array) =>
      encodeAck({ id, initId, ephemeralKey, signature })
    return sign(about, staticKey, encode, 'response')
  }

  // ---- checking the other side's -------------------------------------------------------------

  const verify = (
    signature: Uint8Array,
    { ephemeralKey, staticKey }: Theirs,
    finish: (isValid: boolean) => BotdAnswer,
  ): Later<BotdAnswer> => ({
    job: {
      operation: 'verify',
      message: signedBytes(staticKey, own.publicKey, ephemeralKey),
      signature,
      publicKey: staticKey,
    },
    finish: (verdict: JobResult) => finish(verdict === true),
  })

  /** What is left once the signature is right: the key is its owner's, though it may be a copy. */
  const admit = ({ connection }: About, theirs: Theirs): BotdAnswer => {
    const identity = encodeHex(theirs.staticKey)
    const bannedMs = tools.banned(identity) ?? tools.banned(identity, connection.remote.host)
    if (bannedMs !== undefined) return refuse('identity-banned')
    exchanges.note(connection.name, { theirs })
    return PASSED
  }

  const hearInit = (init: InitMessage, { bufferedBytes }: Check, raw: Uint8Array, about: About) => {
    const wrong = checkInit(init, { bufferedBytes, crypto, ownKey: own.publicKey })
    if (wrong !== undefined) return refuse(wrong)
    const { ephemeralKey, id, senderKey, signature } = init
    const seen = encodeHex(senderKey) + encodeHex(ephemeralKey)
    if (inits.has(seen, tools.monotonicMs())) return refuse('replayed-init')
    const theirs: Theirs = { raw, id, staticKey: senderKey, ephemeralKey }
    return verify(signature, theirs, (isValid) => {
      if (!isValid) return refuse('invalid-signature')
      const nowMs = tools.monotonicMs()
      // Its copy on another connection may have been quicker.
      if (inits.has(seen, nowMs)) return refuse('replayed-init')
      inits.note(seen, nowMs)
      return admit(about, theirs)
    })
  }

  const hearAck = (ack: AckMessage, raw: Uint8Array, about: About): Answer => {
    const ours = exchanges.ours(about.connection.name)
    const dialledKey = dialledKeyOf(about.connection.target)
    const wrong = checkAck(ack, {
      crypto,
      dialledKey,
      ourId: ours.id,
      ourKeys: [own.publicKey, ours.ephemeralKey],
    })
    if (wrong !== undefined) return refuse(wrong)
    const { ephemeralKey, id, signature } = ack
    const theirs: Theirs = { raw, id, staticKey: dialledKey, ephemeralKey }
    return verify(signature, theirs, (isValid) =>
      isValid ? admit(about, theirs) : refuse('invalid-signature'),
    )
  }

  const check = (question: Check, about: About): Answer => {
    const { message, raw } = question
    if (raw === undefined) throw new Error('the wire kept the payload of a handshake to itself')
    return message.type === 'init'
      ? hearInit(message, question, raw, about)
      : hearAck(message, raw, about)
  }

  // ---- the keys ------------------------------------------------------------------------------

  const derive = ({ connection, random, secrets }: About): Answer => {
    const ours = exchanges.ours(connection.name)
    const theirs = exchanges.theirs(connection.name)
    return exchanges.derive(connection, (sharedX, init, ack): BotdAnswer => {
      const transcript = transcriptOf(crypto, init, ack)
      // A session that was left meanwhile takes none, and nobody would overwrite them.
      if (connection.phase !== 'closing') {
        secrets.set(KEYS_SLOT, sessionKeysOf(crypto, connection.role, sharedX, transcript))
      }
      return {
        type: 'derived',
        facts: {
          identity: encodeHex(theirs.staticKey),
          sessionId: encodeHex(transcript),
          farewellId: drawId(random),
        },
        confirm: { type: 'sessionConfirm', id: drawId(random), handshakeId: theirs.id },
        handshakeId: ours.id,
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
    ready({ name, role }) {
      if (role !== 'listener') return
      const active = tools
        .connections()
        .filter((one) => one.role === role && one.phase === 'active')
      // Counted here and not when it came in: whoever does not confirm takes nobody's place.
      if (active.length > limits.inboundMax) tools.close(name, 'slots-full')
    },
    closed(connection) {
      exchanges.forget(connection.name)
    },
    counts: () => ({ exchanges: exchanges.size, inits: inits.size }),
  }
}

/** @throws {Error} an address without a key was dialled: `parse` makes none */
function dialledKeyOf(target: BotdAddress | undefined): Uint8Array {
  const key = target?.identity === undefined ? undefined : decodeHex(target.identity)
  if (key === undefined) throw new Error('a dial without a public key')
  return key
}
