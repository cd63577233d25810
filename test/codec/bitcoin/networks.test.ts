import { describe, expect, test } from 'vitest'
import { blockHashOf } from '../../../codec/bitcoin/block-header.ts'
import { parseHash, printHash } from '../../../codec/bitcoin/hashes.ts'
import { BITCOIN_NETWORKS, signetOf } from '../../../codec/bitcoin/networks.ts'
import { concatBytes, encodeAscii, encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { sha256 } from './vectors.ts'

describe('each network', () => {
  test.each(Object.entries(BITCOIN_NETWORKS))('%s begins with its first block', (name, network) => {
    expect(network.name).toBe(name)
    expect(encodeHex(blockHashOf(network.genesis, sha256))).toBe(encodeHex(network.genesisHash))
    expect(network.onionPort).toBe(network.port + 1)
  })

  test('has bytes and a port of its own', () => {
    const all = Object.values(BITCOIN_NETWORKS)
    expect(all.map(({ magic, port }) => `${encodeHex(magic)} ${port}`)).toEqual([
      ...['f9beb4d9 8333', '0b110907 18333', '1c163f28 48333', '0a03cf40 38333', 'fabfb5da 18444'],
    ])
  })
})

/** One of two keys: Core's default. */
const CHALLENGE = hex(
  '512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430' +
    '210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae',
)

describe('a signet', () => {
  test('is told from the others by its challenge', () => {
    expect(signetOf(CHALLENGE, sha256)).toEqual(BITCOIN_NETWORKS.signet)
    const trivial = signetOf(hex('51'), sha256)
    expect(encodeHex(trivial.magic)).toBe('54d26fbd')
    expect(trivial.genesisHash).toEqual(BITCOIN_NETWORKS.signet.genesisHash)
  })

  test('may have a challenge of any length', () => {
    const long = concatBytes(CHALLENGE, CHALLENGE, CHALLENGE, CHALLENGE)
    expect(long).toHaveLength(284)
    expect(signetOf(long, sha256).magic).toHaveLength(4)
  })
})

test('Core’s own names of seeds begin as the hash of a name', () => {
  const prefix = Uint8Array.of(0xfd, ...sha256(encodeAscii('bitcoin')).subarray(0, 5))
  expect(encodeHex(prefix)).toBe('fd6b88c08724')
})

describe('a hash', () => {
  const text = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'

  test('is written backwards, and read so', () => {
    const { genesisHash } = BITCOIN_NETWORKS.regtest
    expect(genesisHash[0]).toBe(0x06)
    expect(printHash(genesisHash)).toBe(text)
    expect(parseHash(text)).toEqual(genesisHash)
    expect(parseHash(text.toUpperCase())).toEqual(genesisHash)
  })

  test.each(['', text.slice(1), `${text}0`, text.replace('f', 'g')])('is not "%s"', (wrong) => {
    expect(parseHash(wrong)).toBeUndefined()
  })
})
