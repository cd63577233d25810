import { describe, expect, test } from 'vitest'
import { forward, sendToAll } from '../../actors/forwarding.ts'
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

/** Connections by name and phase; who is full is so from the start. */
function startNeighbours(phases: Readonly<Record<string, Phase>>, full: readonly string[] = []) {
  const sent: string[] = []
  return {
    sent,
    tools: {
      random: seededRandom('forwarding'),
      connections: () => Object.entries(phases).map(([name, phase]) => viewOf(name, phase)),
      send(name: string) {
        if (full.includes(name)) return 'full' as const
        sent.push(name)
        return 'queued' as const
      },
    },
  }
}

const active = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, 'active' as const]))
const LIMITS = { forwardToAllMax: 3, forwardToSome: 2 }
const NOBODY = { senders: new Set<string>(), origin: 'nobody' }

test('an origin sends to all who are active, and counts who is full', () => {
  const { sent, tools } = startNeighbours(
    { ...active('a', 'b', 'c'), d: 'handshaking', e: 'closing' },
    ['b'],
  )
  expect(sendToAll(tools, MESSAGE)).toEqual({ queued: 2, dropped: 1 })
  expect(sent).toEqual(['a', 'c'])
})

describe('what is passed on', () => {
  test('goes to neither who sent it nor its origin', () => {
    const { sent, tools } = startNeighbours(active('a', 'b', 'c'))
    const known = { senders: new Set(['a']), origin: 'id of b' }
    expect(forward(tools, MESSAGE, known, LIMITS)).toEqual({ queued: 1, dropped: 0 })
    expect(sent).toEqual(['c'])
  })

  test('goes to all as long as they are no crowd, whoever is not active yet', () => {
    const { sent, tools } = startNeighbours({ ...active('a', 'b', 'c'), d: 'handshaking' })
    forward(tools, MESSAGE, NOBODY, LIMITS)
    expect(sent).toEqual(['a', 'b', 'c'])
  })

  test('goes to a few of a crowd, each time to others, and never to who has it', () => {
    const { sent, tools } = startNeighbours(active('a', 'b', 'c', 'd', 'e', 'f'))
    const known = { senders: new Set(['a']), origin: 'nobody' }
    for (let time = 0; time < 50; time++) {
      expect(forward(tools, MESSAGE, known, LIMITS)).toEqual({ queued: 2, dropped: 0 })
      expect(new Set(sent.slice(-2)).size).toBe(2)
    }
    expect([...new Set(sent)].sort()).toEqual(['b', 'c', 'd', 'e', 'f'])
  })
})
