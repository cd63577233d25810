import { describe, expect, test } from 'vitest'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { NEGOTIATED } from '../../machines/handshakes/bitcoin.ts'
import { wrongWith } from '../../protocols/bitcoin/app-messages.ts'
import { SAMPLES } from '../codec/bitcoin/samples.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { regtest } from './bitcoin-support.ts'

const HASH = new Uint8Array(32).fill(7)
const entries = (count: number, hash: Uint8Array = HASH) =>
  Array.from({ length: count }, () => ({ kind: 2, hash }))

const CANNOT: readonly (readonly [string, BitcoinMessage, RegExp])[] = [
  [
    'a violation',
    { type: 'violation', command: 'inv', detail: 'too-many-inventories' },
    /never said/,
  ],
  ['what the session says', { type: 'verack' }, /verack is the session's own to say/],
  [
    'a command without letters',
    { type: 'unknown', command: '', payload: HASH },
    /1 to 12 printable characters/,
  ],
  [
    'more than a payload holds',
    { type: 'unknown', command: 'long', payload: new Uint8Array(4_000_001) },
    /about 4000001 bytes is longer than 4000000/,
  ],
  ['too many entries', { type: 'inv', entries: entries(50_001) }, /inv that cannot be written/],
  [
    'what nobody can have asked for',
    { type: 'notfound', entries: entries(5_017) },
    /notfound that/,
  ],
  [
    'a hash that is too short',
    { type: 'getdata', entries: entries(1, HASH.subarray(1)) },
    /getdata that cannot be written: 31 bytes in place of 32/,
  ],
]

/** As from an application without types. */
const messageIn = (text: string): BitcoinMessage => JSON.parse(text) as BitcoinMessage

const UNTYPED: readonly (readonly [string, RegExp])[] = [
  ['{ "type": "inf", "entries": [] }', /there is no message inf/],
  ['{ "type": "toString" }', /there is no message toString/],
  ['{ "type": "ping" }', /ping that cannot be written/],
  ['{ "type": "unknown", "command": "x" }', /unknown that cannot be written/],
  ['{ "type": "unknown", "payload": "" }', /1 to 12 printable characters/],
  ['{ "type": "unknown", "command": "x", "payload": "zz" }', /is no Uint8Array/],
  ['{ "type": "tx", "transaction": { "raw": [1, 2, 3] } }', /is no Uint8Array/],
  ['{ "type": "block", "block": { "raw": "abc" } }', /is no Uint8Array/],
  ['{ "type": "getdata", "entries": [{ "kind": -1, "hash": "" }] }', /-1 is not a whole number/],
]
const LACKING = ['inv', 'tx', 'block', 'headers', 'getheaders', 'blocktxn', 'addr']

describe('an application does not send', () => {
  test.each(CANNOT)('%s', (_, message, sentence) => {
    expect(wrongWith(message)).toMatch(sentence)
  })

  test.each(UNTYPED)('%s', (text, sentence) => {
    expect(wrongWith(messageIn(text))).toMatch(sentence)
  })

  test.each(LACKING)('%s without anything in it', (type) => {
    expect(wrongWith(messageIn(JSON.stringify({ type })))).toMatch(
      `a ${type} that cannot be written: `,
    )
  })
})

const SESSIONS_OWN: ReadonlySet<string> = new Set(NEGOTIATED)

test.each(SAMPLES.filter(([command]) => !SESSIONS_OWN.has(command)))(
  'an application sends %s',
  (_, message) => {
    expect(wrongWith(message)).toBeUndefined()
  },
)

test('what cannot be written is refused where it is sent, and costs no connection', () => {
  const world = startVirtualWorld({ seed: 'unwritable' })
  startNode(world, 'bob', '10.0.0.2', regtest())
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', regtest())
  supervisor.connect('10.0.0.2:18444').catch(() => undefined)
  world.advance(1_000)
  const [peer] = supervisor.connections()
  const send = (hash: Uint8Array) =>
    supervisor.send(peer?.name ?? '', { type: 'getdata', entries: entries(1, hash) })
  expect(() => send(HASH.subarray(1))).toThrow(/31 bytes in place of 32/)
  const thrownBy = (message: BitcoinMessage): unknown => {
    try {
      return supervisor.send(peer?.name ?? '', message)
    } catch (error) {
      return error
    }
  }
  expect(thrownBy(messageIn('{ "type": "inv" }'))).toMatchObject({ code: 'bad-argument' })
  expect(send(HASH)).toBe('queued')
  world.advance(1_000)
  expect(supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
})
