/**
 * What the connections of the stand-in `bound` share: who we are, and whom we know already.
 * @module
 */
import { concatBytes, constantTimeEqual, encodeHex } from '../../../codec/bytes.ts'
import { printPlace } from '../../../codec/place.ts'
import type { ConnectionView, NodePart, NodeTools } from '../../../index.ts'
import { KEY_BYTES } from './bound-wire.ts'
import type { Answer, BoundTypes } from './bound-wire.ts'

const HELLO_BYTES = KEY_BYTES + 64
export function boundNode(tools: NodeTools<BoundTypes>, own: Uint8Array): NodePart<BoundTypes> {
  const { crypto } = tools
  const ownKey = crypto.publicKeyOf(own)
  const activeWith = (identity: string) =>
    tools.connections().find((one) => one.phase === 'active' && one.identity === identity)

  /** A dial that finds whom we know already has shown that he can be reached. */
  const known = ({ target }: ConnectionView<BoundTypes>, identity: string): Answer => {
    const other = activeWith(identity)
    if (other === undefined) return { identity }
    if (other.role === 'listener' && target !== undefined) {
      tools.tell(other.name, { reachable: printPlace(target) })
    }
    return { wrong: 'known' }
  }

  return {
    answer(question, { connection }) {
      if (question.ask === 'sign') {
        return {
          job: { operation: 'sign', message: question.binding, privateKey: own },
          finish: (signature) =>
            signature instanceof Uint8Array
              ? { hello: concatBytes(ownKey, signature) }
              : { wrong: 'bad-proof' },
        }
      }
      const { binding: message, hello } = question
      const publicKey = hello.slice(0, KEY_BYTES)
      if (hello.length !== HELLO_BYTES) return { wrong: 'bad-proof' }
      // Both sign the same: what we said comes back just as well signed.
      if (constantTimeEqual(publicKey, ownKey)) return { wrong: 'own-key' }
      return {
        job: { operation: 'verify', message, signature: hello.slice(KEY_BYTES), publicKey },
        finish: (verdict) =>
          verdict === true ? known(connection, encodeHex(publicKey)) : { wrong: 'bad-proof' },
      }
    },
  }
}
