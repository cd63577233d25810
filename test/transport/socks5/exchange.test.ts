import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../../codec/bytes.ts'
import { createExchange, wrongWithCredentials } from '../../../transport/socks5/exchange.ts'
import type { ExchangeStep, Socks5Credentials } from '../../../transport/socks5/exchange.ts'
import { holds } from '../../support/properties.ts'

const TARGET = { host: 'example.org', port: 0x1f90 }
const ME: Socks5Credentials = { user: 'me', password: 'secret' }
const bytes = (hex: string): Uint8Array => decodeHex(hex.replaceAll(' ', '')) ?? new Uint8Array(0)
const said = (step: ExchangeStep): string =>
  step.kind === 'say' ? encodeHex(step.bytes) : step.kind
const nameHex = encodeHex(encodeUtf8(TARGET.host))
const REQUEST = `050100030b${nameHex}1f90`
const OPENED = '05 00 00 01 00000000 0000'

/** What it says in the end of each of these answers of the proxy, in order. */
function after(answers: readonly string[], credentials: Socks5Credentials | undefined = ME) {
  const exchange = createExchange(TARGET, credentials)
  let step: ExchangeStep = { kind: 'more' }
  for (const answer of answers) step = exchange.push(bytes(answer))
  return step
}

describe('feature_proxy: SOCKS5 command contents', () => {
  test('without credentials nothing but no authentication is offered', () => {
    expect(encodeHex(createExchange(TARGET, undefined).greeting)).toBe('050100')
  })

  test('with credentials they are offered beside no authentication, and used where they are chosen', () => {
    const exchange = createExchange(TARGET, ME)
    expect(encodeHex(exchange.greeting)).toBe('05020002')
    expect(said(exchange.push(bytes('0502')))).toBe(`01026d6506${encodeHex(encodeUtf8('secret'))}`)
    expect(said(exchange.push(bytes('0100')))).toBe(REQUEST)
  })

  test('a destination is a domain name of its text, and the port is big-endian', () => {
    expect(said(after(['0500']))).toBe(REQUEST)
  })

  test.each(['192.0.2.7', '2001:db8::7'])(
    'the literal %s goes out as a domain name too',
    (host) => {
      const step = createExchange({ host, port: 1 }, undefined).push(bytes('0500'))
      const length = host.length.toString(16).padStart(2, '0')
      expect(said(step)).toBe(`05010003${length}${encodeHex(encodeUtf8(host))}0001`)
    },
  )

  test('the longest name fits', () => {
    const host = 'a'.repeat(253)
    const step = createExchange({ host, port: 1 }, undefined).push(bytes('0500'))
    expect(step.kind === 'say' && [step.bytes.length, step.bytes[4]]).toEqual([260, 253])
  })
})

describe('an answer', () => {
  const bounds = {
    IPv4: '01 7f000001 1f90',
    IPv6: '04 00000000000000000000000000000001 1f90',
    'a name': '03 03 616263 1f90',
    'the empty name': '03 00 0000',
    'the longest name': `03 ff ${'61'.repeat(255)} 0000`,
  }
  test.each(Object.entries(bounds))('may be bound to %s, which is passed over', (_, bound) => {
    const step = after(['0500', `05 00 00 ${bound} cafe`])
    expect(step).toEqual({ kind: 'opened', rest: Uint8Array.of(0xca, 0xfe) })
  })

  test('is the same under every cut, and what stands behind it is whole', () => {
    const answers = ['0502', '0100', `05 00 00 ${bounds['a name']}`].map(bytes)
    const rest = fc.uint8Array({ maxLength: 40 })
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 })
    const property = fc.property(rest, cuts, (behind, sizes) => {
      const exchange = createExchange(TARGET, ME)
      const told: string[] = []
      for (const [index, answer] of answers.entries()) {
        const isLast = index === answers.length - 1
        let left = isLast ? concatBytes(answer, behind) : answer
        for (let turn = 0; left.length > 0; turn++) {
          const size = sizes[turn % sizes.length] ?? 1
          const step = exchange.push(left.slice(0, size))
          left = left.slice(size)
          if (step.kind === 'more') continue
          if (step.kind !== 'opened') {
            told.push(step.kind)
            continue
          }
          expect(concatBytes(step.rest, left)).toEqual(behind)
          told.push('opened')
          left = new Uint8Array(0)
        }
      }
      expect(told).toEqual(['say', 'say', 'opened'])
    })
    holds(property)
  })

  test('is awaited at every cut of it', () => {
    for (const bound of Object.values(bounds)) {
      const whole = bytes(`05 00 00 ${bound}`)
      for (let length = 0; length < whole.length; length++) {
        const exchange = createExchange(TARGET, undefined)
        exchange.push(bytes('0500'))
        expect(exchange.push(whole.slice(0, length)).kind).toBe('more')
      }
    }
  })

  test('says when it knows whom we want: what takes long before that is its own', () => {
    const exchange = createExchange(TARGET, ME)
    expect(exchange.isAsked).toBe(false)
    exchange.push(bytes('0502'))
    expect(exchange.isAsked).toBe(false)
    exchange.push(bytes('0100'))
    expect(exchange.isAsked).toBe(true)
  })
})

describe('a proxy fails by', () => {
  test.each([
    ['another version', ['04']],
    ['another version, before the method', ['00']],
    ['no method that it takes', ['05ff']],
    ['a method that nobody offered', ['0501']],
    ['a byte behind its method, before it was asked', ['0500 05']],
    ['its reply ahead of our request', [`0500 ${OPENED}`]],
    ['a byte behind its authentication', ['0502', '0100 05']],
    ['another version of the authentication', ['0502', '0500']],
    ['credentials that it does not take', ['0502', '0101']],
    ['another version of its reply', ['0500', '04']],
    ['a reserved byte that is set', ['0500', '05 00 01']],
    ['an address of no kind', ['0500', '05 00 00 02']],
    ['an address of kind 0', ['0500', '05 00 00 00']],
    ['not doing what it is asked', ['0500', '05 07']],
    ['not taking names', ['0500', '05 08']],
  ])('%s', (_, answers) => {
    expect(after(answers)).toEqual({ kind: 'failed', fault: 'proxy-failed' })
  })

  test('credentials asked for where there are none', () => {
    const exchange = createExchange(TARGET, undefined)
    expect(exchange.push(bytes('0502'))).toEqual({ kind: 'failed', fault: 'proxy-failed' })
  })
})

describe('of the target it says', () => {
  test.each([
    ['01', 'failed'],
    ['02', 'no-access'],
    ['03', 'unreachable'],
    ['04', 'unreachable'],
    ['05', 'refused'],
    ['06', 'timed-out'],
    ['09', 'failed'],
    ['ef', 'failed'],
    ['f0', 'unreachable'],
    ['f1', 'unreachable'],
    ['f2', 'unreachable'],
    ['f3', 'unreachable'],
    ['f4', 'no-access'],
    ['f5', 'no-access'],
    ['f6', 'bad-address'],
    ['f7', 'timed-out'],
    ['ff', 'failed'],
  ])('by code %s: %s, with no need of the rest', (code, fault) => {
    expect(after(['0500', `05${code}`])).toEqual({ kind: 'failed', fault })
    expect(after(['0500', '05', `${code}00`])).toEqual({ kind: 'failed', fault })
  })
})

test('whatever a proxy says, nothing is thrown', () => {
  const property = fc.property(
    fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(bytes('0500')))),
    (answers) => {
      const exchange = createExchange(TARGET, ME)
      for (const answer of answers) {
        const { kind } = exchange.push(answer)
        if (kind === 'failed' || kind === 'opened') return
      }
    },
  )
  holds(property)
})

test('credentials have 1 to 255 bytes each, and are not in the sentence that says so', () => {
  const long = 'ä'.repeat(127)
  expect(wrongWithCredentials({ user: 'x', password: `${long}x` })).toBeUndefined()
  for (const wrong of ['', `${long}xx`]) {
    for (const credentials of [
      { user: wrong, password: 'hidden' },
      { user: 'hidden', password: wrong },
    ]) {
      expect(wrongWithCredentials(credentials)).toMatch(/^user and password have 1 to 255 bytes/)
      expect(wrongWithCredentials(credentials)).not.toContain('hidden')
    }
  }
})
