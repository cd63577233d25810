/**
 * The options that say how a node finds its peers, and the children that they come to.
 * @module
 */
import type { ChildSpec } from '../../actors/child.ts'
import type { ToolValues } from '../../actors/protocol-tools.ts'
import { networkAddressOf, parseAddress } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { DNS_SEEDS } from '../../codec/bitcoin/dns-seeds.ts'
import type { PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import type { BitcoinNetwork } from '../../codec/bitcoin/networks.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import type { BitcoinOptions } from '../bitcoin.ts'
import { parseFixedSeeds } from './fixed-seeds.ts'
import type { BitcoinLimits } from './limits.ts'
import { openingChild } from './opening.ts'
import type { OwnAddresses } from './own-addresses.ts'
import { seedingChild } from './seeding.ts'

export type FindingOptions = Pick<
  BitcoinOptions,
  'connectOnly' | 'dnsSeeds' | 'fixedSeeds' | 'seedNodes'
>

export interface FindingSetup {
  readonly chain: BitcoinNetwork
  readonly limits: BitcoinLimits
  /** Ours: they are not dialled. */
  readonly own: Pick<OwnAddresses, 'has'>
  readonly reachable: ReadonlySet<PeerNetwork>
}

function parseSeedNodes(texts: readonly string[], port: number): readonly BitcoinAddress[] {
  return texts.map((text) => {
    const parsed = parseAddress(text, port)
    if ('wrong' in parsed) throw new RangeError(`the seed node ${text}: ${parsed.wrong}`)
    return parsed.address
  })
}

/** None where nobody is to be found. @throws {RangeError} an address that is none, in plain words */
export function findingChildren(
  { connectOnly = false, dnsSeeds = true, fixedSeeds = [], seedNodes = [] }: FindingOptions,
  { chain: { name, port }, limits, own, reachable }: FindingSetup,
): readonly ChildSpec<BitcoinTypes>[] {
  // Checked all the same: what is wrong is noticed where it was typed.
  const [nodes, fixed] = [parseSeedNodes(seedNodes, port), parseFixedSeeds(fixedSeeds, port)]
  if (connectOnly) return []
  const seeding = seedingChild({
    ...{ port, reachable, addressFetchMax: limits.addressFetchMax },
    ...{ seedNodes: nodes, fixedSeeds: fixed, isDnsForced: dnsSeeds === 'force' },
    dnsSeeds: dnsSeeds === false ? [] : DNS_SEEDS[name],
  })
  const isOwn = (address: BitcoinAddress): boolean => {
    const written = networkAddressOf(address)
    return written !== undefined && own.has(written)
  }
  return [openingChild({ isOwn, limits, reachable }), seeding]
}

const DNS: ReadonlyMap<unknown, boolean | 'force'> = new Map<string, boolean | 'force'>([
  ['auto', true],
  ['force', 'force'],
  ['off', false],
])

/** From the command line. @throws {RangeError} a value that cannot be */
export function findingOf({
  connectOnly,
  dnsSeeds = 'auto',
  fixedSeed = [],
  seedNode = [],
}: ToolValues): FindingOptions {
  const dns = DNS.get(dnsSeeds)
  if (dns === undefined) throw new RangeError('names are asked auto, force or off')
  if (!isList(fixedSeed) || !isList(seedNode)) throw new RangeError('a seed is an address')
  return {
    ...{ connectOnly: connectOnly === true, dnsSeeds: dns },
    ...{ fixedSeeds: fixedSeed, seedNodes: seedNode },
  }
}

const isList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')
