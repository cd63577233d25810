/**
 * What we broadcast: numbered, signed, and sent to every neighbour (native protocol,
 * section 13). Its report says to how many, which may be none.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import type { Forwarding } from '../../actors/forwarding.ts'
import type { Outcome, Publication, PublishReport } from '../../actors/services.ts'
import { encodeHex, encodeUtf8 } from '../../codec/bytes.ts'
import { KEY_TYPE_SECP256K1 } from '../../codec/native/identity.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'
import { PUBLICATION_BYTES_MAX, TOPIC_BYTES_MAX } from '../../codec/native/messages.ts'
import type { BroadcastMessage } from '../../codec/native/messages.ts'
import { broadcastBytes, publicationIdOf } from '../../codec/native/publication-bytes.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { NativeLimits } from './limits.ts'
import { startSequence } from './sequence.ts'
import type { SequenceKept } from './sequence.ts'

export interface BroadcastingOptions {
  readonly network: string
  readonly own: NodeIdentity
  readonly limits: Pick<NativeLimits, 'hops' | 'pendingPublicationsMax'>
  readonly forwarding: Pick<Forwarding<BroadcastMessage>, 'sendToAll'>
}

interface SignedBroadcast {
  readonly id: string
  readonly message: BroadcastMessage
}

/** A sentence of what keeps it from being published. */
export function wrongWithPublication({ payload, topic }: Publication): string | undefined {
  // Who calls from JavaScript was told by no compiler.
  if (typeof (topic as unknown) !== 'string') return 'the topic is no text'
  if (!((payload as unknown) instanceof Uint8Array)) return 'the payload is no Uint8Array'
  if (payload.length > PUBLICATION_BYTES_MAX) {
    return `the payload has ${payload.length} bytes; ${PUBLICATION_BYTES_MAX} are the limit`
  }
  const topicBytes = encodeUtf8(topic).length
  return topicBytes > TOPIC_BYTES_MAX
    ? `the topic has ${topicBytes} bytes; ${TOPIC_BYTES_MAX} are the limit`
    : undefined
}

/** Returns how to stop it. */
export function startBroadcasting(
  tools: ChildTools<NativeTypes>,
  kept: SequenceKept,
  { forwarding, limits, network, own }: BroadcastingOptions,
): () => void {
  const { crypto } = tools
  const numbers = startSequence(tools, kept)
  let underWay = 0

  /** `done` gets nothing where the signature did not come about. */
  const sign = (
    { payload, topic }: Publication,
    sequence: bigint,
    done: (signed: SignedBroadcast | undefined) => void,
  ): void => {
    const unsigned = {
      ...{ sequence, topic, payload, originId: own.nodeId },
      timestampMs: BigInt(tools.wallMs()),
    }
    const bytes = broadcastBytes(crypto, network, unsigned)
    const job = { operation: 'sign', message: bytes, privateKey: own.privateKey } as const
    tools.run(job, (signature) => {
      if (!(signature instanceof Uint8Array)) {
        done(undefined)
        return
      }
      const message: BroadcastMessage = {
        ...unsigned,
        type: 'broadcast',
        originPublicKey: own.publicKey,
        keyType: KEY_TYPE_SECP256K1,
        hopsLeft: limits.hops,
        signature,
      }
      done({ message, id: encodeHex(publicationIdOf(crypto, bytes)) })
    })
  }

  const publish = (
    publication: Publication,
    settle: (outcome: Outcome<PublishReport>) => void,
  ): (() => void) => {
    const refuse = (fault: 'bad-argument' | 'busy', message: string): (() => void) => {
      settle({ fault, message })
      return () => undefined
    }
    const wrong = wrongWithPublication(publication)
    if (wrong !== undefined) return refuse('bad-argument', wrong)
    if (underWay >= limits.pendingPublicationsMax) {
      return refuse('busy', `${underWay} publications are under way already`)
    }

    underWay++
    let isWanted = true
    const end = (): void => {
      if (!isWanted) return
      isWanted = false
      underWay--
    }
    const fail = (fault: 'restarting' | 'store-failed', message: string): void => {
      end()
      settle({ fault, message })
    }
    const untake = numbers.take((outcome) => {
      if (outcome === 'store-failed') {
        fail('store-failed', 'the store did not keep the number')
        return
      }
      sign(publication, outcome.sequence, (signed) => {
        if (!isWanted) return
        if (signed === undefined) {
          fail('restarting', 'the signature was not made')
          return
        }
        end()
        settle({ value: { id: signed.id, ...forwarding.sendToAll(signed.message) } })
      })
    })
    return () => {
      untake()
      end()
    }
  }

  tools.serve({ publishes: [undefined, 'broadcast'], publish })
  return () => {
    numbers.stop()
  }
}
