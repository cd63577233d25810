/**
 * A store beside the simplest thing that could be one, a sorted list, under a few hundred drawn
 * batches and reads: whatever mix of durable, pending, replaced and removed entries comes about,
 * both must show the same.
 * @module
 */
import { deepEqual } from 'node:assert/strict'
import type { StoreChange } from '../world/store.ts'
import type { StoreCase } from './store-contract.ts'
import { bytes } from './store-handle.ts'
import type { StoreHandle } from './store-handle.ts'

/** Numerical Recipes' linear congruence: any spread will do, but always the same. */
function drawing(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export const modelCases: readonly StoreCase[] = [1, 2, 3].map((seed) => [
  `shows what a sorted list shows, under the drawn changes and reads number ${seed}`,
  (handle) => compare(handle, drawing(seed)),
])

async function compare(handle: StoreHandle, draw: (below: number) => number): Promise<void> {
  const model = new Map<string, number>()
  // Few and short keys, so that they meet: prefixes, replacements, removals of what is pending.
  const drawKey = () => Array.from({ length: 1 + draw(3) }, () => draw(4) * 85)

  for (let round = 0; round < 200; round++) {
    const changes = Array.from({ length: draw(8) }, (): StoreChange => {
      const key = drawKey()
      const value = draw(256)
      if (draw(3) > 0) {
        model.set(nameOf(key), value)
        return { table: 'a', key: bytes(...key), value: bytes(value) }
      }
      model.delete(nameOf(key))
      return { table: 'a', key: bytes(...key) }
    })
    const batch = handle.write(...changes)
    // All durable, or only what was written before, so that one key is durable and pending at once.
    const settled = draw(4)
    if (settled === 0) await handle.durable(batch)
    if (settled === 1) await handle.durable(batch - 1)

    const from = draw(2) === 0 ? undefined : drawKey()
    const before = draw(2) === 0 ? undefined : drawKey()
    const reverse = draw(2) === 0
    const limit = draw(3) === 0 ? draw(10) : 1_000
    const expected = [...model]
      .filter(([name]) => from === undefined || name >= nameOf(from))
      .filter(([name]) => before === undefined || name < nameOf(before))
      .sort(([one], [other]) => (one < other ? -1 : 1))
    if (reverse) expected.reverse()
    const range = {
      ...(from && { from: bytes(...from) }),
      ...(before && { before: bytes(...before) }),
      reverse,
      limit,
    }
    const found = [...handle.store.range('a', range)]
    deepEqual(
      found.map(([key, value]) => [nameOf(key), value[0]]),
      expected.slice(0, limit),
      `round ${round}`,
    )
    const key = drawKey()
    deepEqual(handle.store.get('a', bytes(...key))?.[0], model.get(nameOf(key)), `round ${round}`)
  }
}

/** Texts of two digits a byte are in the order of the bytes, a prefix first. */
function nameOf(key: Iterable<number>): string {
  return [...key].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
