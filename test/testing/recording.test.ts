import { describe, expect, test } from 'vitest'
import { createSupervisor, NODE_LIMITS } from '../../index.ts'
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { native } from '../../protocols/native.ts'
import { record, replay } from '../../testing/recording.ts'
import type { Recording } from '../../testing/recording.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { oneByte } from '../../transport/memory/chunking.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { plain } from '../contracts/fits/plain.ts'
import { sniffing } from '../contracts/fits/sniffing.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { startNode } from '../support/nodes.ts'

const backend = BACKENDS[0]
if (backend === undefined) throw new Error('there is always one backend')
const keyOf = (name: string) => backend.sha256(new TextEncoder().encode(name))

interface Subject<T extends ProtocolTypes> {
  readonly protocol: (name: string) => Protocol<T>
  readonly dial: (host: string) => string
  readonly say: (number: number) => T['message']
}

/** Bob, recorded: he dials alice, talks, is disconnected, and comes back. */
function startRecorded<T extends ProtocolTypes>(subject: Subject<T>) {
  const seed = 'recorded'
  const world = startVirtualWorld({ seed })
  world.network.setChunking(oneByte)
  const alice = startNode(world, 'alice', '10.0.0.1', subject.protocol('alice'))
  const { crypto, datagrams, store, streams, ...rest } = world.nodeWorld('bob', '10.0.0.2')
  const protocol = subject.protocol('bob')
  const bootstrap = [subject.dial('10.0.0.1')]
  const supervisor = createSupervisor({
    name: 'bob',
    protocol,
    transport: streams,
    store,
    world: { ...rest, crypto },
    listen: [`10.0.0.2:${protocol.defaultPort}`],
    peers: { bootstrap },
    ...(datagrams === undefined ? {} : { datagrams }),
  })
  const recording = record(supervisor.port, crypto)
  const started = supervisor.start()
  started.catch(() => undefined)
  world.advance(1_000)
  const talk = () => {
    const name = supervisor.connections()[0]?.name ?? ''
    for (let number = 0; number < 20; number++) supervisor.send(name, subject.say(number))
    world.advance(500)
  }
  talk()
  alice.supervisor.ban('10.0.0.2', { ms: 2_000 })
  world.advance(10_000)
  talk()
  const activeTwice = supervisor.peers().length > 0

  const parsed = bootstrap.map((text) => {
    const result = protocol.addresses.parse(text)
    if ('wrong' in result) throw new Error(result.wrong)
    return result.address
  })
  const replayed = (other: Partial<Recording> = {}, crypt = crypto) =>
    replay<T>(
      { ...recording, ...other },
      {
        name: 'bob',
        protocol: subject.protocol('bob'),
        listen: [{ host: '10.0.0.2', port: protocol.defaultPort }],
        bootstrap: parsed,
        limits: NODE_LIMITS,
        crypto: crypt,
        random: startVirtualWorld({ seed }).nodeWorld('bob', '10.0.0.2').random,
      },
    )
  return { recording, replayed, activeTwice }
}

const subjects = {
  plain: {
    protocol: plain,
    dial: (host: string) => `${host}:7001`,
    say: (number: number) => ({ type: 'blob' as const, payload: new Uint8Array(number) }),
  },
  keyed: {
    protocol: (name: string) => keyed(keyOf(name)),
    dial: (host: string) => `${host}:7002`,
    say: (number: number) => ({ type: 'note' as const, payload: Uint8Array.of(number) }),
  },
  sniffing: {
    protocol: (name: string) => sniffing(name === 'alice' ? ['old'] : undefined),
    dial: (host: string) => `${host}:7003`,
    say: (number: number) => ({ type: 'line' as const, payload: Uint8Array.of(number) }),
  },
  native: {
    protocol: (name: string) => native({ network: 'test/one', privateKey: keyOf(name) }),
    dial: (host: string) =>
      `node://${native({ network: 'test/one', privateKey: keyOf('alice') }).identity ?? ''}@${host}:9946`,
    say: (number: number) => ({
      type: 'message' as const,
      protocol: 'test',
      payload: new Uint8Array(number),
    }),
  },
}

describe('a recorded node', () => {
  const starts = {
    plain: () => startRecorded(subjects.plain),
    native: () => startRecorded(subjects.native),
    keyed: () => startRecorded(subjects.keyed),
    sniffing: () => startRecorded(subjects.sniffing),
  }
  test.each(['plain', 'native', 'keyed', 'sniffing'] as const)(
    'of %s does the same again',
    (name) => {
      const { recording, replayed, activeTwice } = starts[name]()
      expect(activeTwice).toBe(true)
      expect(recording.trace.length).toBeGreaterThan(100)
      expect(replayed()).toBeUndefined()
    },
  )

  test.each(BACKENDS.map((one) => [one.name, one] as const))(
    'of the native network does the same again with %s',
    (_, crypto) => {
      const { replayed } = starts.native()
      expect(replayed({}, crypto)).toBeUndefined()
    },
  )

  /** The same on every Node and with every backend; it changes where behaviour does, knowingly. */
  test.each([
    ['plain', 'ad5749ce8f5547ca'],
    ['native', '975196d7dc6b948f'],
  ] as const)('of %s leaves the same trace on every platform', (name, hash) => {
    const { recording } = starts[name]()
    const text = new TextEncoder().encode(recording.trace.join('\n'))
    expect(encodeHex(backend.sha256(text)).slice(0, 16)).toBe(hash)
  })

  test('that is given other bytes differs, and the place is named', () => {
    const { recording, replayed } = starts.native()
    const at = recording.entries.findIndex(({ input }) => input.kind === 'stream.bytes')
    const entries = recording.entries.map((entry, index) =>
      index === at && entry.input.kind === 'stream.bytes'
        ? { ...entry, input: { ...entry.input, bytes: entry.input.bytes.map((byte) => byte ^ 1) } }
        : entry,
    )
    expect(replayed({ entries })).toMatchObject({ position: expect.any(Number) as number })
  })

  test('that is given an input less differs', () => {
    const { recording, replayed } = starts.plain()
    const { entries } = recording
    const without = entries.filter((_, index) => index !== entries.length >> 1)
    expect(replayed({ entries: without })).toBeDefined()
  })
})
