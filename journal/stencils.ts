/**
 * What happens to a busy node is mostly like what happened just before: the same kind, the same names,
 * the same connection. A stencil is an input without what differs: the names of its fields and its short
 * texts stand, and in the place of each other value is a gap. An entry that fits one is written as what
 * stands in the gaps.
 *
 * Who writes and who reads cut a stencil alike, from the input as it is read out of the journal: nothing
 * that an application gives can be one thing to the one and another to the other.
 * @module
 */

/** How many a journal has at a time; the number of one is a byte. */
export const STENCILS_MAX = 128
/** An array of msgpack that holds no more than these, and what an entry has besides, is short. */
const GAPS_MAX = 9
/** A short entry becomes at most so many fields: what a reader is made to build is bounded. */
const FIELDS_MAX = 32
const DEPTH_MAX = 8
/** A text that is longer hardly ever comes twice. */
const TEXT_MAX = 64

/** A field of a record: a text, a record, or neither, and that is a gap. */
export interface StencilField {
  readonly name: string
  readonly text: string | undefined
  readonly fields: readonly StencilField[] | undefined
}

export interface Stencil {
  readonly fields: readonly StencilField[]
  readonly gaps: number
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** As the name of a field: two of these are compared without looking at their letters. */
const asName = (text: string): string => Object.keys({ [text]: true })[0] ?? text

/** Undefined: none can be cut from it. */
export function stencilOf(input: unknown): Stencil | undefined {
  let gaps = 0
  let left = FIELDS_MAX

  const fieldsOf = (
    record: Readonly<Record<string, unknown>>,
    depth: number,
  ): readonly StencilField[] | undefined => {
    const fields: StencilField[] = []
    for (const [name, value] of Object.entries(record)) {
      if (left === 0 || depth === DEPTH_MAX) return undefined
      left--
      if (isRecord(value)) {
        const inner = fieldsOf(value, depth + 1)
        if (inner === undefined) return undefined
        fields.push({ name, text: undefined, fields: inner })
      } else if (typeof value === 'string' && value.length <= TEXT_MAX) {
        fields.push({ name, text: asName(value), fields: undefined })
      } else {
        gaps++
        fields.push({ name, text: undefined, fields: undefined })
      }
    }
    return fields
  }

  const fields = isRecord(input) ? fieldsOf(input, 0) : undefined
  return fields === undefined || gaps > GAPS_MAX ? undefined : { fields, gaps }
}

/** The input, with these values in the gaps. */
export function filled({ fields }: Stencil, values: readonly unknown[]): unknown {
  let at = 0
  const recordOf = (of: readonly StencilField[]): object =>
    Object.fromEntries(
      of.map(({ fields: inner, name, text }) => {
        if (inner !== undefined) return [name, recordOf(inner)]
        return [name, text ?? values[at++]]
      }),
    )
  return recordOf(fields)
}
