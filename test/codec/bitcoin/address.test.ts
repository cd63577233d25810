import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addressOf,
  addressOfSocket,
  networkAddressOf,
  parseAddress,
  printAddress,
} from '../../../codec/bitcoin/address.ts'
import { decodeBase32, encodeBase32 } from '../../../codec/bitcoin/base32.ts'
import { ADDRESS_BYTES } from '../../../codec/bitcoin/network-address.ts'
import type { NetworkAddress, PeerNetwork } from '../../../codec/bitcoin/network-address.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, bytesOf, holds } from '../../support/properties.ts'

/** Names that stand in Core's own documentation, and what they are made of. */
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'
const ONION_KEY = '79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f'
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p'
const I2P_HASH = 'a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87'

const parse = (text: string) => parseAddress(text, 8333)

describe('an address', () => {
  test.each([
    ['1.2.3.4', 'ipv4', '1.2.3.4:8333', '01020304'],
    ['1.2.3.4:18333', 'ipv4', '1.2.3.4:18333', '01020304'],
    ['[2001:DB8::0001]:1', 'ipv6', '[2001:db8::1]:1', '20010db8000000000000000000000001'],
    ['[::ffff:1.2.3.4]:5', 'ipv4', '1.2.3.4:5', '01020304'],
    ['[fc00::7]', 'cjdns', '[fc00::7]:8333', 'fc000000000000000000000000000007'],
    ['[fd00::7]', 'ipv6', '[fd00::7]:8333', 'fd000000000000000000000000000007'],
    [ONION, 'onion', `${ONION}:8333`, ONION_KEY],
    [`${ONION.toUpperCase()}:1`, 'onion', `${ONION}:1`, ONION_KEY],
    [I2P, 'i2p', `${I2P}:0`, I2P_HASH],
    [`${I2P.toUpperCase()}:0`, 'i2p', `${I2P}:0`, I2P_HASH],
  ])('%s is of %s: %s', (text, network, printed, bytes) => {
    const parsed = parse(text)
    if ('wrong' in parsed) throw new Error(parsed.wrong)
    expect(parsed.address.network).toBe(network)
    expect(printAddress(parsed.address)).toBe(printed)
    expect(parse(printed)).toEqual(parsed)
    const asBytes = networkAddressOf(parsed.address)
    expect(encodeHex(asBytes?.bytes ?? new Uint8Array(0))).toBe(bytes)
    expect(asBytes === undefined ? undefined : addressOf(asBytes)).toEqual(parsed.address)
  })

  test('may be a name, which has no form in a message', () => {
    const address = { network: 'name', host: 'seed.example.org', port: 8333 } as const
    expect(parse('Seed.example.org')).toEqual({ address })
    expect(printAddress(address)).toBe('seed.example.org:8333')
    expect(networkAddressOf(address)).toBeUndefined()
  })

  test.each([
    ['', /host/],
    ['1.2.3.4:0', /port/],
    ['1.2.3.4:65536', /port/],
    ['1.2.3', /host/],
    ['::1', /host/],
    ['[fe80::1%eth0]:1', /host/],
    [ONION.replace('p', 'q'), /mistyped/],
    [ONION.slice(1), /mistyped/],
    [`www.${ONION}`, /mistyped/],
    ['expyuzz4wqqyqhjn.onion', /mistyped/],
    [I2P.slice(1), /mistyped/],
    [I2P.replace('u', '1'), /mistyped/],
    ['planet.i2p', /mistyped/],
    [`${I2P}:8333`, /no port/],
    [`${I2P}:1`, /no port/],
  ])('is not "%s"', (text, wrong) => {
    const parsed = parse(text)
    expect('wrong' in parsed ? parsed.wrong : 'nothing').toMatch(wrong)
  })

  test.each([
    ['::ffff:1.2.3.4', 'ipv4', '1.2.3.4'],
    ['1.2.3.4', 'ipv4', '1.2.3.4'],
    ['2001:DB8:0::1', 'ipv6', '2001:db8::1'],
    ['fe80::1%eth0', 'ipv6', 'fe80::1%eth0'],
    ['fc00::1', 'cjdns', 'fc00::1'],
    ['a-test', 'name', 'a-test'],
  ])('of a connection from %s is of %s: %s', (host, network, canonical) => {
    expect(addressOfSocket({ host, port: 5 })).toEqual({ network, host: canonical, port: 5 })
  })

  test('that is none in a message is none in text', () => {
    expect(addressOf({ network: 'none', bytes: hex(''), port: 1 })).toBeUndefined()
  })

  test.each([
    ['onion', I2P],
    ['i2p', ONION],
    ['ipv4', '::1'],
    ['ipv6', '1.2.3.4'],
    ['ipv4', 'example.org'],
  ] as const)('of %s is not at %s', (network, host) => {
    expect(networkAddressOf({ network, host, port: 1 })).toBeUndefined()
  })

  const anyAddress = fc
    .constantFrom<PeerNetwork>('ipv4', 'onion', 'i2p', 'ipv6', 'cjdns')
    .chain((network) =>
      fc.record<NetworkAddress>({
        network: fc.constant(network),
        bytes: bytesOf(ADDRESS_BYTES[network]).map((bytes) => {
          const first = {
            cjdns: 0xfc,
            ipv6: 0x20,
            ipv4: undefined,
            onion: undefined,
            i2p: undefined,
          }
          return Uint8Array.of(first[network] ?? bytes[0] ?? 0, ...bytes.subarray(1))
        }),
        port: network === 'i2p' ? fc.constant(0) : fc.integer({ min: 1, max: 0xffff }),
      }),
    )

  test('comes back through its text', () => {
    holds(
      fc.property(anyAddress, (address) => {
        const text = addressOf(address)
        if (text === undefined) throw new Error('it is one')
        expect(parse(printAddress(text))).toEqual({ address: text })
        expect(networkAddressOf(text)).toEqual(address)
      }),
    )
  })

  test('is never thrown about, whatever the text', () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.constantFrom(ONION, I2P, '[fc00::1]:1').chain((text) =>
        fc.tuple(fc.nat(text.length), fc.string({ maxLength: 2 })).map(([at, more]) => {
          return text.slice(0, at) + more + text.slice(at + 1)
        }),
      ),
    )
    holds(
      fc.property(anyText, (text) => {
        const parsed = parse(text)
        if ('address' in parsed) expect(parse(printAddress(parsed.address))).toEqual(parsed)
        else expect(parsed.wrong).toMatch(/\w/)
      }),
      300,
    )
  })
})

describe('base32', () => {
  /** RFC 4648, section 10, in lower case and without padding. */
  test.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('of "%s" is "%s"', (text, encoded) => {
    const bytes = Uint8Array.from(Buffer.from(text))
    expect(encodeBase32(bytes)).toBe(encoded)
    expect(decodeBase32(encoded)).toEqual(bytes)
    expect(decodeBase32(encoded.toUpperCase())).toEqual(bytes)
  })

  test('comes back, whatever the bytes', () => {
    holds(
      fc.property(anyBytes(70), (bytes) => {
        expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes)
      }),
    )
  })

  test.each([
    'm',
    'a',
    'aaa',
    'aaaaaa',
    'mzxw6ytba',
    'mzx',
    'mzxw6y',
    'mz',
    'mzxx',
    'm0',
    'm1',
    'my======',
    'm y',
    'mý',
  ])('is not "%s"', (text) => {
    expect(decodeBase32(text)).toBeUndefined()
  })
})
