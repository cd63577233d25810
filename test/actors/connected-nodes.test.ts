import { expect, test } from 'vitest'
import { areConnected } from '../../actors/connected-nodes.ts'

type Phase = 'handshaking' | 'active'

/** Nodes by their names; a link is what the first of the two holds for a session with the second. */
const nodesOf = (names: string, ...links: readonly (readonly [string, string, Phase?])[]) =>
  [...names].map((name) => ({
    ...{ name, identity: undefined },
    audit: () => ({ remembered: {} }),
    connections: () =>
      links
        .filter(([from]) => from === name)
        .map(([, to, phase = 'active' as const]) => ({
          ...{ name: `${name} ${to}`, peer: to, phase, identity: undefined, facts: undefined },
        })),
  }))
const both = (one: string, other: string) =>
  [
    [one, other],
    [other, one],
  ] as const

test('nodes hang together where sessions lead from each to each other', () => {
  expect(areConnected(nodesOf('abc', ...both('a', 'b'), ...both('b', 'c')))).toBe(true)
  expect(areConnected(nodesOf('abcd', ...both('a', 'b'), ...both('c', 'd')))).toBe(false)
  expect(areConnected(nodesOf('ab'))).toBe(false)
  expect(areConnected(nodesOf('a'))).toBe(true)
  expect(areConnected([])).toBe(true)
})

test('what one side alone holds for a session, or what is none yet, leads nowhere', () => {
  expect(areConnected(nodesOf('ab', ['a', 'b']))).toBe(false)
  expect(areConnected(nodesOf('ab', ['a', 'b'], ['b', 'a', 'handshaking']))).toBe(false)
})
