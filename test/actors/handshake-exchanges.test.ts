import { describe, expect, test } from 'vitest'
import { createHandshakeExchanges } from '../../actors/handshake-exchanges.ts'
import type { Random } from '../../world/random.ts'

const bytesOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const NOTHING = bytesOf(0)

/** Keys are drawn as 1, 2, 3 ...; the even ones are none. */
function startExchanges() {
  const drawn: Uint8Array[] = []
  const random: Pick<Random, 'bytes'> = {
    bytes() {
      const bytes = bytesOf(drawn.length + 1)
      drawn.push(bytes)
      return bytes
    },
  }
  const exchanges = createHandshakeExchanges({
    isPrivateKey: ([byte = 0]) => byte % 2 === 1,
    publicKeyOf: (privateKey) => privateKey.map((byte) => byte + 100),
  })
  return { drawn, exchanges, draw: (name: string) => exchanges.draw(name, random) }
}

const ours = { raw: bytesOf(11) }
const theirs = { raw: bytesOf(22), ephemeralKey: bytesOf(33) }

test('each connection has a key of its own, and what is no key is drawn again', () => {
  const { draw, drawn, exchanges } = startExchanges()
  expect([draw('one'), draw('other')]).toEqual([bytesOf(101), bytesOf(103)])
  expect(drawn).toHaveLength(3)
  expect(exchanges.size).toBe(2)
})

test('a key is overwritten when its connection is forgotten, whatever came of it', () => {
  const { draw, drawn, exchanges } = startExchanges()
  draw('one')
  draw('other')
  exchanges.note('other', { ours })
  exchanges.forget('one')
  exchanges.forget('one')
  expect(drawn).toEqual([NOTHING, bytesOf(2), bytesOf(3)])
  exchanges.forget('other')
  expect(drawn[2]).toEqual(NOTHING)
  expect(exchanges.size).toBe(0)
})

test.each([
  ['no handshake', () => undefined],
  ['no key', { ours, theirs }],
  ['nothing of theirs', { ours }],
  ['nothing of ours', { theirs }],
] as const)('the shared secret is not asked for where there is %s', (what, parts) => {
  const { draw, exchanges } = startExchanges()
  if (what !== 'no key' && what !== 'no handshake') draw('one')
  if (typeof parts === 'object') exchanges.note('one', parts)
  expect(() => exchanges.derive({ name: 'one', role: 'dialler' }, () => 1)).toThrow(
    /out of|no handshake/,
  )
})

describe('the shared secret', () => {
  const deriveAs = (role: 'dialler' | 'listener', finish: (...given: Uint8Array[]) => string) => {
    const { draw, drawn, exchanges } = startExchanges()
    draw('one')
    exchanges.note('one', { theirs })
    exchanges.note('one', { ours })
    const later = exchanges.derive({ name: 'one', role }, finish)
    return { ...later, drawn, exchanges }
  }

  test.each([
    ['dialler', 11, 22],
    ['listener', 22, 11],
  ] as const)('of a %s is made of its key, and comes with both payloads', (role, first, second) => {
    const seen: Uint8Array[] = []
    const { finish, job } = deriveAs(role, (...given) => {
      seen.push(...given.map((bytes) => bytes.slice()))
      return 'done'
    })
    expect(job).toEqual({
      ...{ operation: 'sharedX', privateKey: bytesOf(1), publicKey: bytesOf(33) },
      ownPublicKey: bytesOf(101),
    })
    expect(finish(bytesOf(44))).toBe('done')
    expect(seen).toEqual([bytesOf(44), bytesOf(first), bytesOf(second)])
  })

  test.each(['returns', 'throws'])('is overwritten when whoever uses it %s', (how) => {
    const sharedX = bytesOf(44)
    const { drawn, exchanges, finish } = deriveAs('dialler', () => {
      if (how === 'throws') throw new Error('no')
      return 'done'
    })
    if (how === 'throws') expect(() => finish(sharedX)).toThrow('no')
    else finish(sharedX)
    expect([sharedX, drawn[0]]).toEqual([NOTHING, NOTHING])
    expect(exchanges.size).toBe(0)
  })

  test('is a fault of ours where it is none: points are checked before', () => {
    const { finish } = deriveAs('dialler', () => 'done')
    expect(() => finish(undefined)).toThrow('a checked point has no shared one')
  })
})
