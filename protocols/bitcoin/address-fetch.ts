/**
 * A connection that was made to ask for addresses: the session asks, and it is over when they came, or when
 * they have not for long. One address alone is the peer's own, and no answer.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { SLOTS } from './slots.ts'

/** Ten times what a node waits in the mean before it tells addresses. */
const WAIT_MS = 300_000

type Tools = ChildTools<BitcoinTypes>
type View = ConnectionView<BitcoinTypes>

export const addressFetchChild = (): ChildSpec<BitcoinTypes, undefined> => ({
  name: 'address-fetch',
  restart: 'permanent',
  keep: () => undefined,
  start: startAddressFetch,
})

function startAddressFetch(tools: Tools): () => void {
  const waiting = new Map<string, () => void>()

  const begin = ({ name, slot, startedMs }: View): void => {
    if (slot !== SLOTS.addressFetch) return
    const leftMs = Math.max(0, startedMs + WAIT_MS - tools.monotonicMs())
    const cancel = tools.after(leftMs, () => {
      tools.close(name, 'addresses-not-told')
    })
    waiting.set(name, cancel)
  }

  tools.watch({
    active: begin,
    gone({ name }) {
      waiting.get(name)?.()
      waiting.delete(name)
    },
  })
  for (const type of ['addr', 'addrv2'] as const) {
    tools.feed(type, ({ message: { entries }, peer: { connection } }) => {
      if (!waiting.has(connection) || entries.length <= 1) return
      // In a later step: whoever keeps addresses gets these first.
      tools.after(0, () => {
        tools.close(connection, 'addresses-fetched')
      })
    })
  }
  for (const view of tools.connections()) if (view.phase === 'active') begin(view)
  return () => undefined
}
