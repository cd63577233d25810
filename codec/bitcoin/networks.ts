/**
 * The networks that speak this protocol: how their frames begin, where they listen, which block they begin
 * with. From Core's chain parameters; what a chain's later blocks obey is not here.
 * @module
 */
import { createBlockHeader } from './block-header.ts'
import type { BlockHeader } from './block-header.ts'
import { createWriter, writtenBytes } from '../writer.ts'
import { SIZE_MAX, writeVector } from './fields.ts'
import { doubleSha256, parseHash, ZERO_HASH } from './hashes.ts'
import type { Sha256 } from './hashes.ts'

export type BitcoinNetworkName = 'mainnet' | 'testnet3' | 'testnet4' | 'signet' | 'regtest'

export interface BitcoinNetwork {
  readonly name: BitcoinNetworkName
  /** As they travel, before each v1 frame; in v2 they are in the keys alone. */
  readonly magic: Uint8Array
  readonly port: number
  /** Where an onion service of the node's own leads to, on this machine. */
  readonly onionPort: number
  readonly genesis: BlockHeader
  /** Of the first block, in the order of the wire. */
  readonly genesisHash: Uint8Array
}

interface GenesisNumbers {
  readonly timeSeconds: number
  readonly bits: number
  readonly nonce: number
  /** Where it is not the first one's. */
  readonly merkleRoot?: string
  readonly hash: string
}

/** Of the first network, and of all that took over its first transaction. */
const FIRST_MERKLE_ROOT = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'

function hashOf(text: string): Uint8Array {
  const hash = parseHash(text)
  if (hash === undefined) throw new RangeError('a hash has 64 digits')
  return hash
}

function genesisOf(genesis: GenesisNumbers): Pick<BitcoinNetwork, 'genesis' | 'genesisHash'> {
  const { timeSeconds, bits, nonce, merkleRoot = FIRST_MERKLE_ROOT, hash } = genesis
  const header = createBlockHeader({
    ...{ version: 1, previousHash: ZERO_HASH, merkleRoot: hashOf(merkleRoot) },
    ...{ timeSeconds, bits, nonce },
  })
  return { genesis: header, genesisHash: hashOf(hash) }
}

export const BITCOIN_NETWORKS: Readonly<Record<BitcoinNetworkName, BitcoinNetwork>> = {
  mainnet: {
    name: 'mainnet',
    magic: Uint8Array.of(0xf9, 0xbe, 0xb4, 0xd9),
    port: 8_333,
    onionPort: 8_334,
    ...genesisOf({
      ...{ timeSeconds: 1_231_006_505, bits: 0x1d00_ffff, nonce: 2_083_236_893 },
      hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    }),
  },
  testnet3: {
    name: 'testnet3',
    magic: Uint8Array.of(0x0b, 0x11, 0x09, 0x07),
    port: 18_333,
    onionPort: 18_334,
    ...genesisOf({
      ...{ timeSeconds: 1_296_688_602, bits: 0x1d00_ffff, nonce: 414_098_458 },
      hash: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
    }),
  },
  testnet4: {
    name: 'testnet4',
    magic: Uint8Array.of(0x1c, 0x16, 0x3f, 0x28),
    port: 48_333,
    onionPort: 48_334,
    ...genesisOf({
      ...{ timeSeconds: 1_714_777_860, bits: 0x1d00_ffff, nonce: 393_743_547 },
      merkleRoot: '7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e',
      hash: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
    }),
  },
  signet: {
    name: 'signet',
    magic: Uint8Array.of(0x0a, 0x03, 0xcf, 0x40),
    port: 38_333,
    onionPort: 38_334,
    ...genesisOf({
      ...{ timeSeconds: 1_598_918_400, bits: 0x1e03_77ae, nonce: 52_613_770 },
      hash: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
    }),
  },
  regtest: {
    name: 'regtest',
    magic: Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda),
    port: 18_444,
    onionPort: 18_445,
    ...genesisOf({
      ...{ timeSeconds: 1_296_688_602, bits: 0x207f_ffff, nonce: 2 },
      hash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    }),
  },
}

/**
 * The signet of a challenge of one's own (BIP 325): it differs in how its frames begin, and in whose
 * blocks it takes.
 * @param challenge the script that a block's signature has to satisfy
 */
export function signetOf(challenge: Uint8Array, sha256: Sha256): BitcoinNetwork {
  const writer = createWriter(challenge.length + 9)
  writeVector(writer, challenge, SIZE_MAX)
  const magic = doubleSha256(sha256, writtenBytes(writer)).slice(0, 4)
  return { ...BITCOIN_NETWORKS.signet, magic }
}
