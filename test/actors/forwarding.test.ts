import { describe, expect, test } from 'vitest'
import { createForwarding } from '../../actors/forwarding.ts'
import type { Quota } from '../../actors/forwarding.ts'
import type { ChildShown } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import type { Phase } from '../../machines/reasons.ts'
import { seededRandom } from '../../transport/random.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'

const MESSAGE = { type: 'blob', payload: Uint8Array.of(1) } as const

const viewOf = (name: string, phase: Phase): ConnectionView<PlainTypes> => ({
  ...{ name, phase, role: 'dialler', slot: 'outbound', target: undefined, facts: undefined },
  remote: { host: '10.0.0.1', port: 1 },
  identity: `id of ${name}`,
  startedMs: 0,
  readyMs: 0,
})

interface Setup {
  /** Who is full is so from the start. */
  readonly full?: readonly string[]
  /** How many each takes. */
  readonly quota?: number
}

/** Connections by name and phase. */
function startNeighbours(
  phases: Readonly<Record<string, Phase>>,
  { full = [], quota = Infinity }: Setup = {},
) {
  const sent: string[] = []
  let shown: () => ChildShown = () => ({})
  const forwarding = createForwarding<PlainTypes>(
    {
      random: seededRandom('forwarding'),
      connections: () => Object.entries(phases).map(([name, phase]) => viewOf(name, phase)),
      send(name: string) {
        if (full.includes(name)) return 'full' as const
        sent.push(name)
        return 'queued' as const
      },
      show: (read) => (shown = read),
    },
    {
      limits: { forwardToAllMax: 3, forwardToSome: 2 },
      quota: createQuota(quota),
    },
  )
  return { ...forwarding, sent, overQuota: () => shown().totals?.['overQuota'] }
}

function createQuota(max: number): Quota {
  const noted: (string | undefined)[] = []
  return {
    isUsedUp: ({ identity }) => noted.filter((one) => one === identity).length >= max,
    note: ({ identity }) => noted.push(identity),
  }
}

const active = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, 'active' as const]))
const NOBODY = { senders: new Set<string>(), source: 'id of a', origin: 'nobody' }

test('an origin sends to all who are active, and counts who is full', () => {
  const { sendToAll, sent } = startNeighbours(
    { ...active('a', 'b', 'c'), d: 'handshaking', e: 'closing' },
    { full: ['b'] },
  )
  expect(sendToAll(MESSAGE)).toEqual({ queued: 2, dropped: 1 })
  expect(sent).toEqual(['a', 'c'])
})

describe('what is passed on', () => {
  test('goes to neither who sent it nor its origin', () => {
    const { passOn, sent } = startNeighbours(active('a', 'b', 'c'))
    const known = { ...NOBODY, senders: new Set(['a']), origin: 'id of b' }
    expect(passOn(MESSAGE, known)).toMatchObject({ queued: 1, dropped: 0 })
    expect(sent).toEqual(['c'])
  })

  test('goes to all as long as they are no crowd, whoever is not active yet', () => {
    const { passOn, sent } = startNeighbours({ ...active('a', 'b', 'c'), d: 'handshaking' })
    passOn(MESSAGE, NOBODY)
    expect(sent).toEqual(['a', 'b', 'c'])
  })

  test('goes to those alone who are named, also of a crowd', () => {
    const { passOn, sent } = startNeighbours(active('a', 'b', 'c', 'd', 'e', 'f'))
    const known = { ...NOBODY, senders: new Set(['a']), origin: 'id of b' }
    const only = new Set(['a', 'b', 'c', 'd', 'e', 'gone'])
    expect(passOn(MESSAGE, { ...known, only })).toMatchObject({ queued: 3, dropped: 0 })
    expect(sent).toEqual(['c', 'd', 'e'])
  })

  test('goes to a few of a crowd, each time to others, and never to who has it', () => {
    const { passOn, sent } = startNeighbours(active('a', 'b', 'c', 'd', 'e', 'f'))
    const known = { ...NOBODY, senders: new Set(['a']) }
    for (let time = 0; time < 50; time++) {
      expect(passOn(MESSAGE, known)).toMatchObject({ queued: 2, dropped: 0 })
      expect(new Set(sent.slice(-2)).size).toBe(2)
    }
    expect([...new Set(sent)].sort()).toEqual(['b', 'c', 'd', 'e', 'f'])
  })
})

describe('whose quota is used up', () => {
  test('gets nothing more, whoever’s it is, and counts as dropped', () => {
    const { overQuota, passOn, sendToAll, sent } = startNeighbours(active('a', 'b'), { quota: 2 })
    expect(sendToAll(MESSAGE)).toEqual({ queued: 2, dropped: 0 })
    const known = { ...NOBODY, senders: new Set(['b']) }
    expect(passOn(MESSAGE, known)).toMatchObject({ queued: 1, dropped: 0 })
    expect(sendToAll(MESSAGE)).toEqual({ queued: 1, dropped: 1 })
    expect(passOn(MESSAGE, NOBODY)).toEqual({
      ...{ queued: 0, dropped: 2 },
      lacking: new Set(['a', 'b']),
    })
    expect(sent).toEqual(['a', 'b', 'a', 'b'])
    expect(overQuota()).toBe(3)
  })

  test('is nobody whose lane was full all the time', () => {
    const { overQuota, sendToAll, sent } = startNeighbours(active('a', 'b'), {
      ...{ full: ['b'], quota: 1 },
    })
    expect(sendToAll(MESSAGE)).toEqual({ queued: 1, dropped: 1 })
    expect(sendToAll(MESSAGE)).toEqual({ queued: 0, dropped: 2 })
    // Of the two the second time, one alone had had its own.
    expect([sent, overQuota()]).toEqual([['a'], 1])
  })
})
