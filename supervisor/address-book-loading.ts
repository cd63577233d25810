/**
 * Reads what a store holds of an address book, and says of each entry that is left out why. What is
 * kept while reading is bounded by the tables' size, not by the store's.
 * @module
 */
import { encodeHex, encodeUtf8, equalBytes } from '../codec/bytes.ts'
import type { StoreEntry } from '../world/store.ts'
import { GROUP_BYTES_MAX, KEY_BYTES_MAX } from './address-book-buckets.ts'
import type { AddressBookRules } from './address-book-contract.ts'
import { ADDRESS_TEXT_BYTES_MAX, decodeRecord, decodeSecret } from './address-book-records.ts'
import { recordKey, SECRET_KEY } from './address-book-records.ts'
import type { StoredRecord, StoredSecret } from './address-book-records.ts'

/** Of a table that is damaged as a whole, enough to see that it is. */
const REASONS_MAX = 100
/** Of an entry's key, enough to find it by. */
const KEY_HEX_SHOWN = 16

/** Entries that are left out. */
export interface SkippedEntries {
  readonly reasons: readonly string[]
  readonly count: number
  /** Keys of entries that can be of no use any more, to be deleted. */
  readonly useless: readonly Uint8Array[]
  /** `isUseless`: no version of this program could make anything of it. */
  add(storeKey: Uint8Array, why: string, isUseless: boolean): void
}

export interface ReadRecord<Address> {
  readonly storeKey: Uint8Array
  readonly address: Address
  readonly stored: StoredRecord
}

export interface ReadEntries<Address> {
  readonly secret: StoredSecret | undefined
  readonly records: readonly ReadRecord<Address>[]
  readonly skipped: SkippedEntries
}

function createSkippedEntries(uselessMax: number): SkippedEntries {
  const reasons: string[] = []
  const useless: Uint8Array[] = []
  let count = 0
  return {
    reasons,
    useless,
    get count() {
      return count
    },
    add(storeKey, why, isUseless) {
      count++
      if (reasons.length < REASONS_MAX) {
        const shown = encodeHex(storeKey).slice(0, KEY_HEX_SHOWN)
        reasons.push(`the entry ${shown} of the address book: ${why}`)
      }
      // What is above goes at the next start.
      if (isUseless && useless.length < uselessMax) useless.push(storeKey)
    },
  }
}

/** What keeps an address from being stored, whoever told it; undefined: nothing. */
export function wrongToKeep<Address>(
  rules: AddressBookRules<Address>,
  address: Address,
): string | undefined {
  if (!rules.isStorable(address)) return 'the network keeps no such address'
  const textBytes = encodeUtf8(rules.print(address)).length
  const isTooLong =
    textBytes === 0 ||
    textBytes > ADDRESS_TEXT_BYTES_MAX ||
    rules.keyBytes(address).length > KEY_BYTES_MAX ||
    rules.groupBytes(address).length > GROUP_BYTES_MAX
  return isTooLong ? 'the address is empty or too long' : undefined
}

/** The record's address, or why there is none. */
function addressOf<Address>(
  rules: AddressBookRules<Address>,
  storeKey: Uint8Array,
  text: string,
): { readonly address: Address } | { readonly wrong: string } {
  const parsed = rules.parse(text)
  if ('wrong' in parsed) return parsed
  const { address } = parsed
  if (!equalBytes(recordKey(rules.digest, rules.key(address)), storeKey)) {
    return { wrong: 'it stands under the key of another address' }
  }
  const wrong = wrongToKeep(rules, address)
  return wrong === undefined ? { address } : { wrong }
}

export function readEntries<Address>(
  rules: AddressBookRules<Address>,
  recordsMax: number,
  entries: Iterable<StoreEntry>,
): ReadEntries<Address> {
  const records: ReadRecord<Address>[] = []
  const skipped = createSkippedEntries(recordsMax)
  let secret: StoredSecret | undefined
  let isSecretThere = false
  for (const [storeKey, value] of entries) {
    if (equalBytes(storeKey, SECRET_KEY)) {
      isSecretThere = true
      const decoded = decodeSecret(rules.digest, value)
      if (typeof decoded !== 'string') secret = decoded
      // A fresh one takes its place: it is written over, not deleted.
      else skipped.add(storeKey, `the secret of the places is ${decoded}`, false)
      continue
    }
    const stored = decodeRecord(rules.digest, value)
    if (typeof stored === 'string') {
      skipped.add(storeKey, stored, stored !== 'another version')
      continue
    }
    const read = addressOf(rules, storeKey, stored.text)
    if ('wrong' in read) skipped.add(storeKey, read.wrong, true)
    else if (records.length >= recordsMax) skipped.add(storeKey, 'the tables are full', true)
    else records.push({ storeKey, address: read.address, stored })
  }
  if (!isSecretThere && records.length > 0) {
    skipped.add(SECRET_KEY, 'the secret of the places is missing', false)
  }
  return { secret, records, skipped }
}
