/**
 * What the connections of the stand-in `keyed` share: who we are, what each agreed on, and when an
 * identity pinged last, over its reconnects as well.
 * @module
 */
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import { deriveDirectionKeys } from '../../../codec/sealed-records.ts'
import type { Asking, NodePart, NodeTools } from '../../../index.ts'
import { KEY_BYTES } from './keyed-wire.ts'
import type { KeyedTypes } from './keyed-wire.ts'

/** A second ping sooner than this ends the connection, whichever connection brought the first. */
export const PING_WINDOW_MS = 30_000

export function keyedNode(tools: NodeTools<KeyedTypes>, own: Uint8Array): NodePart<KeyedTypes> {
  const { crypto } = tools
  const ephemerals = new Map<string, Uint8Array>()
  const lastPings = new Map<string, number>()
  const greet = ({ connection, random }: Asking<KeyedTypes>): Uint8Array => {
    const ephemeral = ephemerals.get(connection.name) ?? random.fork('ephemeral').bytes(32)
    ephemerals.set(connection.name, ephemeral)
    return concatBytes(crypto.publicKeyOf(own), crypto.publicKeyOf(ephemeral))
  }
  return {
    answer(question, about) {
      const { name, role } = about.connection
      if (question.ask === 'greet') return { payload: greet(about) }
      if (question.ask === 'ping') {
        const nowMs = tools.monotonicMs()
        const sinceMs = nowMs - (lastPings.get(question.identity) ?? -Infinity)
        lastPings.set(question.identity, nowMs)
        return sinceMs < PING_WINDOW_MS ? 'refused' : 'fine'
      }
      const [theirKey, theirEphemeral] = [
        question.theirs.slice(0, KEY_BYTES),
        question.theirs.slice(KEY_BYTES),
      ]
      const payload = greet(about)
      const ephemeral = ephemerals.get(name)
      const fixed = crypto.sharedX(own, theirKey)
      if (ephemeral === undefined || fixed === undefined || !crypto.isPublicKey(theirEphemeral)) {
        return 'refused'
      }
      return {
        job: { operation: 'sharedX', privateKey: ephemeral, publicKey: theirEphemeral },
        finish(fresh) {
          if (!(fresh instanceof Uint8Array)) return 'refused'
          const { initiator, responder } = deriveDirectionKeys(crypto, {
            sharedX: fresh,
            transcript: crypto.sha256(fixed),
            initiatorLabel: 'keyed dialler',
            responderLabel: 'keyed listener',
          })
          const [send, receive] =
            role === 'dialler' ? [initiator, responder] : [responder, initiator]
          about.secrets.set('session', { send, receive })
          return { identity: encodeHex(theirKey), payload }
        },
      }
    },
    closed: ({ name }) => {
      ephemerals.get(name)?.fill(0)
      ephemerals.delete(name)
    },
    counts: () => ({ ephemerals: ephemerals.size }),
  }
}
