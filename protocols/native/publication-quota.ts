/**
 * How many publications of a kind a neighbour is sent (native protocol, section 13): no more than it
 * looks at. It would drop the others, and take far more for a flood of ours, though each neighbour that
 * we had them from sent no more than it may.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import type { Quota } from '../../actors/forwarding.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { NativeLimits } from './limits.ts'
import { createRates } from './rates.ts'

/** Other nodes are taken to look at as many as this one. */
export function createPublicationQuota(
  tools: Pick<ChildTools<NativeTypes>, 'monotonicMs' | 'watch'>,
  {
    publicationsPerWindowMax,
    publicationsWindowMs,
  }: Pick<NativeLimits, 'publicationsPerWindowMax' | 'publicationsWindowMs'>,
): Quota {
  const sent = createRates(publicationsWindowMs, publicationsPerWindowMax)

  // Whoever leaves and comes back has had what it has had.
  tools.watch({
    gone() {
      sent.sweep(tools.monotonicMs())
    },
  })

  return {
    isUsedUp: ({ identity, name }) =>
      sent.count(identity ?? name, tools.monotonicMs()) >= publicationsPerWindowMax,
    note({ identity, name }) {
      sent.note(identity ?? name, tools.monotonicMs())
    },
  }
}
