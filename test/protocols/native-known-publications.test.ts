import { describe, expect, test } from 'vitest'
import type { BroadcastMessage } from '../../codec/native/messages.ts'
import { createKnownPublications } from '../../protocols/native/known-publications.ts'

/** What the first bytes of a signature say is all that it is looked for by. */
const broadcast = (number: number, other: Partial<BroadcastMessage> = {}): BroadcastMessage => ({
  type: 'broadcast',
  originId: new Uint8Array(32).fill(1),
  originPublicKey: new Uint8Array(33).fill(2),
  keyType: 1,
  sequence: 5n,
  timestampMs: 6n,
  topic: 'news',
  payload: new Uint8Array(20).fill(3),
  hopsLeft: 8,
  signature: new Uint8Array(64)
    .fill(4)
    .fill(number, 1, 2)
    .fill(number >> 8, 0, 1),
  ...other,
})

describe('a broadcast that came before', () => {
  test('is known again, however many hops it has left', () => {
    const known = createKnownPublications<string>()
    expect(known.find(broadcast(1))).toBeUndefined()
    known.note(broadcast(1), 'one')
    known.note(broadcast(2), 'two')
    expect(known.find(broadcast(1))).toBe('one')
    expect(known.find(broadcast(2, { hopsLeft: 0 }))).toBe('two')
    expect(known.find(broadcast(3))).toBeUndefined()
  })

  const signature = broadcast(1).signature.slice().fill(9, 63)
  test.each<Partial<BroadcastMessage>>([
    { originId: new Uint8Array(32) },
    { originPublicKey: new Uint8Array(33) },
    { keyType: 2 },
    { sequence: 4n },
    { timestampMs: 7n },
    { topic: 'olds' },
    { payload: new Uint8Array(20) },
    { payload: new Uint8Array(21).fill(3) },
    { signature },
  ])('is another one with %o', (other) => {
    const known = createKnownPublications<string>()
    known.note(broadcast(1), 'one')
    expect(known.find(broadcast(1, other))).toBeUndefined()
  })

  test('makes room when 256 came after it', () => {
    const known = createKnownPublications<number>()
    for (let number = 0; number < 256; number++) known.note(broadcast(number), number)
    expect(known.find(broadcast(0))).toBe(0)
    known.note(broadcast(256), 256)
    expect([0, 1, 256].map((number) => known.find(broadcast(number)))).toEqual([undefined, 1, 256])
  })

  test('is not kept with a payload of more than 4 KiB', () => {
    const known = createKnownPublications<string>()
    const [fits, large] = [4_096, 4_097].map((bytes, number) =>
      broadcast(number, { payload: new Uint8Array(bytes) }),
    )
    for (const message of [fits, large]) if (message !== undefined) known.note(message, 'noted')
    expect([fits, large].map((message) => message && known.find(message))).toEqual([
      'noted',
      undefined,
    ])
  })
})
