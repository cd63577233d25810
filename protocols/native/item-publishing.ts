/**
 * The items that this node publishes: numbered, signed, written, and sent once they are on the medium,
 * so that no number is used twice, whenever the process dies.
 *
 * They are signed one at a time, because the number is a part of what is signed: where the store did
 * not keep one, the next one takes its number.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import type { Forwarding } from '../../actors/forwarding.ts'
import type { Outcome, Publication, PublishReport } from '../../actors/services.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { KEY_TYPE_SECP256K1 } from '../../codec/native/identity.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'
import { itemBytes, publicationIdOf } from '../../codec/native/publication-bytes.ts'
import type { ItemMessage } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { wrongWithPublication } from './broadcasting.ts'
import type { ItemStore } from './item-store.ts'
import type { NativeLimits } from './limits.ts'

export interface ItemPublishingOptions {
  readonly network: string
  readonly own: NodeIdentity
  readonly limits: Pick<NativeLimits, 'hops' | 'pendingPublicationsMax'>
  readonly store: ItemStore
  readonly forwarding: Pick<Forwarding<ItemMessage>, 'sendToAll'>
  /** One more is on the medium. */
  onKept(): void
}

interface Publishing {
  readonly publication: Publication
  isWanted: boolean
  settle(outcome: Outcome<PublishReport>): void
}

export function startItemPublishing(
  tools: ChildTools<NativeTypes>,
  { forwarding, limits, network, onKept, own, store }: ItemPublishingOptions,
): void {
  const { crypto } = tools
  /** In their order; the first one is being signed. */
  const waiting: Publishing[] = []
  let beingWritten = 0
  let isSigning = false

  /** The one behind the last one that was written: a number that was not kept is free again. */
  const nextNumber = (): bigint => (store.known(own.id).at(-1) ?? -1n) + 1n

  const signNext = (): void => {
    while (waiting[0]?.isWanted === false) waiting.shift()
    const [next] = waiting
    if (isSigning || next === undefined) return
    isSigning = true
    const { payload, topic } = next.publication
    const unsigned = {
      ...{ number: nextNumber(), topic, payload, originId: own.nodeId },
      timestampMs: BigInt(tools.wallMs()),
    }
    const signed = itemBytes(crypto, network, unsigned)
    const job = { operation: 'sign', message: signed, privateKey: own.privateKey } as const
    tools.run(job, (signature) => {
      if (!(signature instanceof Uint8Array)) throw new Error('our own key did not sign')
      isSigning = false
      // The one before it was not kept meanwhile: its number is this one's.
      if (next.isWanted && unsigned.number === nextNumber()) {
        waiting.shift()
        keep(next, {
          ...unsigned,
          type: 'item' as const,
          originPublicKey: own.publicKey,
          keyType: KEY_TYPE_SECP256K1,
          hopsLeft: limits.hops,
          signature,
        })
      }
      signNext()
    })
  }

  const keep = (publishing: Publishing, item: Parameters<ItemStore['put']>[0]): void => {
    const id = encodeHex(publicationIdOf(crypto, itemBytes(crypto, network, item)))
    beingWritten++
    store.put(item, id, (outcome) => {
      beingWritten--
      if (outcome === 'failed') {
        const message = 'the store did not keep the item'
        if (publishing.isWanted) publishing.settle({ fault: 'store-failed', message })
        return
      }
      const sent = forwarding.sendToAll(item)
      onKept()
      if (publishing.isWanted) publishing.settle({ value: { id, ...sent } })
    })
  }

  const publish = (
    publication: Publication,
    settle: (outcome: Outcome<PublishReport>) => void,
  ): (() => void) => {
    const publishing: Publishing = { publication, isWanted: true, settle }
    const refuse = (fault: 'bad-argument' | 'busy', message: string): void => {
      settle({ fault, message })
    }
    const underWay = waiting.length + beingWritten
    const wrong = wrongWithPublication(publication)
    if (wrong !== undefined) refuse('bad-argument', wrong)
    else if (underWay >= limits.pendingPublicationsMax) {
      refuse('busy', `${underWay} items are under way already`)
    } else {
      waiting.push(publishing)
      signNext()
    }
    return () => {
      publishing.isWanted = false
    }
  }

  tools.serve({ publishes: ['item'], publish })
}
