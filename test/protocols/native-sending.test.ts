import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PROTOCOL_BYTES_MAX } from '../../codec/native/messages.ts'
import { native } from '../../protocols/native.ts'
import { holds } from '../support/properties.ts'

const manifest = native({ network: 'test/sending', privateKey: new Uint8Array(32).fill(1) })
const wrongWithName = (protocol: string) =>
  manifest.wrongWith?.({ type: 'message', protocol, payload: new Uint8Array(1) })

test.each(['', 'a'.repeat(128), '\u0101'.repeat(64), '\u20ac'.repeat(42), '\u{1f600}'.repeat(32)])(
  'a protocol with a name of at most 128 bytes may be sent to: %s',
  (name) => {
    expect(wrongWithName(name)).toBeUndefined()
  },
)

test.each([
  'a'.repeat(129),
  `${'\u0101'.repeat(64)}a`,
  '\u20ac'.repeat(43),
  '\u{1f600}'.repeat(33),
])('a protocol with a longer name is refused where it is sent: %s', (name) => {
  expect(wrongWithName(name)).toContain('128 are the limit')
})

test('whatever a name is made of, its bytes decide', () => {
  holds(
    fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (name) => {
      const isLong = new TextEncoder().encode(name).length > PROTOCOL_BYTES_MAX
      expect(wrongWithName(name) === undefined).toBe(!isLong)
    }),
  )
})
