/**
 * What happens to a busy node is mostly like what happened just before: the same kind, the same names,
 * the same connection. So an input is written with a stencil of the one before, where it fits: what is
 * the same is copied as bytes, and only numbers, bytes and long texts are written anew. The bytes are
 * those that the writer would give.
 * @module
 */
import type { Input } from '../world/input.ts'
import { fieldOf } from './value-writer.ts'
import type { ValueWriter } from './value-writer.ts'

/** Commands have one for each connection; more are begun anew. */
const STENCILS_MAX = 64
/** Deeper and larger inputs have none. */
const DEPTH_MAX = 8
const FIELDS_MAX = 64
/** A text that is longer hardly ever comes twice. */
const TEXT_MAX = 64

const BEGIN = Symbol('begin')
const END = Symbol('end')

/**
 * An input in its order: names and short texts as they are, records between two marks, and in the place
 * of all else the bytes that stand before it.
 */
type Field = string | Uint8Array | typeof BEGIN | typeof END

interface Stencil {
  /** Undefined: none can be made. */
  readonly fields: readonly Field[] | undefined
  readonly last: Uint8Array
  /** How many inputs in a row it did not fit. */
  missed: number
}

export type InputWriter = (input: Input) => void

const hasOwn = Object.prototype.hasOwnProperty
const NOTHING = new Uint8Array(0)

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)

function keyOf(input: Input): string {
  if (input.kind !== 'command') return input.kind
  const { command } = input
  return 'connection' in command && typeof command.connection === 'string'
    ? command.connection
    : command.name
}

export function createInputWriter(writer: ValueWriter): InputWriter {
  const stencils = new Map<string, Stencil>()

  /**
   * Writes what does not stand in the stencil; gives where the next field is, or -1: it does not fit.
   * @param at the first field of the record
   */
  const fit = (fields: readonly Field[], at: number, record: object): number => {
    let next = at
    for (const name in record) {
      if (!hasOwn.call(record, name)) continue
      if (fields[next] !== name) return -1
      const field = fields[next + 1]
      const value = fieldOf(record, name)
      next += 2
      if (typeof value === 'string' && field === value) continue
      if (isRecord(value)) {
        if (field !== BEGIN || Array.isArray(value)) return -1
        next = fit(fields, next, value)
        if (next < 0) return -1
      } else {
        if (typeof field !== 'object') return -1
        writer.raw(field)
        writer.value(value)
      }
    }
    return fields[next] === END ? next + 1 : -1
  }

  /** Writes it field by field; undefined: it is none for a stencil, and what was written is no use. */
  const cut = (input: Input): Omit<Stencil, 'missed'> | undefined => {
    const cutFields: Field[] = []
    let from = writer.length
    const cutValue = (value: unknown, depth: number): boolean => {
      if (isRecord(value)) {
        if (depth === DEPTH_MAX || Array.isArray(value) || hasOwn.call(value, '__proto__'))
          return false
        const names = Object.keys(value)
        writer.recordOf(names.length)
        cutFields.push(BEGIN)
        for (const name of names) {
          if (cutFields.length > FIELDS_MAX) return false
          writer.value(name)
          cutFields.push(name)
          if (!cutValue(fieldOf(value, name), depth + 1)) return false
        }
        cutFields.push(END)
        return true
      }
      if (typeof value === 'string' && value.length <= TEXT_MAX) {
        writer.value(value)
        cutFields.push(value)
        return true
      }
      cutFields.push(writer.copyFrom(from))
      writer.value(value)
      from = writer.length
      return true
    }
    return cutValue(input, 0) ? { fields: cutFields, last: writer.copyFrom(from) } : undefined
  }

  return (input) => {
    const key = keyOf(input)
    const stencil = stencils.get(key)
    const start = writer.length
    if (stencil?.fields !== undefined) {
      if (fit(stencil.fields, 1, input) > 0) {
        if (stencil.last.length > 0) writer.raw(stencil.last)
        stencil.missed = 0
        return
      }
      writer.rewind(start)
    }
    const missed = (stencil?.missed ?? 0) + 1
    // Where none ever fits, less and less is spent on them.
    if ((missed & (missed - 1)) !== 0 && stencil !== undefined) stencil.missed = missed
    else {
      if (stencil === undefined && stencils.size === STENCILS_MAX) stencils.clear()
      const made = cut(input)
      stencils.set(key, { fields: made?.fields, last: made?.last ?? NOTHING, missed })
      if (made !== undefined) return
      writer.rewind(start)
    }
    writer.value(input)
  }
}
