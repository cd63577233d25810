/**
 * A stream promises order and nothing of where it is cut, and it can end anywhere.
 * @module
 */
import type { Role } from '../../codec/wire.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import { coalesced, oneByte, splitAt } from '../../transport/memory/chunking.ts'
import type { Chunking } from '../../transport/memory/chunking.ts'
import type { ContractCase } from '../suite.ts'
import { edgesIn, positionsIn } from './positions.ts'
import { HOSTS, playScene, sameMessages } from './scene.ts'
import type { Scene } from './scene.ts'
import type { ProtocolSubject } from './subject.ts'
import { impressionOf, otherRole, startPair, visit } from './visit.ts'
import type { Impression } from './visit.ts'

interface Visited {
  readonly isWhole: boolean
  readonly impressions: Readonly<Record<Role, Impression>>
  readonly deliveries: Readonly<Record<Role, readonly number[]>>
  readonly units: Readonly<Record<Role, readonly number[]>>
}

const ROLES = ['dialler', 'listener'] as const

/** What comes in on one side alone is cut so. */
const onlyFor =
  (role: Role, chunking: Chunking): Chunking =>
  (ready, reader) =>
    reader === HOSTS[role] ? chunking(ready, reader) : ready.readyBytes

function visited<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  leaver: Role,
  prepare: (scene: Scene<T>) => void,
): (scene: Scene<T>) => Visited {
  return (scene) => {
    prepare(scene)
    const pair = startPair(scene)
    const isWhole = visit(scene, subject, pair, leaver)
    const { dialler, listener } = pair
    return {
      isWhole,
      impressions: { dialler: impressionOf(dialler), listener: impressionOf(listener) },
      deliveries: { dialler: dialler.deliveries(), listener: listener.deliveries() },
      units: { dialler: dialler.units, listener: listener.units },
    }
  }
}

/** Undefined where not all that came was units: what a wire agrees on by itself is none. */
function unitEdgesOf(whole: Visited, reader: Role): ReadonlySet<number> | undefined {
  const edges = edgesIn(whole.units[reader])
  const isAll = edges.at(-1) === edgesIn(whole.deliveries[reader]).at(-1)
  return isAll ? new Set(edges) : undefined
}

const same = (one: unknown, other: unknown): boolean => sameMessages([one], [other])

/** The exchange as it goes when nothing disturbs it. @throws {Error} it does not come to its end */
async function undisturbed<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  leaver: Role,
): Promise<Visited> {
  const whole = await playScene(
    subject,
    'undisturbed',
    visited(subject, leaver, () => undefined),
  )
  if (!whole.isWhole) {
    throw new Error('the exchange does not come to its end', { cause: whole.impressions })
  }
  for (const role of ROLES) {
    const { heard } = whole.impressions[role]
    if (!sameMessages(heard, subject.talk[otherRole(role)])) {
      throw new Error(`the ${role} did not get what the other side said`, { cause: heard })
    }
  }
  return whole
}

export function splitCases<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
): readonly ContractCase[] {
  const cases: ContractCase[] = []
  const chunkings: readonly (readonly [string, Chunking])[] = [
    ['all in one', coalesced],
    ['a byte at a time', oneByte],
  ]
  for (const leaver of ROLES) {
    cases.push({
      title: `a whole exchange, ended by the ${leaver}, is the same all in one and a byte at a time`,
      async run() {
        const whole = await undisturbed(subject, leaver)
        for (const [name, chunking] of chunkings) {
          const again = await playScene(
            subject,
            name,
            visited(subject, leaver, ({ world }) => {
              world.network.setChunking(chunking)
            }),
          )
          if (!same(again.impressions, whole.impressions)) {
            throw new Error(`${name} it is another exchange`, { cause: again.impressions })
          }
        }
      },
    })
  }
  for (const reader of ROLES) {
    cases.push({
      title: `what comes to the ${reader} may be split anywhere`,
      async run() {
        const whole = await undisturbed(subject, 'dialler')
        const positions = positionsIn(whole.deliveries[reader])
        for (const position of positions) {
          const where = `split at ${position}`
          const chunking = onlyFor(reader, splitAt([position]))
          const again = await playScene(
            subject,
            where,
            visited(subject, 'dialler', ({ world }) => {
              world.network.setChunking(chunking)
            }),
          )
          if (same(again.impressions, whole.impressions)) continue
          throw new Error(`${where} it is another exchange`, { cause: again.impressions })
        }
        return `${positions.length} places`
      },
    })
    cases.push({
      title: `what comes to the ${reader} may end anywhere, and it is noticed at once`,
      async run() {
        const whole = await undisturbed(subject, 'dialler')
        const positions = positionsIn(whole.deliveries[reader])
        const edges = unitEdgesOf(whole, reader)
        for (const position of positions) {
          await playScene(subject, `ended at ${position}`, (scene) => {
            const detail = endAt(scene, subject, reader, position)
            if (detail !== 'ended' || edges?.has(position) !== false) return
            throw new Error('it ended inside of a unit, and the wire says that it is clean')
          })
        }
        return `${positions.length} places`
      },
    })
  }
  return cases
}

/**
 * The detail of the end. Whoever left by himself before the end came has his own reason; nobody waits
 * for a deadline.
 */
function endAt<T extends ProtocolTypes>(
  scene: Scene<T>,
  subject: ProtocolSubject<T>,
  reader: Role,
  position: number,
): string {
  const pair = startPair(scene)
  pair[reader].tampering.endsAt = position
  visit(scene, subject, pair, 'dialler', () => pair[reader].closings().length > 0)
  const first = pair[reader].closings()[0]
  if (first === undefined) throw new Error('the end was not noticed')
  const allowed = ['asked', 'peer-left', 'peer-fault', 'refused-by-us', 'refused-by-peer']
  if (!allowed.includes(first.reason)) {
    throw new Error(`it ended as ${first.reason} ${first.detail}`)
  }
  if (first.reason === 'asked' && pair[reader].heard.length === 0 && reader === 'listener') {
    throw new Error('a listener that nobody asked to leave left')
  }
  return first.detail
}
