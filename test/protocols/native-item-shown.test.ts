import { expect, test } from 'vitest'
import type { Runs } from '../../actors/runs.ts'
import { shownItems } from '../../protocols/native/item-shown.ts'

const ALICE = 'a'.repeat(64)
const BOB = 'b'.repeat(64)

test('of each origin that something is missing of it is shown how far it is, and who is asked', () => {
  const held = new Map<string, Runs>([[ALICE, [0n, 9n]]])
  const shown = shownItems({
    store: {
      held: (origin) => held.get(origin) ?? [],
      sizes: () => ({ origins: 1, items: 10, bytes: 100 }),
    },
    pulls: { asked: () => [{ connection: 'in-1', origin: ALICE, first: 10n, last: 14n }] },
    wanted: new Map([
      ['in-1', new Map<string, Runs>([[ALICE, [10n, 29n]]])],
      [
        'in-2',
        new Map<string, Runs>([
          [ALICE, [20n, 39n]],
          [BOB, [3n, 3n]],
        ]),
      ],
    ]),
  })
  expect(shown).toEqual({
    counts: { origins: 1, items: 10, bytes: 100, asked: 1 },
    progress: [
      {
        ...{ what: 'items of aaaaaaaaaaaa', done: 10, total: 40 },
        window: [{ from: 10, to: 15, is: 'asked', connection: 'in-1' }],
      },
      { what: 'items of bbbbbbbbbbbb', done: 0, total: 1, window: [] },
    ],
  })
})

test('of many origins some are shown', () => {
  const wanted = Array.from({ length: 40 }, (_, index): [string, Runs] => [
    String(index).padStart(64, '0'),
    [0n, 0n],
  ])
  const { progress } = shownItems({
    store: { held: () => [], sizes: () => ({ origins: 0, items: 0, bytes: 0 }) },
    pulls: { asked: () => [] },
    wanted: new Map([['in-1', new Map(wanted)]]),
  })
  expect(progress?.length).toBe(16)
})
