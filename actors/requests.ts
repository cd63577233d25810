/**
 * Requests as a sub-protocol: messages to one peer that get exactly one answer. What the application
 * asks is `outgoing-requests.ts`, what peers ask is `incoming-requests.ts`; here they become one actor.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { ChildSpec } from './child.ts'
import { keepIncoming, startIncoming } from './incoming-requests.ts'
import type { IncomingKept } from './incoming-requests.ts'
import { keepOutgoing, startOutgoing } from './outgoing-requests.ts'
import type { OutgoingKept } from './outgoing-requests.ts'
import type { RequestsAdapter, RequestsLimits } from './requests-contract.ts'

/** Calls of our own, answers owed and answers given. */
export interface RequestsKept {
  readonly incoming: IncomingKept
  readonly outgoing: OutgoingKept
}

export interface RequestsOptions<T extends ProtocolTypes> {
  readonly adapter: RequestsAdapter<T>
  readonly limits: RequestsLimits
}

export function requestsActor<T extends ProtocolTypes>({
  adapter,
  limits,
}: RequestsOptions<T>): ChildSpec<T, RequestsKept> {
  return {
    name: 'requests',
    restart: 'permanent',
    uses: ['answer'],
    keep: () => ({
      incoming: keepIncoming(adapter, limits),
      outgoing: keepOutgoing(adapter, limits),
    }),
    start(tools, kept) {
      let sweeping = false
      /** Expiry is looked at with each question; this is for memory alone. */
      const sweepLater = (): void => {
        if (sweeping) return
        sweeping = true
        tools.after(limits.answersKeptMs, () => {
          sweeping = false
          const isMore = [incoming.sweep(), outgoing.sweep()].includes(true)
          if (isMore) sweepLater()
        })
      }
      const options = { adapter, limits, onKept: sweepLater }
      const incoming = startIncoming(tools, kept.incoming, options)
      const outgoing = startOutgoing(tools, kept.outgoing, options)
      tools.show(() => {
        const {
          incoming: { owed },
          outgoing: { calls, remotes },
        } = kept
        const owedCount = [...owed.values()].reduce((sum, { size }) => sum + size, 0)
        return { counts: { calls: calls.size, peers: remotes.size, answersOwed: owedCount } }
      })
      // What an earlier incarnation kept is let go by this one.
      sweepLater()
      tools.serve(outgoing.services)
      adapter.feed(tools, {
        asked: incoming.asked,
        oversized: incoming.oversized,
        answered: outgoing.answered,
      })
      return () => {
        incoming.stop()
        outgoing.stop()
      }
    },
  }
}
