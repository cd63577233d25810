/**
 * A copy of plain data for keeping: bytes are copied, because what a wire hands out may be views;
 * whatever is no data (functions, what has an identity) is left out. It counts what it keeps.
 * @module
 */

/** Deeper is no message: the deepest here have eight levels. */
const DEPTH_MAX = 32
/** What any value costs beside its content, about. */
const VALUE_BYTES = 16

export interface Kept {
  readonly value: unknown
  /** About how much memory it takes. */
  readonly bytes: number
}

export function plainCopy(given: unknown): Kept {
  let bytes = 0
  const copy = (value: unknown, depth: number): unknown => {
    bytes += VALUE_BYTES
    if (typeof value === 'string') bytes += value.length
    if (typeof value === 'function' || typeof value === 'symbol') return undefined
    if (typeof value !== 'object' || value === null) return value
    if (depth > DEPTH_MAX) return undefined
    if (value instanceof Uint8Array) {
      bytes += value.length
      return Uint8Array.from(value)
    }
    if (Array.isArray(value)) return value.map((inner: unknown) => copy(inner, depth + 1))
    if (value instanceof Map || value instanceof Set) return copy([...value], depth)
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => {
        bytes += name.length
        return [name, copy(inner, depth + 1)]
      }),
    )
  }
  return { value: copy(given, 0), bytes }
}
