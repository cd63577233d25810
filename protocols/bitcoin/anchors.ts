/**
 * Anchors: whom a node had block-relay-only connections with when it was stopped. They are dialled first
 * when it starts, so that nobody gains all its connections by making it start again. What is read is
 * deleted: a peer that makes us fail is not dialled first the next time.
 * @module
 */
import type { ChildChange, ChildStore } from '../../actors/child.ts'
import { parseAddress, printAddress } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { concatBytes, decodeUtf8, encodeUtf8, viewOf } from '../../codec/bytes.ts'

export interface Anchor {
  readonly address: BitcoinAddress
  /** What it said that it serves. */
  readonly services: bigint
}

/** MAX_BLOCK_RELAY_ONLY_ANCHORS. */
export const ANCHORS_MAX = 2
const TABLE = 'anchors'
/** The first byte of an entry. */
const FORMAT = 1
const HEAD_BYTES = 9
/** What is read at most, whatever the table holds. */
const ENTRIES_MAX = 16
const NO_PORT = 0

export function encodeAnchor({ address, services }: Anchor): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES)
  head[0] = FORMAT
  viewOf(head).setBigUint64(1, services, true)
  return concatBytes(head, encodeUtf8(printAddress(address)))
}

/** Undefined: it is none of ours, or damaged. */
export function decodeAnchor(bytes: Uint8Array): Anchor | undefined {
  if (bytes.length <= HEAD_BYTES || bytes[0] !== FORMAT) return undefined
  const text = decodeUtf8(bytes.subarray(HEAD_BYTES))
  if (text === undefined) return undefined
  const parsed = parseAddress(text, NO_PORT)
  if ('wrong' in parsed || printAddress(parsed.address) !== text) return undefined
  return { address: parsed.address, services: viewOf(bytes).getBigUint64(1, true) }
}

/** Reads all there are, and deletes them. */
export function takeAnchors(store: ChildStore): {
  readonly anchors: readonly Anchor[]
  readonly unreadableCount: number
} {
  const entries = [...store.range(TABLE, { limit: ENTRIES_MAX })]
  store.write(entries.map(([key]): ChildChange => ({ table: TABLE, key })))
  const read = entries.map(([, value]) => decodeAnchor(value))
  const anchors = read.filter((anchor) => anchor !== undefined).slice(0, ANCHORS_MAX)
  return { anchors, unreadableCount: read.filter((anchor) => anchor === undefined).length }
}

export function keepAnchors(store: ChildStore, anchors: readonly Anchor[]): void {
  store.write(
    anchors.slice(0, ANCHORS_MAX).map((anchor, index) => ({
      ...{ table: TABLE, key: Uint8Array.of(index), value: encodeAnchor(anchor) },
    })),
  )
}
