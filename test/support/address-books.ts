/**
 * An address book with the rules of a network of IPv4 addresses, as Bitcoin hashes them, and with
 * the table that a store would hold after every `changes`.
 * @module
 */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { createAddressBook } from '../../supervisor/address-book.ts'
import { ADDRESSES_TABLE } from '../../supervisor/address-book-contract.ts'
import type {
  AddressBook,
  AddressBookRules,
  AddressBookSizes,
  HeardAddress,
} from '../../supervisor/address-book-contract.ts'
import { seededRandom } from '../../transport/random.ts'
import type { Random } from '../../world/random.ts'
import type { StoreEntry } from '../../world/store.ts'
import { hex } from './hex.ts'

export const NOW_MS = 1_700_000_000_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** The secret of the published positions: the double SHA-256 of the number 1 in four bytes. */
export const PUBLISHED_KEY = hex('41f758f2e5cc078d3795b4fc0cb60c2d735fa92cc020572bdc982dd2d564d11b')

export interface Ipv4 {
  readonly octets: readonly number[]
  readonly port: number
  readonly id: string | undefined
}

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const TEXT = /^(?:([a-z]+)@)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}):(\d{1,5})$/

const print = ({ id, octets, port }: Ipv4) =>
  `${id === undefined ? '' : `${id}@`}${octets.join('.')}:${port}`

function parse(text: string): { readonly address: Ipv4 } | { readonly wrong: string } {
  const [, id, ...numbers] = TEXT.exec(text) ?? []
  if (numbers.length === 0) return { wrong: 'this is no address' }
  const octets = numbers.map(Number)
  const port = octets.pop() ?? 0
  return { address: { octets, port, id } }
}

export const IPV4_RULES: AddressBookRules<Ipv4> = {
  print,
  parse,
  key: print,
  identity: ({ id }) => id,
  /** `::ffff:a.b.c.d`, then the port in network order. */
  keyBytes: ({ octets, port }) =>
    Uint8Array.from([...hex('00000000000000000000ffff'), ...octets, port >> 8, port & 0xff]),
  groupBytes: ({ octets: [first = 0, second = 0] }) => Uint8Array.from([1, first, second]),
  digest: (bytes) => sha256(sha256(bytes)),
  isStorable: ({ octets: [first] }) => first !== 127,
}

/** @throws {Error} the test itself is wrong */
export function ipv4(text: string): Ipv4 {
  const parsed = parse(text)
  if ('wrong' in parsed) throw new Error(`${text}: ${parsed.wrong}`)
  return parsed.address
}

export const groupOf = (text: string): Uint8Array => IPV4_RULES.groupBytes(ipv4(`${text}:0`))

export interface BookSetup {
  readonly sizes?: Partial<AddressBookSizes>
  readonly bucketKey?: Uint8Array
  readonly seed?: string
  readonly rules?: Partial<AddressBookRules<Ipv4>>
}

export interface StartedBook {
  readonly book: AddressBook<Ipv4>
  /** What the store holds, by the key's bytes as text. */
  readonly table: Map<string, StoreEntry>
  /** Takes the changes over into the table, and says how many there were. */
  commit(): number
  /** The text's address, seen now by a source of its own group, unless said otherwise. */
  add(text: string, heard?: Partial<HeardAddress>): boolean
  /** From here on its chance is that of the seed. */
  reseed(seed: string): void
  selected(options?: Parameters<AddressBook<Ipv4>['select']>[1]): string | undefined
}

export function startBook(setup: BookSetup = {}): StartedBook {
  const { sizes = {}, bucketKey, seed = 'book', rules = {} } = setup
  let source = seededRandom(seed)
  const random: Random = {
    fork: (name) => source.fork(name),
    bytes: (count) => source.bytes(count),
    below: (limit) => source.below(limit),
    unit: () => source.unit(),
  }
  const book = createAddressBook({
    rules: { ...IPV4_RULES, ...rules, sizes },
    random,
    ...(bucketKey === undefined ? {} : { bucketKey }),
  })
  const table = new Map<string, StoreEntry>()
  return {
    book,
    table,
    commit() {
      const changes = book.changes()
      for (const { table: name, key, value } of changes) {
        expect(name).toBe(ADDRESSES_TABLE)
        if (value === undefined) table.delete(key.join())
        else table.set(key.join(), [key, value])
      }
      return changes.length
    },
    add(text, heard = {}) {
      const address = ipv4(text)
      const sourceGroup = IPV4_RULES.groupBytes(address)
      const usual = { sourceGroup, isOwnSource: false, seenMs: NOW_MS, penaltyMs: 0, nowMs: NOW_MS }
      return book.add(address, { ...usual, ...heard })
    },
    reseed(other) {
      source = seededRandom(other)
    },
    selected(options) {
      const view = book.select(NOW_MS, options)
      return view === undefined ? undefined : print(view.address)
    },
  }
}

/** Each address from its own group, so that they meet nowhere. */
export const manyTexts = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${1 + (index >> 8)}.${index & 0xff}.1.1:8333`)

/** Adds and proves it: it is in tried, unless its place is held. */
export function addGood({ book, add }: StartedBook, text: string, goodMs = NOW_MS): void {
  add(text)
  book.good(text, goodMs)
}
