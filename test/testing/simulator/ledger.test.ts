import { describe, expect, test } from 'vitest'
import { createHandedOver, createLedger } from '../../../testing/simulator/ledger.ts'
import { encodePayload } from '../../../testing/simulator/payloads.ts'

const nodeOf = (index: number) => ({ index, ...createHandedOver() })

describe('a request', () => {
  test('is right once in a life of the node that it was made to', () => {
    const ledger = createLedger()
    const payload = encodePayload(ledger.ask(1, 2), 20)
    const life = nodeOf(2)
    expect(ledger.asked(payload, life)).toBeUndefined()
    expect(ledger.asked(payload, life)).toBe('request 1 was handed over twice')
    expect(ledger.asked(payload, nodeOf(2))).toBeUndefined()
    expect(ledger.askedCount).toBe(3)
  })

  test('is wrong where nobody made it, or it was told and not asked', () => {
    const ledger = createLedger()
    const told = ledger.say(1, 2)
    for (const payload of [encodePayload(999, 20), encodePayload(told, 20), Uint8Array.of(1)]) {
      expect(ledger.asked(payload, nodeOf(2))).toBe('a request that nobody made')
    }
  })

  test('is wrong at another node', () => {
    const ledger = createLedger()
    const payload = encodePayload(ledger.ask(1, 2), 20)
    expect(ledger.asked(payload, nodeOf(3))).toBe('request 1 of n1 to n2 came to n3')
    expect(ledger.asked(payload, nodeOf(1))).toBe('request 1 of n1 to n2 came to n1')
  })

  test('is no message', () => {
    const ledger = createLedger()
    const payload = encodePayload(ledger.ask(1, 2), 20)
    expect(ledger.heard(payload, { connection: 'n2/in-1', index: 1 }, nodeOf(2))).toBe(
      'a message that nobody sent, or for the second time',
    )
  })
})
