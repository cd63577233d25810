import { describe, expect, test } from 'vitest'
import { decodeHex, encodeHex } from '../../codec/bytes.ts'
import type { ChildChange, ChildStore } from '../../actors/child.ts'
import { createItemStore } from '../../protocols/native/item-store.ts'
import type { ItemLimits, UnsettledItems } from '../../protocols/native/item-store.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { idOf, identityOf, itemOf } from './native-items-support.ts'

const crypto = chooseCrypto()
type Table = 'arrivals' | 'origins' | 'own' | 'payloads'

/** A child's store in which a test decides what becomes of each batch, and sees all entries. */
function startTables() {
  let tables = new Map<string, Map<string, Uint8Array>>()
  const waiting: { readonly before: typeof tables; settle(outcome: 'durable' | 'failed'): void }[] =
    []
  const copy = () => new Map([...tables].map(([name, entries]) => [name, new Map(entries)]))
  const apply = (changes: readonly ChildChange[]): void => {
    for (const { key, table, value } of changes) {
      const entries = tables.get(table) ?? new Map<string, Uint8Array>()
      tables.set(table, entries)
      if (value === undefined) entries.delete(encodeHex(key))
      else entries.set(encodeHex(key), value.slice())
    }
  }
  const bytesOf = (hex: string) => decodeHex(hex) ?? new Uint8Array()
  const store: ChildStore = {
    get: (table, key) => tables.get(table)?.get(encodeHex(key))?.slice(),
    range: (table, { before, from, limit }) =>
      [...(tables.get(table) ?? [])]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .filter(([key]) => from === undefined || key >= encodeHex(from))
        .filter(([key]) => before === undefined || key < encodeHex(before))
        .slice(0, limit)
        .map(([key, value]) => [bytesOf(key), value.slice()]),
    write(changes, settled) {
      waiting.push({ before: copy(), settle: (outcome) => settled?.(outcome) })
      apply(changes)
    },
  }
  return {
    store,
    apply,
    entries: (table: Table) => [...(tables.get(table) ?? [])],
    size: (table: Table) => tables.get(table)?.size ?? 0,
    commit() {
      for (const { settle } of waiting.splice(0)) settle('durable')
    },
    /** All that waits: none of it is there any more. */
    fail() {
      const failed = waiting.splice(0)
      tables = failed[0]?.before ?? tables
      for (const { settle } of failed) settle('failed')
    },
  }
}

function startStore(limits: Partial<ItemLimits> = {}, tables = startTables()) {
  const notes: (readonly [string, unknown])[] = []
  const unsettled: UnsettledItems = { writes: new Set(), settle: undefined }
  const items = createItemStore(
    { crypto, store: tables.store, note: (what, about) => notes.push([what, about]) },
    identityOf('own').id,
    { ...NATIVE_LIMITS, ...limits },
    unsettled,
  )
  const put = (origin: string, ...numbers: readonly number[]) => {
    for (const number of numbers) {
      const item = itemOf(origin, BigInt(number), 'x'.repeat(1_000))
      items.put(item, idOf(item), () => undefined)
    }
  }
  const held = (origin: string) =>
    items
      .read(identityOf(origin).id, 0n, 2n ** 64n - 1n, 1_000)
      .items.map(({ number }) => Number(number))
  return { ...tables, tables, items, notes, put, held }
}

test('an item is known when it is written, and held when it is on the medium', () => {
  const { commit, held, items, put } = startStore()
  const { id } = identityOf('a')
  put('a', 0, 1)
  expect([items.has(id, 1n), items.known(id), items.held(id), held('a')]).toEqual([
    true,
    [0n, 1n],
    [],
    [],
  ])
  commit()
  expect([items.held(id), held('a')]).toEqual([
    [0n, 1n],
    [0, 1],
  ])
})

test('origins are told in the order of their changes', () => {
  const { commit, items, put } = startStore()
  for (const origin of ['a', 'b', 'c', 'a']) {
    put(origin, items.known(identityOf(origin).id).length)
    commit()
  }
  const told = [...items.changedSince(0)]
  expect(told.map(({ originId }) => encodeHex(originId))).toEqual(
    ['b', 'c', 'a'].map((origin) => identityOf(origin).id),
  )
  expect(told.map(({ changed }) => changed)).toEqual([2, 3, 4])
  expect([...items.changedSince(3)]).toHaveLength(1)
})

test('what failed is as if it had not been, what it had dropped is there again', () => {
  const { commit, fail, held, items, notes, put } = startStore({ itemBytesMax: 4_000 })
  put('a', 0, 1, 2)
  commit()
  put('b', 0)
  fail()
  expect([items.has(identityOf('b').id, 0n), held('a')]).toEqual([false, [0, 1, 2]])
  put('b', 0)
  commit()
  expect([held('a'), held('b')]).toEqual([[1, 2], [0]])
  expect(notes).toHaveLength(2)
})

describe('no entry is left without the others', () => {
  test.each([
    ['bytes of all', { itemBytesMax: 6_000 }],
    ['items of an origin', { itemsPerOriginMax: 2 }],
    ['both at once', { itemBytesMax: 3_000, itemsPerOriginMax: 2 }],
  ])('when %s are over', (_, limits) => {
    const parts = startStore(limits)
    const { commit, held, put, size } = parts
    for (let round = 0; round < 10; round++) {
      put('a', round)
      put('b', round)
      commit()
      const count = held('a').length + held('b').length
      expect([size('payloads'), size('arrivals')]).toEqual([count, count])
      expect(count).toBeGreaterThan(0)
      expect(count).toBeLessThanOrEqual(4)
    }
    // In the order in which they came, also after a restart.
    const again = startStore(limits, parts.tables)
    for (let round = 10; round < 16; round++) {
      again.put('a', round)
      again.put('b', round)
      again.commit()
      expect([again.held('a').at(-1) ?? round, again.held('b').at(-1)]).toEqual([round, round])
      const count = again.held('a').length + again.held('b').length
      expect([size('payloads'), size('arrivals')]).toEqual([count, count])
    }
    expect(again.notes.map(([what]) => what)).not.toContain('items-unreadable')
  })
})

test('what goes for its origin does not go for all again', () => {
  const { commit, held, items, put } = startStore({ itemBytesMax: 2_500, itemsPerOriginMax: 1 })
  const small = itemOf('a', 0n, 'x')
  items.put(small, idOf(small), () => undefined)
  put('b', 0)
  commit()
  put('a', 1)
  commit()
  expect([held('a'), held('b')]).toEqual([[1], []])
  const other = itemOf('c', 0n, 'x')
  items.put(other, idOf(other), () => undefined)
  commit()
  expect([held('a'), held('c')]).toEqual([[1], [0]])
})

describe('at the start', () => {
  const startFilled = () => {
    const parts = startStore()
    parts.put('a', 0, 1, 2)
    parts.commit()
    return parts
  }
  const damage = (parts: ReturnType<typeof startFilled>, table: Table, at: number): void => {
    const [key, value] = parts.entries(table)[1] ??
      parts.entries(table)[0] ?? ['', new Uint8Array()]
    const damaged = value.map((byte, index) => (index === at ? byte ^ 1 : byte))
    parts.apply([{ table, key: decodeHex(key) ?? new Uint8Array(), value: damaged }])
  }

  test.each([
    ['payloads', 300, [0, 2]],
    ['payloads', 0, [0, 2]],
    ['arrivals', 5, [0, 1, 2]],
    ['origins', 9, [0, 1, 2]],
  ] as const)('one bit of %s at %i is found and told', (table, at, left) => {
    const parts = startFilled()
    damage(parts, table, at)
    const again = startStore({}, parts.tables)
    again.commit()
    expect(again.notes).toEqual([['items-unreadable', { count: 1 }]])
    expect(again.held('a')).toEqual(left)
    // What it can be made of again is made again: the next start finds nothing to tell.
    const third = startStore({}, parts.tables)
    third.commit()
    expect(third.notes).toEqual([])
    const { size } = parts
    expect([size('origins'), size('payloads'), size('arrivals')]).toEqual([
      1,
      left.length,
      left.length,
    ])
    expect(third.items.known(identityOf('a').id)).toEqual([0n, 2n])
  })

  test('whose item could not be read when it was asked for is told, once', () => {
    const parts = startFilled()
    damage(parts, 'payloads', 300)
    expect(parts.held('a')).toEqual([0, 2])
    expect(parts.held('a')).toEqual([0, 2])
    expect(parts.notes).toEqual([['items-unreadable', { count: 1 }]])
  })
})

describe('with as many origins as there may be', () => {
  const knownOf = ({ items }: ReturnType<typeof startStore>, ...names: readonly string[]) =>
    names.filter((name) => items.known(identityOf(name).id).length > 0)
  const startFull = () => {
    const parts = startStore({ itemOriginsMax: 3, itemsPerOriginMax: 2 })
    for (const [name, ...numbers] of [
      ['a', 0],
      ['b', 0, 1],
      ['c', 0],
    ] as const) {
      for (const number of numbers) parts.put(name, number)
      parts.commit()
    }
    return parts
  }

  test('the one with the fewest numbers that changed longest ago makes room', () => {
    const parts = startFull()
    const { commit, held, items, put, size } = parts
    const { id } = identityOf('d')
    expect([items.fits(id, 0n), items.fits(id, 0n, true)]).toEqual([false, true])
    put('d', 0)
    commit()
    expect(knownOf(parts, 'a', 'b', 'c', 'd')).toEqual(['b', 'c', 'd'])
    expect([held('a'), held('d'), items.sizes().origins]).toEqual([[], [0], 3])
    expect([size('origins'), size('payloads'), size('arrivals')]).toEqual([3, 4, 4])
    put('c', 1)
    commit()
    put('e', 0)
    commit()
    expect(knownOf(parts, 'b', 'c', 'd', 'e')).toEqual(['b', 'c', 'e'])
    const again = startStore({ itemOriginsMax: 3 }, parts.tables)
    expect(again.notes).toEqual([])
    expect(again.items.sizes()).toEqual(items.sizes())
  })

  test('one of which nothing is held any more comes before it', () => {
    const parts = startStore({ itemOriginsMax: 2, itemBytesMax: 3_000 })
    for (const [name, number] of [
      ['a', 0],
      ['a', 1],
      ['b', 0],
      ['b', 1],
    ] as const) {
      parts.put(name, number)
      parts.commit()
    }
    expect([parts.held('a'), parts.held('b')]).toEqual([[], [0, 1]])
    parts.put('c', 0)
    parts.commit()
    expect(knownOf(parts, 'a', 'b', 'c')).toEqual(['b', 'c'])
  })

  test('neither this node’s own nor what is being written makes room', () => {
    const parts = startStore({ itemOriginsMax: 2 })
    parts.put('own', 0)
    parts.commit()
    parts.put('a', 0)
    expect(parts.items.fits(identityOf('b').id, 0n, true)).toBe(false)
    parts.commit()
    expect(parts.items.fits(identityOf('b').id, 0n, true)).toBe(true)
    parts.put('b', 0)
    parts.commit()
    expect(knownOf(parts, 'own', 'a', 'b')).toEqual(['own', 'b'])
  })

  test('where the medium does not take it, it is as it was', () => {
    const parts = startFull()
    const before = parts.items.sizes()
    parts.put('d', 0)
    parts.fail()
    expect(knownOf(parts, 'a', 'b', 'c', 'd')).toEqual(['a', 'b', 'c'])
    expect(parts.items.sizes()).toEqual(before)
    expect(parts.held('a')).toEqual([0])
  })
})
