/**
 * A binary heap whose items know their place, so that one anywhere in it is moved or taken out in
 * O(log n). An item stands in one heap at a time.
 * @module
 */

export interface Placed {
  /** Its place in the heap, kept by the heap; -1 while it is in none. */
  place: number
}

export interface Heap<Item extends Placed> {
  first(): Item | undefined
  push(item: Item): void
  /** What is not in the heap is left alone. */
  remove(item: Item): void
  /** To be told after the item's order changed. */
  update(item: Item): void
  readonly size: number
}

/** `before` is a total order: two items never stand before each other. */
export function createHeap<Item extends Placed>(
  before: (one: Item, other: Item) => boolean,
): Heap<Item> {
  const items: Item[] = []

  const put = (item: Item, place: number): void => {
    items[place] = item
    item.place = place
  }

  const rise = (item: Item): void => {
    let place = item.place
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = items[parent]
      if (above === undefined || !before(item, above)) break
      put(above, place)
      place = parent
    }
    put(item, place)
  }

  const sink = (item: Item): void => {
    let place = item.place
    for (;;) {
      const left = items[2 * place + 1]
      const right = items[2 * place + 2]
      const below = left !== undefined && right !== undefined && before(right, left) ? right : left
      if (below === undefined || !before(below, item)) break
      const freed = below.place
      put(below, place)
      place = freed
    }
    put(item, place)
  }

  return {
    first: () => items[0],
    push(item) {
      put(item, items.length)
      rise(item)
    },
    remove(item) {
      const { place } = item
      if (place < 0) return
      item.place = -1
      const last = items.pop()
      if (last === undefined || last === item) return
      put(last, place)
      rise(last)
      sink(last)
    },
    update(item) {
      if (item.place < 0) return
      rise(item)
      sink(item)
    },
    get size() {
      return items.length
    },
  }
}
