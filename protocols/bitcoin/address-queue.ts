/**
 * The addresses that wait to be told to one peer, and those that it knows already: what it told us, and
 * what we told it. They leave together, in one message, now and then.
 * @module
 */
import { ADDRESS_COUNT_MAX } from '../../codec/bitcoin/addresses.ts'
import type { AddressEntry } from '../../codec/bitcoin/addresses.ts'
import { isValidAddress } from '../../codec/bitcoin/address-scope.ts'
import { hasV1Form } from '../../codec/bitcoin/network-address.ts'
import type { NetworkAddress } from '../../codec/bitcoin/network-address.ts'
import type { Random } from '../../world/random.ts'
import { addressKeyBytes } from './address-book-rules.ts'
import { createRollingBloom } from './rolling-bloom.ts'
import type { RollingBloomSizes } from './rolling-bloom.ts'

/** The last 5,000, and one in a thousand taken for known that is not: 27 KB a peer. */
const KNOWN: RollingBloomSizes = { itemsMin: 5_000, bits: 107_833, bitsPerItem: 10 }

export interface AddressQueue {
  /** The peer reads `addrv2`, which has room for all networks. */
  readonly isNewForm: boolean
  /** The peer told it, or was told it on another way. */
  note(address: NetworkAddress): void
  /** Nothing is known any more. */
  forgetKnown(): void
  /** What it knows, or cannot read, does not wait; where all places are taken, one of them is drawn. */
  push(entry: AddressEntry): void
  /** Instead of what waits. */
  replace(entries: readonly AddressEntry[]): void
  /** What is to be told now, at most a message's worth: what it learnt meanwhile is left out. */
  due(): readonly AddressEntry[]
  /** It was told, and waits no more. */
  told(entries: readonly AddressEntry[]): void
  readonly length: number
}

/** The bytes of what was read are a message's, which is gone when its step is over. */
const owned = (entry: AddressEntry): AddressEntry => ({
  ...entry,
  address: { ...entry.address, bytes: entry.address.bytes.slice() },
})

const keyOf = ({ address }: AddressEntry): string => addressKeyBytes(address).join()

export function createAddressQueue(isNewForm: boolean, random: Random): AddressQueue {
  const known = createRollingBloom(KNOWN, random)
  let waiting: AddressEntry[] = []

  const isNews = ({ address }: AddressEntry): boolean => !known.has(addressKeyBytes(address))

  const push = (entry: AddressEntry): void => {
    const isReadable = isNewForm || hasV1Form(entry.address)
    if (!isReadable || !isValidAddress(entry.address) || !isNews(entry)) return
    if (waiting.length < ADDRESS_COUNT_MAX) waiting.push(owned(entry))
    else waiting[random.below(waiting.length)] = owned(entry)
  }

  return {
    isNewForm,
    note(address) {
      if (address.network !== 'none') known.add(addressKeyBytes(address))
    },
    forgetKnown: known.clear,
    push,
    replace(entries) {
      waiting = []
      for (const entry of entries) push(entry)
    },
    due() {
      const once = new Map(waiting.filter(isNews).map((entry) => [keyOf(entry), entry]))
      waiting = [...once.values()]
      return waiting
    },
    told(entries) {
      for (const { address } of entries) known.add(addressKeyBytes(address))
      waiting = waiting.filter(isNews)
    },
    get length() {
      return waiting.length
    },
  }
}
