/**
 * How items stand in the store. `origins` (which numbers of an origin are held or once
 * were), `payloads` (the items, by origin and number) and `arrivals` (the same in the order in which
 * they came, which is the order in which they go).
 *
 * Each entry begins with a version and ends with a part of a hash over its key and itself: what a
 * medium changed is not passed on in somebody's name. A fourth table, `own`, repeats the entry of the
 * node itself: to lose that one would be to use a number twice.
 * @module
 */
import { concatBytes, decodeUtf8, encodeUtf8, equalBytes } from '../../codec/bytes.ts'
import { NODE_ID_BYTES, PUBLIC_KEY_BYTES } from '../../codec/native/identity.ts'
import {
  LOCATOR_RUNS_MAX,
  PUBLICATION_BYTES_MAX,
  SIGNATURE_BYTES,
  TOPIC_BYTES_MAX,
} from '../../codec/native/messages.ts'
import type { ItemMessage } from '../../codec/native/messages.ts'
import {
  createReader,
  expectEnd,
  failReading,
  readBytes,
  readRest,
  readU64be,
  readU8,
  unreadBytes,
} from '../../codec/reader.ts'
import type { Reader } from '../../codec/reader.ts'
import { WireError } from '../../codec/wire-error.ts'
import { createWriter, writeBytes, writeU64be, writeU8, writtenBytes } from '../../codec/writer.ts'
import type { Writer } from '../../codec/writer.ts'
import type { Runs } from '../../actors/runs.ts'
import type { CryptoBackend } from '../../world/crypto.ts'

export type Hash = Pick<CryptoBackend, 'sha256'>

const VERSION = 1
/** Chance damage is overlooked once in 2^64; who can write to the medium needs no collision. */
const CHECK_BYTES = 8
const ID_BYTES = 32
const NUMBER_BYTES = 8
/** Version, arrival, id, key type, time, topic's length. */
const ITEM_FIXED_BYTES = 1 + NUMBER_BYTES + ID_BYTES + 1 + NUMBER_BYTES + 1
const ITEM_BYTES_MAX =
  ITEM_FIXED_BYTES +
  PUBLIC_KEY_BYTES +
  SIGNATURE_BYTES +
  TOPIC_BYTES_MAX +
  PUBLICATION_BYTES_MAX +
  CHECK_BYTES
const ORIGIN_BYTES_MAX = 2 + LOCATOR_RUNS_MAX * 2 * NUMBER_BYTES + CHECK_BYTES
/** An entry of `arrivals`: its key, and what it says. */
const ARRIVAL_VALUE_BYTES = 1 + NODE_ID_BYTES + NUMBER_BYTES + CHECK_BYTES
const ITEM_KEY_BYTES = NODE_ID_BYTES + NUMBER_BYTES

const DETAILS = { short: 'damaged' } as const
type EntryReader = Reader<'damaged'>

/** An item, and when it came: the numbers of arrivals rise. */
export interface KeptItem {
  readonly arrival: bigint
  /** Its 32 bytes. */
  readonly id: Uint8Array
  readonly item: ItemMessage
}

export interface Arrival {
  readonly arrival: bigint
  readonly originId: Uint8Array
  readonly number: bigint
}

export function itemKey(originId: Uint8Array, number: bigint): Uint8Array {
  const writer = createWriter(ITEM_KEY_BYTES, ITEM_KEY_BYTES)
  writeBytes(writer, originId)
  writeU64be(writer, number)
  return writtenBytes(writer)
}

/** The first key behind this one. */
export const keyBehind = (key: Uint8Array): Uint8Array => concatBytes(key, Uint8Array.of(0))

export function arrivalKey(arrival: bigint): Uint8Array {
  const writer = createWriter(NUMBER_BYTES, NUMBER_BYTES)
  writeU64be(writer, arrival)
  return writtenBytes(writer)
}

/** What an item takes in the store, its entry in `arrivals` included. */
export const storedBytes = (value: Uint8Array): number =>
  ITEM_KEY_BYTES + value.length + NUMBER_BYTES + ARRIVAL_VALUE_BYTES

export function encodeItem(hash: Hash, { arrival, id, item }: KeptItem): Uint8Array {
  const topic = encodeUtf8(item.topic)
  const writer = createWriter(ITEM_BYTES_MAX, ITEM_BYTES_MAX - PUBLICATION_BYTES_MAX)
  writeU8(writer, VERSION)
  writeU64be(writer, arrival)
  writeBytes(writer, id)
  writeU8(writer, item.keyType)
  writeBytes(writer, item.originPublicKey)
  writeU64be(writer, item.timestampMs)
  writeBytes(writer, item.signature)
  writeU8(writer, topic.length)
  writeBytes(writer, topic)
  writeBytes(writer, item.payload)
  return checked(hash, itemKey(item.originId, item.number), writer)
}

/** Undefined: damaged. It has no hops left: whoever asked for it does not pass it on. */
export const decodeItem = (hash: Hash, key: Uint8Array, value: Uint8Array): KeptItem | undefined =>
  decode(hash, key, value, (reader) => {
    const keys = createReader(key, DETAILS)
    const originId = readBytes(keys, NODE_ID_BYTES)
    const number = readU64be(keys)
    expectEnd(keys)
    const arrival = readU64be(reader)
    const id = readBytes(reader, ID_BYTES)
    const keyType = readU8(reader)
    const originPublicKey = readBytes(reader, PUBLIC_KEY_BYTES)
    const timestampMs = readU64be(reader)
    const signature = readBytes(reader, SIGNATURE_BYTES)
    const topic = decodeUtf8(readBytes(reader, readU8(reader), TOPIC_BYTES_MAX))
    if (topic === undefined) failReading(reader, 'short')
    const payload = readBytes(reader, unreadBytes(reader), PUBLICATION_BYTES_MAX)
    const type = 'item' as const
    const item: ItemMessage = {
      ...{ type, originId, originPublicKey, keyType, number, timestampMs },
      ...{ topic, payload, hopsLeft: 0, signature },
    }
    return { arrival, id, item }
  })

export function encodeOrigin(hash: Hash, originId: Uint8Array, runs: Runs): Uint8Array {
  const writer = createWriter(ORIGIN_BYTES_MAX)
  writeU8(writer, VERSION)
  writeU8(writer, runs.length / 2)
  for (const number of runs) writeU64be(writer, number)
  return checked(hash, originId, writer)
}

/** Undefined: damaged. */
export const decodeOrigin = (hash: Hash, key: Uint8Array, value: Uint8Array): Runs | undefined =>
  decode(hash, key, value, (reader) => {
    if (key.length !== NODE_ID_BYTES) failReading(reader, 'short')
    const count = readU8(reader)
    if (count > LOCATOR_RUNS_MAX) failReading(reader, 'tooLarge')
    const runs: bigint[] = []
    let least = 0n
    for (let index = 0; index < count; index++) {
      const [first, last] = [readU64be(reader), readU64be(reader)]
      if (first < least || last < first) failReading(reader, 'short')
      runs.push(first, last)
      least = last + 2n
    }
    expectEnd(reader)
    return runs
  })

export function encodeArrival(
  hash: Hash,
  arrival: bigint,
  { number, originId }: Pick<Arrival, 'number' | 'originId'>,
): Uint8Array {
  const writer = createWriter(ARRIVAL_VALUE_BYTES, ARRIVAL_VALUE_BYTES)
  writeU8(writer, VERSION)
  writeBytes(writer, originId)
  writeU64be(writer, number)
  return checked(hash, arrivalKey(arrival), writer)
}

/** Undefined: damaged. */
export const decodeArrival = (
  hash: Hash,
  key: Uint8Array,
  value: Uint8Array,
): Arrival | undefined =>
  decode(hash, key, value, (reader) => {
    const keys = createReader(key, DETAILS)
    const arrival = readU64be(keys)
    expectEnd(keys)
    const originId = readBytes(reader, NODE_ID_BYTES)
    const number = readU64be(reader)
    expectEnd(reader)
    return { arrival, originId, number }
  })

const checkOf = (hash: Hash, key: Uint8Array, content: Uint8Array): Uint8Array =>
  hash.sha256(key, content).subarray(0, CHECK_BYTES)

function checked(hash: Hash, key: Uint8Array, writer: Writer): Uint8Array {
  const content = writtenBytes(writer)
  return concatBytes(content, checkOf(hash, key, content))
}

function decode<Value>(
  hash: Hash,
  key: Uint8Array,
  value: Uint8Array,
  read: (reader: EntryReader) => Value,
): Value | undefined {
  const end = value.length - CHECK_BYTES
  if (end < 1) return undefined
  const content = value.subarray(0, end)
  const check = createReader(value.subarray(end), DETAILS)
  if (!equalBytes(readRest(check), checkOf(hash, key, content))) return undefined
  const reader = createReader(content, DETAILS)
  try {
    return readU8(reader) === VERSION ? read(reader) : undefined
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
