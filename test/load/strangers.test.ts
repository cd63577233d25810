import { describe, expect, test } from 'vitest'
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { plain } from '../contracts/fits/plain.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const text = (line: string) => new TextEncoder().encode(line)
const key = (byte: number) => new Uint8Array(32).fill(byte)

/** What knocks at every open port. */
const STRANGERS: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['an HTTP request', text('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')],
  ['a TLS hello', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...key(7), 32, ...key(9))],
  ['an SSH banner', text('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n')],
  ['a length of 2^32-1', Uint8Array.of(255, 255, 255, 255, 1, 2, 3, 4)],
  ['zeros', new Uint8Array(4_096)],
]

const hosts = (port: number) => `10.0.0.1:${port}`

function startListening<T extends ProtocolTypes>(
  make: (byte: number) => Protocol<T>,
  dial: (port: number) => string,
) {
  const world = startVirtualWorld({ seed: 'strangers' })
  const port = make(1).defaultPort
  const alice = startNode(world, 'alice', '10.0.0.1', make(1))
  startNode(world, 'bob', '10.0.0.2', make(2), { bootstrap: [dial(port)] })
  world.advance(1_000)
  const { streams } = world.nodeWorld('stranger', '10.0.0.9')
  const told: string[] = []
  streams.start((input) => {
    told.push(input.kind)
  })
  streams.open(2, { host: '10.0.0.1', port })
  world.settle()
  const say = (bytes: Uint8Array): void => {
    streams.write(2, bytes)
    world.settle()
  }
  return { world, alice, say, told }
}

const nativeOf = (byte: number) => native({ network: 'test/one', privateKey: key(byte) })

const starts = {
  native: () =>
    startListening(nativeOf, (port) => `node://${nativeOf(1).identity ?? ''}@${hosts(port)}`),
  plain: () => startListening(() => plain(), hosts),
  keyed: () => startListening((byte) => keyed(key(byte)), hosts),
}

describe.each(['native', 'plain', 'keyed'] as const)('a node of %s', (name) => {
  test.each(STRANGERS)('ends %s with a reason, and nobody else notices', (_, bytes) => {
    const { world, alice, say } = starts[name]()
    const before = process.memoryUsage().arrayBuffers
    say(bytes)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
    world.advance(40_000)
    const closed = alice.eventsOf('connection.closed')
    expect(closed).toHaveLength(1)
    expect(closed[0]?.reason).toMatch(/^(peer-fault|deadline)$/)
    expect(closed[0]?.phase).toBe('handshaking')
    expect(alice.eventsOf('fault')).toEqual([])
    expect(alice.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
  })

  test('is not held by who says one byte a minute, or nothing', () => {
    const { world, alice, say } = starts[name]()
    say(Uint8Array.of(0))
    world.advance(60_000)
    say(Uint8Array.of(0))
    world.advance(10)
    const closed = alice
      .eventsOf('connection.closed')
      .filter(({ address }) => address.includes('10.0.0.9'))
    expect(closed.map(({ reason }) => reason)).toEqual(['deadline'])
    expect(alice.eventsOf('fault')).toEqual([])
  })
})
