/**
 * Writes the entries of a node's journal as they are made, and short where they fit the stencil of one
 * before. A busy node has an entry for each message that it is told to send, and what is done for it
 * here is much of what a recording costs.
 *
 * An entry is begun when its input enters, because the input's bytes are lent, and ended when it is
 * known what came of it.
 * @module
 */
import type { Command } from '../supervisor/commands.ts'
import type { CommandInput, Input } from '../world/input.ts'
import type { Step } from '../world/observation.ts'
import type { StoreEntry } from '../world/store.ts'
import type { OutcomeLine } from './node-entries.ts'
import { CAME_FIELDS, ENTRY, ENTRY_FIELDS, SHORT_ENTRY, SHORT_ENTRY_FIELDS } from './node-parts.ts'
import { withoutResult } from './node-recorder.ts'
import { unpackAll } from './packing.ts'
import { createStencilPlaces } from './stencil-places.ts'
import type { Alike, PlacedStencil } from './stencil-places.ts'
import { stencilOf } from './stencils.ts'
import type { StencilField } from './stencils.ts'
import type { ValueWriter } from './value-writer.ts'

type EntryTime = Pick<Step, 'monotonicMs' | 'wallMs'>

export interface EntryWriter {
  begin(step: EntryTime, input: Input): void
  /** @param at where the entry begins by now */
  end(at: number, reads: readonly (readonly StoreEntry[])[], outcome: readonly OutcomeLine[]): void
}

type Send = Extract<Command, { readonly name: 'send' }>
const isSend = (command: CommandInput['command']): command is Send => command.name === 'send'

/**
 * All that a command to send is beside its message: what is sent on a connection is told from what was
 * sent there before by the message alone. A field that is missing here does not compile.
 */
const COMMAND: Readonly<Record<keyof CommandInput, true>> = { kind: true, command: true }
const SEND: Readonly<Record<keyof Send, true>> = { name: true, connection: true, message: true }

const hasOwn = Object.prototype.hasOwnProperty

const hasNames = (fields: readonly StencilField[], names: object): boolean =>
  fields.map(({ name }) => name).join() === Object.keys(names).join()

/** Of a stencil of what is sent on the connection of this name, the message. */
function messageIn(fields: readonly StencilField[], connection: string): StencilField | undefined {
  const command = fields[1]?.fields ?? []
  const isSent = command[0]?.text === 'send' && command[1]?.text === connection
  return isSent && hasNames(fields, COMMAND) && hasNames(command, SEND) ? command[2] : undefined
}

/** Inputs of the same key are mostly alike. */
function keyOf(input: Input): string {
  if (input.kind !== 'command') return input.kind
  const { command } = input
  return isSend(command) ? command.connection : command.name
}

export function createEntryWriter(writer: ValueWriter): EntryWriter {
  const places = createStencilPlaces()
  let lastWallMs = 0
  /** By how much the last time is behind that of the entry that is open. */
  let aheadMs = 0
  /** Of the entry that is open: its fields, but for what is known at its end. */
  let fields = 0
  let isShort = false
  /** The number of the stencil that it is from now on. */
  let cutAs: number | undefined

  const fill = (expected: readonly StencilField[], record: object): boolean => {
    let at = 0
    for (const name in record) {
      if (!hasOwn.call(record, name)) continue
      const field = expected[at++]
      if (field === undefined || field.name !== name) return false
      const value = (record as Readonly<Record<string, unknown>>)[name]
      if (!fillField(field, value)) return false
    }
    return at === expected.length
  }

  /** Writes what stands in its gaps; false: it does not fit. */
  const fillField = ({ fields: inner, text }: StencilField, value: unknown): boolean => {
    if (text !== undefined) return value === text
    if (inner === undefined) {
      writer.given(value)
      return true
    }
    if (typeof value !== 'object' || value === null) return false
    return !Array.isArray(value) && !ArrayBuffer.isView(value) && fill(inner, value)
  }

  const fillInput = ({ fields: all, message }: PlacedStencil, input: Input): boolean =>
    message !== undefined && input.kind === 'command' && isSend(input.command)
      ? fillField(message, input.command.message)
      : fill(all, input)

  /** False: the difference is none that leads there. */
  const turnTo = (wallMs: number): boolean => {
    if (wallMs === lastWallMs) {
      aheadMs = 0
      return true
    }
    aheadMs = wallMs - lastWallMs
    const isNear = lastWallMs + aheadMs === wallMs
    lastWallMs = wallMs
    return isNear
  }

  /** False: it does not fit, and nothing is written. */
  const writeShort = (stencil: PlacedStencil, step: EntryTime, input: Input): boolean => {
    const start = writer.length
    fields = SHORT_ENTRY_FIELDS + stencil.gaps
    writer.headOf(fields, SHORT_ENTRY, stencil.number, step.monotonicMs, aheadMs)
    try {
      if (fillInput(stencil, input)) return true
    } catch {
      // A getter of the application's threw. Written whole, the entry says so.
    }
    writer.rewind(start)
    return false
  }

  const writeFitted = (alike: Alike, step: EntryTime, input: Input): boolean => {
    const first = alike.stencils[0]
    if (first === undefined) return false
    const fitting = writeShort(first, step, input)
      ? first
      : alike.stencils.find((other) => other !== first && writeShort(other, step, input))
    if (fitting === undefined) return false
    places.fitted(alike, fitting)
    return true
  }

  /** Gives where the input begins. */
  const writeWhole = ({ monotonicMs, wallMs }: EntryTime, input: Input): number => {
    fields = ENTRY_FIELDS
    writer.arrayOf(fields)
    writer.value(ENTRY)
    writer.float64(monotonicMs)
    writer.float64(wallMs)
    const start = writer.length
    writer.given(input)
    return start
  }

  /** @param start where the input was written, as a reader will find it */
  const cut = (alike: Alike, start: number): number | undefined => {
    const stencil = stencilOf(unpackAll(writer.copyFrom(start), 'an input')[0])
    if (stencil === undefined) return undefined
    return places.place(alike, { ...stencil, message: messageIn(stencil.fields, alike.key) })
  }

  return {
    begin(step, given) {
      const input = withoutResult(given)
      const isNear = turnTo(step.wallMs)
      cutAs = undefined
      const alike = places.alike(keyOf(input))
      isShort = alike !== undefined && isNear && writeFitted(alike, step, input)
      if (isShort) return
      const start = writeWhole(step, input)
      if (places.missed(alike) && alike !== undefined) cutAs = cut(alike, start)
    },
    end(at, reads, outcome) {
      if (isShort) {
        // Of most steps nothing came that is seen.
        if (reads.length === 0 && outcome.length === 0) return
        writer.rewriteArrayOf(at, fields + CAME_FIELDS)
      }
      writer.value(reads)
      writer.value(outcome)
      if (cutAs === undefined) return
      writer.rewriteArrayOf(at, fields + 1)
      writer.value(cutAs)
    },
  }
}
