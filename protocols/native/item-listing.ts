/**
 * What is kept about a topic, for an application that needs all of it: one that was killed between the
 * medium and its subscriber was never handed what it holds.
 * @module
 */
import { runsHave } from '../../actors/runs.ts'
import type { ChildTools } from '../../actors/child.ts'
import type { Delivery } from '../../actors/services.ts'
import { decodeHex, encodeHex } from '../../codec/bytes.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { decodeItem, keyBehind } from './item-entries.ts'
import type { ItemStore } from './item-store.ts'

/** Entries that one page looks at: with the largest payloads 16 MiB. A page may end before its `max`. */
const LOOKED_AT_MAX = 256

export function startItemListing(
  { crypto, serve, store }: Pick<ChildTools<NativeTypes>, 'crypto' | 'serve' | 'store'>,
  items: Pick<ItemStore, 'held'>,
): void {
  serve({
    list({ after, max, topic }, settle) {
      const behind = after === undefined ? new Uint8Array() : decodeHex(after)
      if (behind === undefined || !Number.isSafeInteger(max) || max < 1) {
        settle({ fault: 'bad-argument', message: 'this is not where a page ended, or no number' })
        return () => undefined
      }
      const deliveries: Delivery[] = []
      const entries = store.range('payloads', {
        ...(after === undefined ? {} : { from: keyBehind(behind) }),
        limit: LOOKED_AT_MAX,
      })
      let looked = 0
      let last: string | undefined
      for (const [key, value] of entries) {
        looked++
        last = encodeHex(key)
        const kept = decodeItem(crypto, key, value)
        const origin = kept && encodeHex(kept.item.originId)
        if (kept?.item.topic !== topic || origin === undefined) continue
        const { number, payload, timestampMs } = kept.item
        if (!runsHave(items.held(origin), number)) continue
        deliveries.push({
          ...{ topic, origin, number, kind: 'item' },
          id: encodeHex(kept.id),
          payload: payload.slice(),
          timestampMs: Number(timestampMs),
        })
        if (deliveries.length >= max) break
      }
      const isLast = looked < LOOKED_AT_MAX && deliveries.length < max
      settle({ value: { deliveries, next: isLast ? undefined : last } })
      return () => undefined
    },
  })
}
