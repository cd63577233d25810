/**
 * How many publications of a kind a neighbour is sent (native protocol, section 13): no more than it
 * looks at. It would drop the others, and take far more for a flood of ours, though each neighbour that
 * we had them from sent no more than it may.
 *
 * A part is kept for our own, and what is passed on shares the rest fairly among those who sent it:
 * else one neighbour that sends all that it may would silence us, and everybody behind us.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import { mayHoldMore } from '../../actors/fair-share.ts'
import type { Quota } from '../../actors/forwarding.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { NativeLimits } from './limits.ts'

/** One in so many places is for our own alone. */
const OWN_SHARE = 10

interface Sent {
  readonly atMs: number
  /** Who had sent it; undefined: it was our own. */
  readonly source: string | undefined
}

/** What one neighbour was sent within the window. */
interface Neighbour {
  /** The oldest first; those before `first` are out of the window. */
  sent: Sent[]
  first: number
  passedOn: number
  /** Of what was passed on. */
  readonly bySource: Map<string, number>
}

/** Other nodes are taken to look at as many as this one. */
export function createPublicationQuota(
  tools: Pick<ChildTools<NativeTypes>, 'monotonicMs' | 'watch'>,
  {
    publicationsPerWindowMax,
    publicationsWindowMs,
  }: Pick<NativeLimits, 'publicationsPerWindowMax' | 'publicationsWindowMs'>,
): Quota {
  const passedOnMax = publicationsPerWindowMax - Math.floor(publicationsPerWindowMax / OWN_SHARE)
  /** By identity: whoever leaves and comes back has had what it has had. */
  const neighbours = new Map<string, Neighbour>()

  const countPassedOn = (neighbour: Neighbour, source: string, more: 1 | -1): void => {
    const count = (neighbour.bySource.get(source) ?? 0) + more
    neighbour.passedOn += more
    if (count === 0) neighbour.bySource.delete(source)
    else neighbour.bySource.set(source, count)
  }

  const forgetOld = (neighbour: Neighbour): void => {
    const sinceMs = tools.monotonicMs() - publicationsWindowMs
    for (;;) {
      const oldest = neighbour.sent[neighbour.first]
      if (oldest === undefined || oldest.atMs > sinceMs) break
      neighbour.first++
      if (oldest.source !== undefined) countPassedOn(neighbour, oldest.source, -1)
    }
    if (neighbour.first * 2 <= neighbour.sent.length) return
    neighbour.sent = neighbour.sent.slice(neighbour.first)
    neighbour.first = 0
  }

  tools.watch({
    gone() {
      for (const [key, neighbour] of neighbours) {
        forgetOld(neighbour)
        if (neighbour.sent.length === 0) neighbours.delete(key)
      }
    },
  })

  return {
    isUsedUp({ identity, name }, source, here) {
      const key = identity ?? name
      const neighbour = neighbours.get(key)
      if (neighbour === undefined) return publicationsPerWindowMax === 0
      forgetOld(neighbour)
      if (neighbour.sent.length - neighbour.first >= publicationsPerWindowMax) return true
      if (source === undefined) return false
      const { bySource: held, passedOn: taken } = neighbour
      // What it sends itself is not sent to it.
      return !mayHoldMore(source, { max: passedOnMax, taken, held, here, except: key })
    },
    note({ identity, name }, source) {
      const key = identity ?? name
      const neighbour = neighbours.get(key) ?? {
        ...{ sent: [], first: 0, passedOn: 0 },
        bySource: new Map<string, number>(),
      }
      neighbours.set(key, neighbour)
      neighbour.sent.push({ atMs: tools.monotonicMs(), source })
      if (source !== undefined) countPassedOn(neighbour, source, 1)
    },
  }
}
