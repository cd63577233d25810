import { describe, expect, test } from 'vitest'
import { parseAddress, printAddress } from '../../../codec/native/address.ts'
import { groupOf } from '../../../codec/place.ts'
import { VECTORS } from './vectors.ts'

const ID = VECTORS.aliceId

describe('an address', () => {
  test.each([
    [`node://${ID}@192.0.2.7:9000`, '192.0.2.7', 9000],
    [`node://${ID}@192.0.2.7`, '192.0.2.7', 9946],
    [`node://${ID}@[2001:DB8::0:1]:80`, '2001:db8::1', 80],
    [`node://${ID}@[::1]`, '::1', 9946],
    [`node://${ID}@[::ffff:192.0.2.7]:1`, '192.0.2.7', 1],
    [`node://${ID}@Seed.Example.org:65535`, 'seed.example.org', 65535],
    [`node://${ID}@localhost:9946`, 'localhost', 9946],
  ])('%s names one host in one form', (text, host, port) => {
    const parsed = parseAddress(text)
    expect(parsed).toEqual({ address: { id: ID, host, port } })
    if ('wrong' in parsed) return
    expect(parseAddress(printAddress(parsed.address))).toEqual(parsed)
  })

  test.each([
    ['', 'node://'],
    ['192.0.2.7:9946', 'node://'],
    [`NODE://${ID}@192.0.2.7`, 'node://'],
    ['node://192.0.2.7:9946', 'node id'],
    [`node://@192.0.2.7`, 'node id'],
    [`node://${ID.toUpperCase()}@192.0.2.7`, 'node id'],
    [`node://${ID.slice(1)}@192.0.2.7`, 'node id'],
    [`node://${ID}@`, 'host'],
    [`node://${ID}@:9946`, 'host'],
    [`node://${ID}@2001:db8::1`, 'host'],
    [`node://${ID}@[2001:db8::1`, 'host'],
    [`node://${ID}@[192.0.2.7]:9946`, 'host'],
    [`node://${ID}@[fe80::1%eth0]:9946`, 'host'],
    [`node://${ID}@[::1]9946`, ']'],
    [`node://${ID}@127.1:9946`, 'host'],
    [`node://${ID}@0x7f.1:9946`, 'host'],
    [`node://${ID}@2130706433:9946`, 'host'],
    [`node://${ID}@192.0.2.256:9946`, 'host'],
    [`node://${ID}@192.0.02.7:9946`, 'host'],
    [`node://${ID}@-a.example:9946`, 'host'],
    [`node://${ID}@a..example:9946`, 'host'],
    [`node://${ID}@a_b.example:9946`, 'host'],
    [`node://${ID}@user@host:9946`, 'host'],
    [`node://${ID}@${'a'.repeat(64)}.example:9946`, 'host'],
    [`node://${ID}@${'a.'.repeat(127)}example:9946`, 'host'],
    [`node://${ID}@host:0`, 'port'],
    [`node://${ID}@host:65536`, 'port'],
    [`node://${ID}@host:`, 'port'],
    [`node://${ID}@host:09946`, 'port'],
    [`node://${ID}@host:9946/`, 'port'],
    [`node://${ID}@host:99 46`, 'port'],
    [`node://${ID}@${'a'.repeat(1000)}`, 'long'],
  ])('%s is refused with a sentence', (text, word) => {
    const parsed = parseAddress(text)
    expect('wrong' in parsed ? parsed.wrong : 'taken').toContain(word)
  })

  test('without an id is printed as a place, which cannot be dialled', () => {
    const text = printAddress({ id: undefined, host: '2001:db8::1', port: 5 })
    expect(text).toBe('[2001:db8::1]:5')
    expect(parseAddress(text)).toHaveProperty('wrong')
  })
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::', '2001:db8:1:3::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['Seed.Example.org', 'seed.example.org'],
])('the group of %s is %s', (host, group) => {
  expect(groupOf(host)).toBe(group)
})
