import { describe, expect, test } from 'vitest'
import { describeChart } from '../../inspector/chart-description.ts'
import { describeConnection } from '../../inspector/core-charts.ts'
import type { NetworkEdge, NetworkNode } from '../../inspector/messages.ts'
import { banSubjectOf } from '../../inspector/page/ban-subject.ts'
import { litOf, statesOf } from '../../inspector/page/lit.ts'
import { layoutNetwork } from '../../inspector/page/network-layout.ts'
import * as words from '../../inspector/page/words.ts'
import { native } from '../../protocols/native.ts'
import { keyOf } from '../contracts/seats.ts'
import { odd } from '../support/charts.ts'

const connection = describeConnection()

describe('what of a chart is lit', () => {
  const step = (event: string, state: string) =>
    ({ atMs: 0, chart: 'connection', event, state }) as const

  test('a text names states with those around them, in each region', () => {
    expect([...statesOf(connection, 'closing.shutting')]).toEqual([
      'connection.closing',
      'connection.closing.shutting',
    ])
    expect([...statesOf(describeChart(odd), 'left.up|right.a')]).toEqual([
      ...['odd-one.left', 'odd-one.left.up', 'odd-one.right', 'odd-one.right.a'],
    ])
    expect([...statesOf(connection, 'nowhere.at.all')]).toEqual([])
  })

  test('the way is what each event led along, from where the chart was', () => {
    const { taken, visited } = litOf(connection, { active: [], next: [], state: 'closed' }, [
      step('xstate.init', 'connecting'),
      step('opened', 'handshaking'),
      step('ready', 'active'),
      step('leave', 'closing.shutting'),
      step('xstate.after.flushMs.connection.closing.shutting', 'closed'),
    ])
    expect([...taken]).toEqual([
      'connection.connecting: opened',
      'connection.handshaking: ready',
      'connection: leave',
      'connection.closing.shutting: after flushMs',
    ])
    expect(visited).toContain('connection.closing.shutting')
    expect(visited).not.toContain('connection.closing.leaving')
  })

  test('what needs no event explains a step that nothing else does', () => {
    const { taken } = litOf(connection, { active: [], next: [], state: 'handshaking' }, [
      step('xstate.init', 'connecting'),
      step('started', 'handshaking'),
    ])
    expect([...taken]).toEqual(['connection.connecting: always'])
  })

  test('of two ways into a group it is the one that leads to where the chart is', () => {
    const chart = describeChart(
      native({ network: 'test', privateKey: keyOf('listener') }).session,
      { name: 'native' },
    )
    const way = (state: string) => [
      ...litOf(chart, { active: [], next: [], state }, [
        { atMs: 0, chart: 'session', event: 'xstate.init', state: 'connecting' },
        { atMs: 1, chart: 'session', event: 'opened', state },
      ]).taken,
    ]
    expect(way('shaking.greeting')).toEqual(['native.connecting: opened'])
    expect(way('shaking.awaiting')).toEqual(['native.connecting: opened 2'])
  })

  test('a step that leads nowhere new lights nothing', () => {
    const { active, taken } = litOf(connection, { active: [], next: [], state: 'active' }, [
      step('ready', 'active'),
      step('peer.ended', 'active'),
    ])
    expect([...taken]).toEqual([])
    expect([...active]).toEqual(['connection.active'])
  })
})

describe('the picture of a network', () => {
  const node = (id: string, is: NetworkNode['is'] = 'ours'): NetworkNode => ({ id, label: id, is })
  const edge = (from: string, to: string): NetworkEdge => ({
    ...{ from, to, node: from, connection: `${from}/out-1`, state: 'active' },
    bytesPerSecond: null,
  })

  test('has one of ours in the middle, and strangers around it', () => {
    const nodes = [node('one'), node('a', 'stranger'), node('b', 'stranger')]
    const picture = layoutNetwork({ nodes, edges: [edge('one', 'a'), edge('one', 'b')] })
    expect(picture.nodes.get('one')).toMatchObject({ x: 0, y: 0 })
    const around = ['a', 'b'].map((id) => {
      const { x = 0, y = 0 } = picture.nodes.get(id) ?? {}
      return Math.round(Math.hypot(x, y))
    })
    expect(new Set(around).size).toBe(1)
    expect(around[0]).toBeGreaterThan(100)
  })

  test.each([2, 6, 500])('of %i nodes keeps them apart and inside', (count) => {
    const nodes = Array.from({ length: count }, (_, place) =>
      node(`node ${String(place)}`, place < 6 ? 'ours' : 'stranger'),
    )
    const { nodes: placed, size } = layoutNetwork({ nodes, edges: [] })
    const points = [...placed.values()]
    points.forEach(({ x, y }, place) => {
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(size / 2)
      const near = points.slice(place + 1).filter((one) => Math.hypot(one.x - x, one.y - y) < 40)
      expect(near).toEqual([])
    })
  })

  test('has each where it was, in whatever order they are told', () => {
    const nodes = [node('node 2'), node('node 10', 'gone'), node('node 1'), node('x', 'stranger')]
    const edges = [edge('node 2', 'x')]
    const [one, other] = [nodes, nodes.toReversed()].map((some) =>
      layoutNetwork({ nodes: some, edges }).nodes.get('node 10'),
    )
    expect(one).toEqual(other)
  })
})

test.each([
  ['in', 'b'.repeat(64), '127.0.0.1:60362', 'b'.repeat(64)],
  ['in', null, '127.0.0.1:60362', '127.0.0.1'],
  ['in', null, '[2001:db8::1]:60362', '2001:db8::1'],
  ['out', null, '127.0.0.1:8333', '127.0.0.1'],
  ['out', null, 'seed.example.org:8333', 'seed.example.org:8333'],
  ['in', null, 'a-name:1', undefined],
] as const)('who came %s, proved %s and is at %s', (direction, identity, address, subject) => {
  expect(banSubjectOf({ address, direction, identity })).toBe(subject)
})

describe('words', () => {
  test.each([
    [350.4, '350 ms'],
    [12_000, '12 s'],
    [185_000, '3 m 5 s'],
    [7_260_000, '2 h 1 m'],
    [187_200_000, '2 d 4 h'],
    [-3, '0 ms'],
  ])('%d milliseconds are %s', (ms, text) => {
    expect(words.lengthWords(ms)).toBe(text)
  })

  test('a node that tells nothing now has a sentence', () => {
    const atMs = new Date(2026, 1, 3, 12, 0, 7).getTime()
    expect(words.staleWords({ node: 'node 1', is: 'silent', sinceMs: atMs })).toBe(
      'node 1 is not answering since 12:00:07: what is shown of it is of then',
    )
    expect(words.staleWords({ node: 'node 1', is: 'gone', sinceMs: atMs })).toBe(
      'node 1 is gone since 12:00:07: this is what it was',
    )
  })

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [2_048, '2 KiB'],
    [13_000, '12.7 KiB'],
    [5_368_709_120, '5 GiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(words.bytesWords(bytes)).toBe(text)
  })

  test('bytes of a message that was sent are said to be an estimate, where they are one', () => {
    expect(words.messageBytesWords('sent', 'pong', 152)).toBe('about 152 B')
    expect(words.messageBytesWords('sent', 'raw', 152)).toBe('152 B')
    expect(words.messageBytesWords('received', 'pong', 32)).toBe('32 B')
  })

  test('times are of a day, however far off a recording says that they are', () => {
    const noon = new Date(2026, 0, 2, 12, 0, 7, 250).getTime()
    expect(words.timeWords(noon)).toBe('12:00:07.250')
    expect(words.timeWords(new Date(1969, 0, 2, 12, 0, 7, 250).getTime())).toBe('12:00:07.250')
    for (const atMs of [1e300, -1e300, Infinity, Number.NaN]) {
      expect(words.timeWords(atMs)).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/)
    }
    expect([1e300, -1e300].map((atMs) => words.dateOf(atMs).getTime())).toEqual([8.64e15, -8.64e15])
  })

  test('rates, lefts and names', () => {
    expect([null, 0, 0.02, 12.54, 1_234].map(words.rateWords)).toEqual([
      ...['–', '0', '<0.1', '12.5', '1,230'],
    ])
    expect([30_000, 1_250, 0, 61_000].map(words.leftWords)).toEqual([
      ...['30.0 s', '1.3 s', '0.0 s', '1 m 1 s'],
    ])
    expect(words.shortName('a'.repeat(66))).toBe('aaaaaaaa…aaaaaa')
    expect(words.shortName('127.0.0.1:7001')).toBe('127.0.0.1:7001')
    expect([words.manyWords(1, 'node'), words.manyWords(0, 'node')]).toEqual(['1 node', '0 nodes'])
  })
})
