/**
 * Fields of a protobuf message, by the rules of proto3: unknown ones are passed over, of a repeated one
 * the last counts, one that is missing is empty. The reading itself is the library's.
 *
 * What a stranger sends is checked here for its length and its characters; nothing is allocated in
 * proportion to what he announces, and there is an end to how many fields he may have looked through:
 * 4 MiB of empty ones would take a tenth of a second, and cost him nothing.
 * @module
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { decodeUtf8 } from '../bytes.ts'
import { WireError } from '../wire-error.ts'
import { ID_BYTES_MAX, PUBLIC_KEY_BYTES } from './messages.ts'
import type { BotdWireDetail } from './wire-details.ts'

export interface Fields {
  readonly detail: BotdWireDetail
  /** By number, the last of each: views. */
  readonly bytes: ReadonlyMap<number, Uint8Array>
  readonly numbers: ReadonlyMap<number, number>
  /** How often one of the wanted numbers came with bytes. */
  readonly bytesCount: number
}

const NO_BYTES = new Uint8Array(0)

/** Of one message, with those that nobody knows and those in groups: the largest here has five. */
export const FIELDS_MAX = 1_000

/**
 * @param wanted all that may be kept: else a stranger would say how much
 * @throws {WireError} `detail`: it is no protobuf message, or one of more than `FIELDS_MAX` fields
 */
export function readFields(
  message: Uint8Array,
  wanted: ReadonlySet<number>,
  detail: BotdWireDetail,
): Fields {
  const bytes = new Map<number, Uint8Array>()
  const numbers = new Map<number, number>()
  /** Proto3 has none of its own, and passes over those of others. The library would count nothing in them. */
  const groups: number[] = []
  let bytesCount = 0
  let fieldsCount = 0
  try {
    const reader = new BinaryReader(message)
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag()
      if (++fieldsCount > FIELDS_MAX) throw new RangeError('too many fields')
      const isWanted = groups.length === 0 && wanted.has(number)
      if (wireType === WireType.StartGroup) {
        groups.push(number)
      } else if (wireType === WireType.EndGroup) {
        if (groups.pop() !== number) throw new RangeError('the end of another group')
      } else if (isWanted && wireType === WireType.LengthDelimited) {
        bytes.set(number, reader.bytes())
        bytesCount++
      } else if (isWanted && wireType === WireType.Varint) {
        numbers.set(number, reader.uint32())
      } else {
        reader.skip(wireType, number)
      }
    }
    if (groups.length > 0) throw new RangeError('a group without an end')
  } catch {
    // The library throws errors of its own for bytes that cannot be, as we do here, and does nothing else.
    throw new WireError('close', detail)
  }
  return { detail, bytes, numbers, bytesCount }
}

/** @throws {WireError} always: a field that cannot be */
export function failField({ detail }: Fields): never {
  throw new WireError('close', detail)
}

export const bytesAt = (fields: Fields, number: number): Uint8Array =>
  fields.bytes.get(number) ?? NO_BYTES

export const numberAt = (fields: Fields, number: number): number => fields.numbers.get(number) ?? 0

/** @throws {WireError} more bytes than that, or no UTF-8 */
export function textAt(fields: Fields, number: number, bytesMax: number): string {
  const bytes = bytesAt(fields, number)
  if (bytes.length > bytesMax) failField(fields)
  return decodeUtf8(bytes) ?? failField(fields)
}

/** @throws {WireError} an id is never empty */
export function idAt(fields: Fields, number: number): string {
  const id = textAt(fields, number, ID_BYTES_MAX)
  return id === '' ? failField(fields) : id
}

/** @throws {WireError} another length */
export function fixedAt(fields: Fields, number: number, length: number): Uint8Array {
  const bytes = bytesAt(fields, number)
  return bytes.length === length ? bytes : failField(fields)
}

const EVEN_Y = 0x02
const ODD_Y = 0x03

/**
 * A key in the one form that it has here. Cryptography takes other forms of the same point for good,
 * and then one node would have several names.
 * @throws {WireError} another length or another first byte; whether it is on the curve is asked later
 */
export function keyAt(fields: Fields, number: number): Uint8Array {
  const key = fixedAt(fields, number, PUBLIC_KEY_BYTES)
  return key[0] === EVEN_Y || key[0] === ODD_Y ? key : failField(fields)
}
