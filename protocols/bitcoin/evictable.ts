/**
 * What is known of a peer that came in, for the choice of whom to give up. Its group goes through SipHash
 * under a key of this node's own: nobody can seek the networks whose peers stay.
 * @module
 */
import type { EvictionCandidate } from '../../actors/protocol.ts'
import { addressOfSocket, networkAddressOf } from '../../codec/bitcoin/address.ts'
import { isLocalAddress } from '../../codec/bitcoin/address-scope.ts'
import { NO_ADDRESS } from '../../codec/bitcoin/network-address.ts'
import { sipHash, sipHashKeyOf } from '../../codec/bitcoin/siphash.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import type { Random } from '../../world/random.ts'
import type { Evictable } from './eviction.ts'
import { groupBytesOf } from './netgroup.ts'
import { isDesirable } from './services.ts'

/** k0 and k1. */
const KEY_BYTES = 16

const hex = (word: number): string => word.toString(16).padStart(8, '0')

type Candidate = EvictionCandidate<BitcoinTypes>

/** A number that a child described the connection with. */
function described({ about = {} }: Candidate, name: string): number | undefined {
  const value = about[name]
  return typeof value === 'number' ? value : undefined
}

/** What of it does not change. */
type Origin = Pick<Evictable, 'isLocal' | 'keyedGroup' | 'network'>

export interface Evictables {
  /**
   * Of `about` it reads `minimumPingMs`, and what whoever follows the chain says there: `lastBlockMs`,
   * `lastTransactionMs`, `hasBloomFilter`.
   */
  of(candidate: Candidate, isTipFresh: boolean): Evictable
  /** The connection is gone. */
  forget(name: string): void
  /** Connections of which something is kept. */
  readonly size: number
}

export function createEvictables(
  random: Random,
  isThroughOnion: (candidate: Candidate) => boolean,
): Evictables {
  const key = sipHashKeyOf(random.fork('net groups').bytes(KEY_BYTES))
  /** Each newcomer has all looked at, and an address is slow to read. */
  const origins = new Map<string, Origin>()

  const originOf = (candidate: Candidate): Origin => {
    const { name, remote } = candidate
    const known = origins.get(name)
    if (known !== undefined) return known
    const address = networkAddressOf(addressOfSocket(remote)) ?? NO_ADDRESS
    const { high, low } = sipHash(key, groupBytesOf(address))
    const network = isThroughOnion(candidate) ? 'onion' : address.network
    const origin = {
      ...{ isLocal: isLocalAddress(address), network },
      keyedGroup: hex(high) + hex(low),
    }
    origins.set(name, origin)
    return origin
  }

  const evictableOf = (candidate: Candidate, isTipFresh: boolean): Evictable => {
    const { facts, isDiscouraged, name, startedMs } = candidate
    return {
      ...originOf(candidate),
      ...{ name, isDiscouraged, connectedMs: startedMs },
      minimumPingMs: described(candidate, 'minimumPingMs') ?? Infinity,
      lastBlockMs: described(candidate, 'lastBlockMs') ?? -Infinity,
      lastTransactionMs: described(candidate, 'lastTransactionMs') ?? -Infinity,
      isUseful: isDesirable(facts?.peer?.services ?? 0n, isTipFresh),
      relaysTransactions: facts?.peer?.relay ?? false,
      hasBloomFilter: candidate.about?.['hasBloomFilter'] === true,
    }
  }

  return {
    of: evictableOf,
    forget(name) {
      origins.delete(name)
    },
    get size() {
      return origins.size
    },
  }
}
