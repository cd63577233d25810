/**
 * A copy of plain data for keeping: bytes are copied, because what a wire hands out may be views;
 * whatever is no data (functions, what has an identity) is left out, and so is a reference to what it
 * stands in. It counts what it keeps.
 * @module
 */

/** Deeper is no message: the deepest here have eight levels. */
const DEPTH_MAX = 32
/** The longest list that a network here has is of 50,000 records; what is behind this is left out. */
const VALUES_MAX = 1_024 * 1_024
/** What any value costs beside its content, about. */
const VALUE_BYTES = 16

export interface Kept {
  readonly value: unknown
  /** About how much memory it takes. */
  readonly bytes: number
}

export function plainCopy(given: unknown): Kept {
  let bytes = 0
  let valuesLeft = VALUES_MAX
  /** Objects that are being copied, the outermost first. */
  const path: object[] = []

  const copyObject = (value: object): unknown => {
    if (valuesLeft === 0) return undefined
    if (value instanceof Map || value instanceof Set) return copy([...value])
    const isList = Array.isArray(value)
    const count = isList ? value.length : Object.keys(value).length
    if (count > valuesLeft) {
      valuesLeft = 0
      return undefined
    }
    valuesLeft -= count
    if (isList) return value.map(copy)
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => {
        bytes += name.length
        return [name, copy(inner)]
      }),
    )
  }

  const copy = (value: unknown): unknown => {
    bytes += VALUE_BYTES
    if (typeof value === 'string') bytes += value.length
    if (typeof value === 'function' || typeof value === 'symbol') return undefined
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Uint8Array) {
      bytes += value.length
      return Uint8Array.from(value)
    }
    if (path.length > DEPTH_MAX || path.includes(value)) return undefined
    path.push(value)
    const copied = copyObject(value)
    path.pop()
    return copied
  }
  return { value: copy(given), bytes }
}
