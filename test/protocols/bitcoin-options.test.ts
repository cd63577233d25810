import { describe, expect, test } from 'vitest'
import { bitcoin, tools } from '../../protocols/bitcoin.ts'

/** As from an application without types. */
const optionsIn = (text: string): object => JSON.parse(text) as object

describe('an option that no types were asked of', () => {
  test.each([
    ['{ "netwrok": "regtest" }', 'there is no option netwrok'],
    [
      '{ "network": "bitcoin" }',
      'the option network is one of mainnet, testnet3, testnet4, signet, regtest',
    ],
    ['{ "network": "toString" }', 'the option network is one of mainnet'],
    ['{ "transport": "auto" }', 'the option transport is one of both, v1, v2'],
    ['{ "services": ["blocks"] }', 'the option services is a list of network, bloom, witness'],
    ['{ "networks": ["tor"] }', 'the option networks is a list of ipv4, ipv6, onion, i2p, cjdns'],
    ['{ "blocksOnly": "no" }', 'the option blocksOnly is true or false'],
    ['{ "dnsSeeds": "auto" }', "the option dnsSeeds is true, false or 'force'"],
    ['{ "seedNodes": "10.0.0.1" }', 'the option seedNodes is a list of texts'],
    ['{ "permissions": [{}] }', 'the option permissions is a list of grants'],
    [
      '{ "permissions": [{ "range": "::/0", "direction": "in" }] }',
      'the option permissions is a list of grants',
    ],
    ['{ "permissions": [{ "range": "::/0", "allow": "all" }] }', 'the option permissions'],
    ['{ "usualPermissions": ["all"] }', 'the option usualPermissions is a list of permissions'],
    ['{ "limits": { "inbound": 8 } }', 'there is no limit inbound'],
    ['{ "limits": { "inboundMax": "8" } }', 'the limit inboundMax is no whole number: 8'],
    ['[]', 'the options are no object'],
  ])('is refused by its name: %s', (text, sentence) => {
    const making = () => bitcoin(optionsIn(text))
    expect(making).toThrow(RangeError)
    expect(making).toThrow(sentence)
    // So is a recording that says it.
    const settings = optionsIn(text)
    expect(() => tools.remake?.({ settings, secrets: {} })).toThrow(sentence)
  })

  test('may stand there without a value', () => {
    expect(bitcoin({ ...optionsIn('{ "network": "regtest" }'), ...{ services: [] } }).name).toBe(
      'bitcoin',
    )
  })
})
