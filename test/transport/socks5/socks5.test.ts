import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../codec/bytes.ts'
import { systemAfter } from '../../../transport/later.ts'
import { seededRandom } from '../../../transport/random.ts'
import { socks5 } from '../../../transport/socks5.ts'
import type { Socks5Proxy, Socks5Way } from '../../../transport/socks5.ts'
import { tcp } from '../../../transport/tcp.ts'
import { platformUntil, startedStreams } from '../support.ts'
import { startSocksRelay } from '../../support/socks-relay.ts'
import {
  NO_AUTHENTICATION,
  OPENED,
  OTHER_PROXY,
  PROXY,
  requestOf,
  startSocksScript,
} from '../../support/socks-script.ts'

const THROUGH: Socks5Proxy = { at: PROXY }
const ONION = `${'a'.repeat(56)}.onion`
/** The user that was said behind the greeting, from the bytes of RFC 1929. */
const userIn = (heard: readonly number[]): string => {
  const said = heard.slice(4)
  return String.fromCharCode(...said.slice(2, 2 + (said[1] ?? 0)))
}

describe('a dial through a proxy', () => {
  test('is opened when the proxy says so, and is told the target as its far end', () => {
    const { ask, dialler, heard, say } = startSocksScript()
    ask(2, 'Example.org', 8333)
    expect(heard()).toEqual([5, 2, 0, 2, ...requestOf('example.org', 8333)])
    expect(dialler.told(2)).toEqual([])
    say(OPENED)
    expect(dialler.told(2)).toMatchObject([
      { kind: 'stream.opened', remote: { host: 'example.org', port: 8333 } },
    ])
  })

  test('holds what the far side said behind the last reply until it is read, and in order', () => {
    const { ask, dialler, say, settle } = startSocksScript()
    ask(2)
    say(concatBytes(OPENED, Uint8Array.of(1, 2)))
    say(Uint8Array.of(3))
    expect(dialler.told(2).map(({ kind }) => kind)).toEqual(['stream.opened'])
    expect(dialler.chunkCount(2)).toBe(0)
    dialler.streams.resume(2)
    expect(dialler.chunkCount(2)).toBe(0)
    settle()
    say(Uint8Array.of(4))
    expect([...dialler.received(2)]).toEqual([1, 2, 3, 4])
  })

  test('tells the end behind the bytes that were held, and none of it once it was given up', () => {
    const { accepted, ask, dialler, proxy, settle } = startSocksScript()
    const openAndEnd = (stream: number) => {
      ask(stream)
      const there = accepted().stream
      proxy.streams.write(there, concatBytes(OPENED, Uint8Array.of(1)))
      proxy.streams.end(there)
      settle()
      dialler.streams.resume(stream)
    }
    openAndEnd(2)
    settle()
    expect([...dialler.received(2)]).toEqual([1])
    expect(dialler.told(2).map(({ kind }) => kind)).toEqual(['stream.opened', 'stream.ended'])
    openAndEnd(4)
    dialler.streams.destroy(4)
    settle()
    expect(dialler.chunkCount(4)).toBe(0)
    expect(dialler.broken).toEqual([])
  })

  test('reads nothing more when it is paused between bytes that were held', () => {
    const { network, say, settle, dialler, ask } = startSocksScript()
    ask(2)
    // The chunk that is already on its way behind the last reply.
    network.setChunking(() => 1_000)
    say(concatBytes(OPENED, Uint8Array.of(1)))
    dialler.streams.resume(2)
    dialler.streams.pause(2)
    settle()
    expect(dialler.chunkCount(2)).toBe(0)
    dialler.streams.resume(2)
    settle()
    expect([...dialler.received(2)]).toEqual([1])
  })

  test('sends what was written before, behind what the proxy is told, and counts it alone', () => {
    const { ask, dialler, heard, say, settle } = startSocksScript()
    ask(2)
    dialler.streams.write(2, Uint8Array.of(7, 8))
    dialler.streams.report(2)
    dialler.streams.end(2)
    dialler.streams.write(2, Uint8Array.of(9))
    settle()
    const before = heard().length
    say(OPENED)
    settle()
    expect(heard().slice(before)).toEqual([7, 8])
    expect(dialler.sentBytes(2)).toBe(2)
    expect(dialler.told(2)).toContainEqual({ kind: 'stream.sent', stream: 2, sentBytes: 2 })
  })

  test('goes over IPv6 and TCP as well, one byte of an answer at a time', async () => {
    const relay = startSocksRelay({ streams: tcp(), host: '::1', authenticates: true })
    await platformUntil(() => relay.address() !== undefined, 'the proxy to listen')
    const listener = startedStreams(tcp())
    listener.streams.listen(1, { host: '::1', port: 0 })
    await platformUntil(() => listener.toldOfListener(1).length > 0, 'the listener')
    const [listening] = listener.toldOfListener(1)
    if (listening?.kind !== 'listener.listening') throw new Error('it does not listen')
    const dialler = startedStreams(
      socks5({ over: tcp(), ways: { ipv6: { at: relay.address() ?? PROXY } } }),
    )
    dialler.streams.open(2, listening.address)
    await platformUntil(() => dialler.has(2, 'stream.opened'), 'the stream')
    expect(relay.requests).toMatchObject([{ host: '::1', port: listening.address.port }])
    expect(relay.requests[0]?.user).toMatch(/^[0-9a-f]{16}-0$/)
    relay.close()
  })
})

describe('feature_proxy: credentials differ per connection', () => {
  const usersOf = (credentials: Socks5Proxy['credentials'], seed = 'one'): readonly string[] => {
    const script = startSocksScript({
      ways: { otherwise: credentials === undefined ? THROUGH : { ...THROUGH, credentials } },
      random: seededRandom(seed),
    })
    return [2, 4].map((stream) => {
      script.dial(stream, 'example.org')
      script.say(Uint8Array.of(5, 2))
      return userIn(script.heard())
    })
  }

  test('two dials use different ones: 16 digits of the process, and a count', () => {
    const [first = '', second = ''] = usersOf(undefined)
    expect(first).toMatch(/^[0-9a-f]{16}-0$/)
    expect(second).toBe(first.replace(/0$/, '1'))
    expect(usersOf('isolated')).toEqual([first, second])
    expect(usersOf(undefined, 'other')).not.toContain(first)
  })

  test('the password is the user', () => {
    const { dial, heard, say } = startSocksScript()
    dial(2, 'example.org')
    say(Uint8Array.of(5, 2))
    const said = heard().slice(4)
    const user = said.slice(1, 2 + (said[1] ?? 0))
    expect(said).toEqual([1, ...user, ...user])
  })

  test('fixed ones are used each time', () => {
    expect(usersOf({ user: 'me', password: 'x' })).toEqual(['me', 'me'])
  })

  test('none are offered where none are wanted', () => {
    const { dial, dialler, heard, say } = startSocksScript({
      ways: { otherwise: { ...THROUGH, credentials: 'none' } },
    })
    dial(2, 'example.org')
    expect(heard()).toEqual([5, 1, 0])
    say(Uint8Array.of(5, 2))
    expect(dialler.told(2)).toMatchObject([{ kind: 'stream.failed', fault: 'proxy-failed' }])
  })
})

describe('feature_proxy: proxy routing per network and type', () => {
  const wayTo = (way: Socks5Way | undefined): string => {
    if (way === undefined) return 'refused'
    return typeof way === 'object' && 'port' in way.at ? String(way.at.port) : 'another way'
  }
  /** What becomes of a dial: the port of the proxy that it came to, or what it was told. */
  const fateOf = (host: string, ways: Parameters<typeof startSocksScript>[0]): string => {
    const { dial, dialler, proxy } = startSocksScript(ways)
    dial(2, host)
    const [told] = dialler.told(2)
    const came = proxy.inputs.findLast(({ kind }) => kind === 'listener.accepted')
    if (came?.kind === 'listener.accepted') return String(came.local.port)
    return told?.kind === 'stream.failed' ? told.fault : 'nothing'
  }
  const ways = {
    ipv4: { at: PROXY },
    ipv6: { at: OTHER_PROXY },
    onion: { at: OTHER_PROXY },
    names: { at: PROXY },
  }

  test.each([
    ['192.0.2.1', ways.ipv4],
    ['2001:db8::1', ways.ipv6],
    [ONION, ways.onion],
    ['example.org', ways.names],
  ])('%s goes its kind of way', (host, way) => {
    expect(fateOf(host, { ways })).toBe(wayTo(way))
  })

  test.each(['192.0.2.1', '2001:db8::1', ONION, 'example.org'])(
    '%s is unreachable where no way is given, and nobody is asked',
    (host) => {
      expect(fateOf(host, { ways: {} })).toBe('unreachable')
      expect(fateOf(host, { ways: { otherwise: 'refused' } })).toBe('unreachable')
      expect(fateOf(host, { ways: { otherwise: { at: OTHER_PROXY } } })).toBe('9150')
    },
  )

  test('what goes directly is dialled as without a proxy', () => {
    const { dial, dialler, proxy } = startSocksScript({ ways: { ipv4: 'direct' } })
    dial(2, '10.0.0.3', 9050)
    expect(proxy.inputs.some(({ kind }) => kind === 'listener.accepted')).toBe(true)
    expect(dialler.told(2)).toMatchObject([{ kind: 'stream.opened', remote: PROXY }])
    dial(4, '10.0.0.99')
    expect(dialler.told(4)).toMatchObject([{ kind: 'stream.failed', fault: 'unreachable' }])
  })

  test('an onion name goes nowhere but through a proxy, whatever way is given', () => {
    expect(fateOf(ONION, { ways: () => 'direct' })).toBe('unreachable')
    expect(fateOf(ONION, { ways: { otherwise: 'direct' } })).toBe('unreachable')
  })

  test('a function is asked with the host in its one form', () => {
    const asked: string[] = []
    const script = startSocksScript({
      ways(host) {
        asked.push(host)
        return THROUGH
      },
    })
    script.dial(2, 'EXAMPLE.org')
    script.dial(4, '2001:DB8:0::1')
    script.dial(6, '::ffff:192.0.2.1')
    expect(asked).toEqual(['example.org', '2001:db8::1', '192.0.2.1'])
  })

  test.each(['', 'a b', '[::1]', '127.1', '0x7f.1', 'a'.repeat(254), 'a\0b', 'ä.example'])(
    '%j is no host, and no proxy is asked for it',
    (host) => {
      expect(fateOf(host, {})).toBe('bad-address')
    },
  )
})

test('names are passed to the proxy: they are taken where one finds them, or nobody shall', () => {
  const { over } = startSocksScript()
  const take = (ways: Parameters<typeof socks5>[0]['ways'], name: string): boolean =>
    socks5({ over, ways }).takesName?.(name) ?? false
  expect(take({ names: THROUGH }, 'example.org')).toBe(true)
  expect(take({}, 'example.org')).toBe(true)
  expect(take({ otherwise: 'direct' }, ONION)).toBe(true)
  expect(take({ otherwise: 'direct' }, '127.1')).toBe(true)
  expect(take({ names: 'direct' }, 'example.org')).toBe(false)
  // Behind one another: the proxy below is asked.
  const below = socks5({ over, ways: { names: THROUGH } })
  expect(socks5({ over: below, ways: { names: 'direct' } }).takesName?.('example.org')).toBe(true)
})
describe('feature_proxy: option errors', () => {
  const { over } = startSocksScript()
  test.each([
    [{ at: { host: 'localhost', port: 9050 } }, /at an IP address and a port, not at localhost/],
    [{ at: { host: '127.0.0.1', port: 0 } }, /not at 127\.0\.0\.1:0/],
    [{ at: PROXY, credentials: { user: '', password: 'x' } }, /1 to 255 bytes/],
  ] as const)('%j is refused where it is given', (proxy, sentence) => {
    expect(() => socks5({ over, ways: { onion: proxy } })).toThrow(sentence)
    expect(() => socks5({ over, ways: { otherwise: proxy } })).toThrow(RangeError)
  })

  test('one that a function gives fails the dial', () => {
    const wrong = { at: { host: 'localhost', port: 9050 } }
    const { dial, dialler } = startSocksScript({ ways: () => wrong })
    dial(2, 'example.org')
    expect(dialler.told(2)).toMatchObject([{ kind: 'stream.failed', fault: 'proxy-failed' }])
  })
})

describe('whose failure it is', () => {
  const faultOf = (run: (script: ReturnType<typeof startSocksScript>) => void) => {
    const script = startSocksScript()
    run(script)
    expect(script.dialler.streams.held()).toEqual({ streams: 0, listeners: 0 })
    const told = script.dialler.told(2)
    expect(told).toHaveLength(1)
    return told[0]?.kind === 'stream.failed' ? told[0].fault : told[0]?.kind
  }

  test.each<[string, (script: ReturnType<typeof startSocksScript>) => void]>([
    [
      'does not listen',
      ({ dial, proxy }) => {
        proxy.streams.unlisten(1)
        dial(2, 'example.org')
      },
    ],
    [
      'cannot be reached',
      ({ dial, network }) => {
        network.setReach(() => 'unreachable')
        dial(2, 'example.org')
      },
    ],
    [
      'does not answer the dial',
      ({ clock, dial, network }) => {
        network.setReach(() => 'silent')
        dial(2, 'example.org')
        clock.advance(20_000)
      },
    ],
    [
      'is silent before it knows whom we want',
      ({ clock, dial }) => {
        dial(2, 'example.org')
        clock.advance(20_000)
      },
    ],
    [
      'leaves before it was asked',
      ({ accepted, dial, proxy, settle }) => {
        dial(2, 'example.org')
        proxy.streams.end(accepted().stream)
        settle()
      },
    ],
    [
      'leaves in the middle of its reply',
      ({ accepted, ask, proxy, say, settle }) => {
        ask(2)
        say(OPENED.slice(0, 5))
        proxy.streams.end(accepted().stream)
        settle()
      },
    ],
    [
      'breaks the stream before it has opened it',
      ({ accepted, ask, network, settle }) => {
        ask(2)
        network.reset('10.0.0.3', accepted().stream)
        settle()
      },
    ],
    [
      'speaks another protocol',
      ({ dial, say }) => {
        dial(2, 'example.org')
        say(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n'))
      },
    ],
  ])('the proxy’s, where it %s', (_, run) => {
    expect(faultOf(run)).toBe('proxy-failed')
  })

  test('the target’s, where the proxy says so, or finds nobody in time', () => {
    const refused = faultOf(({ ask, say }) => {
      ask(2)
      say(Uint8Array.of(5, 5, 0, 1, 0, 0, 0, 0, 0, 0))
    })
    const late = faultOf(({ ask, clock }) => {
      ask(2)
      clock.advance(20_000)
    })
    expect([refused, late]).toEqual(['refused', 'timed-out'])
  })

  test('nobody’s, where no descriptor of ours is left', () => {
    const { over } = startSocksScript()
    const told: string[] = []
    const queue: (() => void)[] = []
    const proxied = socks5({
      over: {
        ...over,
        start(enter) {
          queue.push(() => {
            enter({ kind: 'stream.failed', stream: 2, fault: 'too-many-open' })
          })
        },
        open: () => undefined,
      },
      ways: { otherwise: THROUGH },
      after: () => () => undefined,
    })
    proxied.start((input) => told.push('fault' in input ? input.fault : input.kind))
    proxied.open(2, { host: 'example.org', port: 1 })
    for (const run of queue) run()
    expect(told).toEqual(['too-many-open'])
  })

  test('20 s of silence are one too many, and each byte of an answer is progress', () => {
    const { ask, clock, dialler, say } = startSocksScript()
    ask(2)
    for (const byte of OPENED.slice(0, -1)) {
      clock.advance(19_999)
      say(Uint8Array.of(byte))
    }
    expect(dialler.told(2)).toEqual([])
    clock.advance(19_999)
    expect(dialler.told(2)).toEqual([])
    clock.advance(1)
    expect(dialler.told(2)).toMatchObject([{ kind: 'stream.failed', fault: 'timed-out' }])
  })

  test('a stream that is open may be silent as long as it likes', () => {
    const { ask, clock, dialler, say } = startSocksScript()
    ask(2)
    say(OPENED)
    clock.advance(3_600_000)
    expect(dialler.told(2).map(({ kind }) => kind)).toEqual(['stream.opened'])
  })
})

test('a dial that is given up leaves nothing at the proxy, at whatever point', () => {
  const cuts: readonly ((script: ReturnType<typeof startSocksScript>) => void)[] = [
    () => undefined,
    ({ settle }) => settle(),
    ({ say, settle }) => {
      settle()
      say(NO_AUTHENTICATION)
    },
    ({ say, settle }) => {
      settle()
      say(NO_AUTHENTICATION)
      say(OPENED)
    },
  ]
  for (const cut of cuts) {
    const script = startSocksScript()
    const { clock, dialler, settle } = script
    dialler.streams.open(2, { host: 'example.org', port: 1 })
    cut(script)
    dialler.streams.destroy(2)
    expect(dialler.streams.held()).toEqual({ streams: 0, listeners: 0 })
    settle()
    clock.advance(60_000)
    expect(dialler.broken).toEqual([])
    expect(dialler.told(2).filter(({ kind }) => kind !== 'stream.opened')).toEqual([])
  }
})

test('listening passes through', () => {
  const { dialler, over, settle } = startSocksScript()
  dialler.streams.listen(5, { host: '10.0.0.1', port: 7000 })
  settle()
  expect(dialler.toldOfListener(5)).toMatchObject([{ kind: 'listener.listening' }])
  expect(over.held()).toEqual({ streams: 0, listeners: 1 })
  dialler.streams.unlisten(5)
  expect(over.held()).toEqual({ streams: 0, listeners: 0 })
})

test('the wait of the platform is one that can be called off', async () => {
  const rung: string[] = []
  const callOff = systemAfter(0, () => rung.push('never'))
  systemAfter(1, () => rung.push('once'))
  callOff()
  await platformUntil(() => rung.length > 0, 'the wait')
  expect(rung).toEqual(['once'])
})
