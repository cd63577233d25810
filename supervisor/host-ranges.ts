/**
 * A table by ranges of addresses. Which of them hold an address is asked with each stream that comes in: it
 * costs a look for each length of prefix that occurs (33 and 129 are all there are), however many ranges
 * there are.
 * @module
 */
import { hostNumber, prefixOf } from '../codec/host-range.ts'
import type { HostRange } from '../codec/host-range.ts'

export interface HostRanges<Value> {
  set(range: HostRange, value: Value): void
  delete(range: HostRange): void
  /** What stands under the ranges that hold the host, the widest first; nothing for a name. */
  covering(host: string): readonly Value[]
  readonly size: number
}

export function createHostRanges<Value>(): HostRanges<Value> {
  /** By width, then by the length of the prefix, then by the prefix. */
  const tables: Readonly<Record<HostRange['width'], Map<number, Map<bigint, Value>>>> = {
    32: new Map(),
    128: new Map(),
  }
  let size = 0

  return {
    set({ bits, prefix, width }, value) {
      const byBits = tables[width]
      const table = byBits.get(bits) ?? new Map<bigint, Value>()
      byBits.set(bits, table)
      if (!table.has(prefix)) size++
      table.set(prefix, value)
    },
    delete({ bits, prefix, width }) {
      const table = tables[width].get(bits)
      if (table?.delete(prefix) !== true) return
      size--
      if (table.size === 0) tables[width].delete(bits)
    },
    covering(host) {
      const number = size === 0 ? undefined : hostNumber(host)
      if (number === undefined) return []
      return [...tables[number.width]]
        .toSorted(([one], [other]) => one - other)
        .flatMap(([bits, table]) => {
          const found = table.get(prefixOf(number, bits))
          return found === undefined ? [] : [found]
        })
    },
    get size() {
      return size
    },
  }
}
