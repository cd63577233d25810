import { describe, expect, test } from 'vitest'
import { tools } from '../../protocols/bitcoin.ts'

const create = (values: Readonly<Record<string, string>>) =>
  tools.create({ network: 'regtest', transport: 'auto', ...values }, { privateKey: undefined })

/** What every object of the language has, and no list of ours. */
describe.for(['__proto__', 'constructor', 'toString', 'valueOf'])('%s', (name) => {
  test.for([
    ['network', 'the network is one of'],
    ['transport', 'the transport is auto, v1 or v2'],
    ['dnsSeeds', 'names are asked auto, force or off'],
  ] as const)('is no %s', ([option, sentence]) => {
    expect(() => create({ [option]: name })).toThrow(sentence)
  })
})

test.for(['auto', 'v1', 'v2'])('%s is a transport', (transport) => {
  expect(create({ transport }).name).toBe('bitcoin')
})

test.for(['auto', 'force', 'off'])('names are asked %s', (dnsSeeds) => {
  expect(create({ dnsSeeds }).name).toBe('bitcoin')
})
