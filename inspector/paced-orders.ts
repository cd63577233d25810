/**
 * Orders for a source in another process, handed on as that process takes them. One that stands still takes
 * none: what waits for it is what is looked at now, however often pages ask meanwhile, for a session that
 * ends before it began there leaves nothing behind.
 * @module
 */
import type { ToSource } from './remote-source.ts'

/** Handed on and not taken from this process: a page that opens asks for a dozen views. */
const UNTAKEN_MAX = 64
/** That wait, of one session: a page looks at sixteen things, and drops as many. */
const OF_SESSION_MAX = 33

/** Into the channel. @param onTaken once it has left this process, or cannot any more */
export type SendOrder = (order: ToSource, onTaken: () => void) => void

export interface PacedOrders {
  /** False: too many of its session wait already. A session's end always has room. */
  put(order: ToSource): boolean
  /** Nobody waits for what it was to bring. */
  forget(session: number): void
}

export function createPacedOrders(send: SendOrder): PacedOrders {
  /** Of each session in the order in which they came; sessions in that of their first. */
  const waiting = new Map<number, ToSource[]>()
  let untaken = 0

  const hand = (order: ToSource): void => {
    untaken++
    send(order, () => {
      untaken--
      handMore()
    })
  }

  const handMore = (): void => {
    while (untaken < UNTAKEN_MAX) {
      const [next] = waiting
      if (next === undefined) return
      const [session, orders] = next
      const order = orders.shift()
      if (orders.length === 0) waiting.delete(session)
      if (order !== undefined) hand(order)
    }
  }

  /** What it asked is asked no more; where it has not begun there, nothing ends. */
  const end = (order: ToSource, orders: readonly ToSource[]): void => {
    waiting.delete(order.session)
    if (orders[0]?.look !== 'open') waiting.set(order.session, [order])
  }

  return {
    put(order) {
      const { look, session } = order
      if (waiting.size === 0 && untaken < UNTAKEN_MAX) {
        hand(order)
        return true
      }
      const orders = waiting.get(session) ?? []
      if (look === 'close') {
        end(order, orders)
        return true
      }
      if (orders.length >= OF_SESSION_MAX) return false
      orders.push(order)
      waiting.set(session, orders)
      return true
    },
    forget(session) {
      waiting.delete(session)
    },
  }
}
