import { expect, test } from 'vitest'
import { networkLimits } from '../../actors/network-limits.ts'
import { botd } from '../../protocols/botd.ts'
import { native } from '../../protocols/native.ts'

const USUAL = { pingMs: 1_000, inboundMax: 25 }
const privateKey = new Uint8Array(32).fill(1)

test('what is given stands in place of the usual, which stays as it is', () => {
  expect(networkLimits(USUAL, { pingMs: 0 })).toEqual({ pingMs: 0, inboundMax: 25 })
  expect(networkLimits(USUAL)).toEqual(USUAL)
})

test.each([
  ['{ "inbound": 8 }', 'there is no limit inbound'],
  ['{ "toString": 8 }', 'there is no limit toString'],
  ['{ "inboundMax": "8" }', 'the limit inboundMax is no whole number: 8'],
  ['{ "inboundMax": -1 }', 'the limit inboundMax is no whole number: -1'],
  ['{ "inboundMax": 0.5 }', 'the limit inboundMax is no whole number: 0.5'],
])('%s is refused, by each network', (text, sentence) => {
  const limits = JSON.parse(text) as Record<string, never>
  for (const make of [
    () => networkLimits(USUAL, limits),
    () => native({ network: 'test', privateKey, limits }),
    () => botd({ privateKey, limits }),
  ]) {
    expect(make).toThrow(RangeError)
    expect(make).toThrow(sentence)
  }
})
