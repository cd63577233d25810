/**
 * A node's journal as a sequence of parts: the header, the secrets where they were not taken out, an
 * entry for each input, and the end. Each is one msgpack array that begins with its number.
 * @module
 */
import type { StoreEntry } from '../world/store.ts'
import type { SocketAddress } from '../world/streams.ts'
import { isInput } from './input-check.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSecrets, NodeEntry, NodeHeader, OutcomeLine } from './node-entries.ts'
import { filled, stencilOf, STENCILS_MAX } from './stencils.ts'
import type { Stencil } from './stencils.ts'
import type { ValueWriter } from './value-writer.ts'

/** What a journal has one of. */
export type SinglePart =
  | { readonly part: 'header'; readonly header: NodeHeader }
  | { readonly part: 'secrets'; readonly secrets: JournalSecrets }
  /** Written by its owner alone: where it is missing, the recording was not brought to its end. */
  | { readonly part: 'end'; readonly entries: number; readonly seal: number }

export type NodePart = SinglePart | { readonly part: 'entry'; readonly entry: NodeEntry }

const [HEADER, SECRETS, END] = [0, 1, 3]
export const [ENTRY, SHORT_ENTRY] = [2, 4]
/** Number, two times, input, and what came of it. One more: of which stencil it is the origin. */
export const ENTRY_FIELDS = 6
/** Number, the stencil's, two times. What stands in the gaps follows, and what came of it, if anything. */
export const SHORT_ENTRY_FIELDS = 4
/** Reads and outcome. */
export const CAME_FIELDS = 2

export function writePart(writer: ValueWriter, part: SinglePart): void {
  switch (part.part) {
    case 'header':
      writer.value([HEADER, part.header])
      return
    case 'secrets':
      writer.value([SECRETS, part.secrets])
      return
    case 'end':
      writer.value([END, part.entries, part.seal])
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const areTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)

const areAll = <Item>(value: unknown, is: (item: unknown) => item is Item): value is Item[] =>
  Array.isArray(value) && value.every(is)
const isAddress = (value: unknown): value is SocketAddress =>
  isRecord(value) && typeof value['host'] === 'string' && isTime(value['port'])

const isHeader = (value: unknown): value is NodeHeader =>
  isRecord(value) &&
  typeof value['protocol'] === 'string' &&
  typeof value['name'] === 'string' &&
  areAll(value['listen'], isAddress) &&
  areTexts(value['bootstrap']) &&
  typeof value['speaksDatagrams'] === 'boolean'

const isSecrets = (value: unknown): value is JournalSecrets =>
  isRecord(value) &&
  value['seed'] instanceof Uint8Array &&
  isRecord(value['protocol']) &&
  Object.values(value['protocol']).every((secret) => secret instanceof Uint8Array)

const isRead = (value: unknown): value is readonly StoreEntry[] =>
  Array.isArray(value) &&
  value.every(
    (entry: unknown) =>
      Array.isArray(entry) &&
      entry.length === 2 &&
      entry.every((item) => item instanceof Uint8Array),
  )

const isStencil = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < STENCILS_MAX

const isLine = (value: unknown): value is OutcomeLine =>
  Array.isArray(value) &&
  value.every((item) => typeof item === 'string' || typeof item === 'number')

export interface PartReader {
  /** Parts in their order: a short entry is one by those that stand before it. @throws {JournalError} `damaged` */
  read(value: unknown, where: string): NodePart
}

interface ReadStencil extends Stencil {
  /** Where it has no gaps, that of all its entries. */
  input: unknown
}

/** Of most entries nothing came: that is one value for all of them. */
const NOTHING_CAME: readonly (readonly never[])[] = [[], []]

export function createPartReader(): PartReader {
  const stencils = new Map<number, ReadStencil>()
  let lastWallMs = 0

  const entryOf = (fields: readonly unknown[]): NodeEntry | undefined => {
    const [monotonicMs, wallMs, input, reads, outcome] = fields
    if (!isTime(monotonicMs) || !isTime(wallMs) || !isInput(input)) return undefined
    if (!areAll(reads, isRead) || !areAll(outcome, isLine)) return undefined
    lastWallMs = wallMs
    return { monotonicMs, wallMs, input, reads, outcome }
  }

  const wholeEntryOf = (fields: readonly unknown[]): NodeEntry | undefined => {
    const [, , , input, , , number] = fields
    if (fields.length > ENTRY_FIELDS) {
      const stencil = stencilOf(input)
      if (fields.length > ENTRY_FIELDS + 1 || stencil === undefined || !isStencil(number)) {
        return undefined
      }
      stencils.set(number, { ...stencil, input: undefined })
    }
    return entryOf(fields.slice(1, ENTRY_FIELDS))
  }

  const shortEntryOf = (fields: readonly unknown[]): NodeEntry | undefined => {
    const [, number, monotonicMs, aheadMs] = fields
    const stencil = isStencil(number) ? stencils.get(number) : undefined
    if (stencil === undefined || !isTime(aheadMs)) return undefined
    const end = SHORT_ENTRY_FIELDS + stencil.gaps
    const came = fields.length === end ? NOTHING_CAME : fields.slice(end)
    if (came.length !== CAME_FIELDS) return undefined
    if (stencil.gaps === 0) stencil.input ??= filled(stencil, [])
    const input = stencil.input ?? filled(stencil, fields.slice(SHORT_ENTRY_FIELDS, end))
    return entryOf([monotonicMs, lastWallMs + aheadMs, input, ...came])
  }

  return {
    read(value, where) {
      const part = partOf(value)
      if (part === undefined) {
        throw new JournalError('damaged', `${where} is no part of a journal`)
      }
      return part
    },
  }

  function partOf(value: unknown): NodePart | undefined {
    if (!Array.isArray(value)) return undefined
    const fields: readonly unknown[] = value
    const [number, first, second] = fields
    if (number === ENTRY || number === SHORT_ENTRY) {
      const entry = number === ENTRY ? wholeEntryOf(fields) : shortEntryOf(fields)
      return entry && { part: 'entry', entry }
    }
    if (number === HEADER && fields.length === 2 && isHeader(first)) {
      return { part: 'header', header: first }
    }
    if (number === SECRETS && fields.length === 2 && isSecrets(first)) {
      return { part: 'secrets', secrets: first }
    }
    if (number === END && fields.length === 3 && isTime(first) && isTime(second)) {
      return { part: 'end', entries: first, seal: second }
    }
    return undefined
  }
}
