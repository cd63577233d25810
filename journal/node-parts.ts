/**
 * A node's journal as a sequence of parts: the header, the secrets where they were not taken out, an
 * entry for each input, and the end. Each is one msgpack array that begins with its number.
 * @module
 */
import type { Input } from '../world/input.ts'
import type { StoreEntry } from '../world/store.ts'
import type { SocketAddress } from '../world/streams.ts'
import { isInput } from './input-check.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSecrets, NodeEntry, NodeHeader, OutcomeLine } from './node-entries.ts'
import { withoutResult } from './node-recorder.ts'
import type { InputWriter } from './stencils.ts'
import type { ValueWriter } from './value-writer.ts'

export type NodePart =
  | { readonly part: 'header'; readonly header: NodeHeader }
  | { readonly part: 'secrets'; readonly secrets: JournalSecrets }
  | { readonly part: 'entry'; readonly entry: NodeEntry }
  /** Written by its owner alone: where it is missing, the recording was not brought to its end. */
  | { readonly part: 'end'; readonly entries: number; readonly seal: number }

const [HEADER, SECRETS, ENTRY, END] = [0, 1, 2, 3]
const ENTRY_FIELDS = 6

/** The first half of an entry. `writeInput` writes as the writer would. */
export function writeStep(
  writer: ValueWriter,
  monotonicMs: number,
  wallMs: number,
  input: Input,
  writeInput: InputWriter = writer.value,
): void {
  writer.arrayOf(ENTRY_FIELDS)
  writer.value(ENTRY)
  writer.float64(monotonicMs)
  writer.float64(wallMs)
  writeInput(withoutResult(input))
}

/** The other half. */
export function writeStepEnd(
  writer: ValueWriter,
  reads: readonly (readonly StoreEntry[])[],
  outcome: readonly OutcomeLine[],
): void {
  // Of most steps nothing came that is seen.
  if (reads.length === 0) writer.arrayOf(0)
  else writer.value(reads)
  if (outcome.length === 0) writer.arrayOf(0)
  else writer.value(outcome)
}

export function writePart(writer: ValueWriter, part: NodePart): void {
  switch (part.part) {
    case 'header':
      writer.value([HEADER, part.header])
      return
    case 'secrets':
      writer.value([SECRETS, part.secrets])
      return
    case 'entry': {
      const { input, monotonicMs, outcome, reads, wallMs } = part.entry
      writeStep(writer, monotonicMs, wallMs, input)
      writeStepEnd(writer, reads, outcome)
      return
    }
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

const isLine = (value: unknown): value is OutcomeLine =>
  Array.isArray(value) &&
  value.every((item) => typeof item === 'string' || typeof item === 'number')

/** @throws {JournalError} `damaged` */
export function decodePart(value: unknown, where: string): NodePart {
  const wrong = () => new JournalError('damaged', `${where} is no part of a journal`)
  if (!Array.isArray(value)) throw wrong()
  const fields: readonly unknown[] = value
  const [number, first, wallMs, input, reads, outcome] = fields
  if (number === HEADER && fields.length === 2 && isHeader(first)) {
    return { part: 'header', header: first }
  }
  if (number === SECRETS && fields.length === 2 && isSecrets(first)) {
    return { part: 'secrets', secrets: first }
  }
  if (number === END && fields.length === 3 && isTime(first) && isTime(wallMs)) {
    return { part: 'end', entries: first, seal: wallMs }
  }
  if (number !== ENTRY || fields.length !== ENTRY_FIELDS || !isTime(first) || !isTime(wallMs))
    throw wrong()
  if (!isInput(input) || !areAll(reads, isRead) || !areAll(outcome, isLine)) throw wrong()
  return { part: 'entry', entry: { monotonicMs: first, wallMs, input, reads, outcome } }
}
