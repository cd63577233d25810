/**
 * How many publications of a neighbour are looked at (native protocol, section 13): so many
 * within a window, what is above is dropped; far more is a flood, and a strike each window. What is
 * dropped does not count against what is looked at: a neighbour a little too fast is heard all the same.
 * Whoever raises the first number alone has raised the second: what is looked at is no flood.
 * @module
 */
import type { ChildTools, PeerReference } from '../../actors/child.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { NativeLimits } from './limits.ts'
import { createRates } from './rates.ts'

export interface PublicationRates {
  /** Whether one more of this neighbour is looked at. */
  admit(peer: PeerReference): boolean
}

export function createPublicationRates(
  tools: Pick<ChildTools<NativeTypes>, 'monotonicMs' | 'report' | 'watch'>,
  {
    publicationsPerWindowMax,
    publicationsStrikeMax,
    publicationsWindowMs,
  }: Pick<
    NativeLimits,
    'publicationsPerWindowMax' | 'publicationsStrikeMax' | 'publicationsWindowMs'
  >,
): PublicationRates {
  const bornMax = Math.max(publicationsStrikeMax, publicationsPerWindowMax)
  const came = createRates(publicationsWindowMs, bornMax + 1)
  const admitted = createRates(publicationsWindowMs, publicationsPerWindowMax)
  const struck = createRates(publicationsWindowMs, 1)
  const all = [came, admitted, struck]

  // Whoever leaves and comes back has had what it has had.
  tools.watch({
    gone() {
      const nowMs = tools.monotonicMs()
      for (const rates of all) rates.sweep(nowMs)
    },
  })

  return {
    admit({ connection, identity = connection }) {
      const nowMs = tools.monotonicMs()
      const isFlood = came.note(identity, nowMs) > bornMax
      if (isFlood && struck.count(identity, nowMs) === 0) {
        struck.note(identity, nowMs)
        tools.report(connection, 'publication-flood')
      }
      if (admitted.count(identity, nowMs) >= publicationsPerWindowMax) return false
      admitted.note(identity, nowMs)
      return true
    },
  }
}
