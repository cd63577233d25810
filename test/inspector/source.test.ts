import { describe, expect, test } from 'vitest'
import { ROWS_MAX, QUERIES_MAX } from '../../inspector/queries.ts'
import type { PageMessage, TableQuery } from '../../inspector/messages.ts'
import type { SourceMessage } from '../../inspector/source.ts'
import { keyOf, say } from '../contracts/seats.ts'
import { bound } from '../contracts/fits/bound.ts'
import { manualTiming } from './manual-timing.ts'
import { nativeOf, startWatchedPair } from './watched-pair.ts'

const boundOf = (seat: 'listener' | 'dialler') => bound(keyOf(seat))
const TABLE: TableQuery = {
  ...{ view: 'table', sort: 'name', descending: false, filter: '' },
  ...{ offset: 0, limit: 10 },
}

describe('a page that looks at a node', () => {
  test('sees the node, and whether it runs', () => {
    const { listener, look, world } = startWatchedPair(nativeOf)
    const { nodes } = look({ view: 'nodes' })
    expect(nodes).toMatchObject([
      {
        ...{ node: 'listener', protocol: 'native', state: 'running', isPaused: false },
        ...{ incarnation: 1, is: 'up', connections: 0, active: 0 },
      },
    ])
    expect(nodes[0]?.identity).toMatch(/^[0-9a-f]{64}$/)
    expect(nodes[0]?.addresses[0]).toContain('10.0.0.1')
    listener.supervisor.pause()
    expect(look({ view: 'nodes' }).nodes[0]?.isPaused).toBe(true)
    void listener.supervisor.stop()
    world.advance(10_000)
    expect(look({ view: 'nodes' }).nodes[0]?.state).toBe('stopped')
  })

  test('sees its connections in a table, and what goes over them', () => {
    const { dialler, look, meet, timing, world } = startWatchedPair(boundOf)
    meet()
    const before = look(TABLE)
    expect(before).toMatchObject({
      ...{ total: 1, matching: 1, states: [{ state: 'active', count: 1 }], columns: [] },
      rows: [
        {
          ...{ connection: 'listener/in-1', node: 'listener', state: 'active', direction: 'in' },
          ...{ slot: 'inbound', isHeld: false, strikes: 0 },
          queuedBytes: { control: 0, requests: 0, gossip: 0, socket: 0 },
          rates: { receivedMessages: null, sentMessages: null },
        },
      ],
    })
    for (let count = 0; count < 20; count++) {
      dialler.supervisor.send('dialler/out-1', say('addressRequest'))
    }
    world.advance(2_000)
    timing.advance(500)
    const { rates } = look(TABLE).rows[0] ?? {}
    expect(rates?.receivedMessages).toBeGreaterThan(8)
    expect(rates?.receivedBytes).toBeGreaterThan(rates?.receivedMessages ?? 0)
  })

  test('filters and pages through the table', () => {
    const { look, meet } = startWatchedPair(nativeOf)
    meet()
    expect(look({ ...TABLE, filter: 'IN-1' }).matching).toBe(1)
    expect(look({ ...TABLE, filter: 'nobody' })).toMatchObject({ total: 1, matching: 0, rows: [] })
    expect(look({ ...TABLE, state: 'handshaking' }).matching).toBe(0)
    expect(look({ ...TABLE, offset: 1 })).toMatchObject({ matching: 1, rows: [] })
  })

  test('opens a connection: where its charts stand, its deadlines, what can be next', () => {
    const { look, meet, world } = startWatchedPair(nativeOf)
    meet()
    world.advance(1_000)
    const { charts, closed, counters, facts, messages, path, row } = look({
      ...{ view: 'connection', node: 'listener', connection: 'listener/in-1' },
    })
    expect(row.state).toBe('active')
    expect(charts.connection).toMatchObject({
      ...{ name: 'connection', state: 'active' },
      active: ['connection', 'connection.active'],
    })
    expect(charts.connection.next.map(({ trigger }) => trigger)).toEqual(
      expect.arrayContaining(['leave', 'drop']),
    )
    const [progress] = charts.connection.deadlines
    expect(progress).toMatchObject({ name: 'progress', isHeld: false })
    expect(progress?.leftMs).toBeLessThanOrEqual(progress?.ms ?? 0)
    expect(charts.session).toMatchObject({ name: 'native', state: 'active' })
    expect(path.map(({ chart, event, state }) => `${chart} ${event} ${state}`)).toEqual(
      expect.arrayContaining(['connection ready active', 'session opened shaking.awaiting']),
    )
    expect(messages.map(({ direction, type }) => `${direction} ${type}`).slice(0, 3)).toEqual([
      'received handshake',
      'sent raw',
      'received confirm',
    ])
    expect(counters.receivedMessages).toBeGreaterThanOrEqual(2)
    expect(facts).toBeTypeOf('object')
    expect(closed).toBeNull()
  })

  test('sees deadlines of a handshake count down', () => {
    const pair = startWatchedPair(nativeOf)
    const { look, world } = pair
    const { streams } = world.nodeWorld('silent', '10.0.0.9')
    streams.start(() => undefined)
    streams.open(1, { host: '10.0.0.1', port: Number(pair.address.split(':').at(-1)) })
    world.advance(1_000)
    const deadlines = () =>
      look({ view: 'connection', node: 'listener', connection: 'listener/in-1' }).charts.connection
        .deadlines
    const [first] = deadlines()
    expect(first).toMatchObject({ name: 'establishMs', isHeld: false })
    expect(first?.transition).toBe('connection.handshaking: after establishMs')
    world.advance(500)
    const [later] = deadlines()
    expect((first?.leftMs ?? 0) - (later?.leftMs ?? 0)).toBe(500)
  })

  test('is told why it closed, in words, and once', () => {
    const { ask, dialler, last, look, meet, told, timing, world } = startWatchedPair(nativeOf)
    meet()
    const id = ask({ view: 'connection', node: 'listener', connection: 'listener/in-1' })
    timing.advance(500)
    dialler.supervisor.disconnect('dialler/out-1')
    world.advance(2_000)
    timing.advance(500)
    const message = last(id)
    expect(message).toMatchObject({
      kind: 'answer',
      answer: {
        row: { state: 'closed', slot: 'inbound' },
        charts: { connection: { state: 'closed', active: ['connection', 'connection.closed'] } },
        closed: { by: 'peer', reason: 'peer-left', detail: 'ended', phase: 'active' },
      },
    })
    const words = message?.kind === 'answer' && 'closed' in message.answer
    expect(words && message.answer.closed?.words[0]).toBe('The other side closed it.')
    const count = told.length
    timing.advance(2_000)
    expect(told.length).toBe(count)
    // It is remembered for whoever comes later.
    const again = look({ view: 'connection', node: 'listener', connection: 'listener/in-1' })
    expect(again.closed?.words.length).toBe(4)
    expect(again.charts.session).toMatchObject({ deadlines: [], next: [] })
  })

  test('follows messages, and says how many it passed over', () => {
    const { ask, dialler, last, meet, timing, world } = startWatchedPair(boundOf)
    meet()
    const id = ask({ view: 'connection', node: 'listener', connection: 'listener/in-1' })
    timing.advance(500)
    for (let count = 0; count < 500; count++) {
      dialler.supervisor.send('dialler/out-1', say('addressRequest'))
      if (count % 50 === 0) world.settle()
    }
    world.advance(5_000)
    timing.advance(500)
    const message = last(id)
    if (message?.kind !== 'answer' || message.answer.view !== 'connection') throw new Error('none')
    const { messages, messagesPassedOver } = message.answer
    expect(messages.length).toBe(200)
    expect(messagesPassedOver).toBeGreaterThan(100)
    const numbers = messages.map(({ number }) => number)
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
  })

  test('shares its watcher with all who follow connections', () => {
    const { ask, listener, meet, source, timing } = startWatchedPair(nativeOf)
    meet()
    const { watchers } = listener.supervisor.audit()
    const query = { view: 'connection', node: 'listener', connection: 'listener/in-1' }
    const told: SourceMessage[] = []
    const other = source.open((message) => told.push(message))
    ask(query)
    other.ask({ kind: 'ask', id: 1, query })
    timing.advance(500)
    ask({ ...query, connection: 'listener/in-2' })
    timing.advance(500)
    expect(told.length).toBeGreaterThan(0)
    expect(listener.supervisor.audit().watchers).toBe(watchers + 1)
  })

  test('sees the supervision tree and starts of sub-protocols again', () => {
    const { listener, look, world } = startWatchedPair(nativeOf)
    const names = look({ view: 'tree', node: 'listener' }).children.map(({ child }) => child)
    expect(names).toContain('gossip')
    listener.supervisor.restart('gossip')
    const restarted = () =>
      look({ view: 'tree', node: 'listener' }).children.find(({ child }) => child === 'gossip')
    expect(restarted()).toMatchObject({ state: 'down', restarts: 1 })
    world.advance(1_000)
    expect(restarted()).toMatchObject({ state: 'running', restarts: 1 })
    expect(look({ view: 'log', node: 'listener' }).entries).toContainEqual(
      expect.objectContaining({
        type: 'child.restarted',
        fields: { child: 'gossip', restarts: 1, fresh: false },
      }),
    )
    expect(() => {
      listener.supervisor.restart('nothing')
    }).toThrow('no sub-protocol nothing')
  })

  test('sees the node over time', () => {
    const { look, meet, timing } = startWatchedPair(nativeOf)
    timing.advance(1_000)
    meet()
    timing.advance(3_000)
    const { everyMs, points } = look({ view: 'series', node: 'listener' })
    expect(everyMs).toBe(1_000)
    expect(points.at(-1)).toMatchObject({ connections: 1, active: 1, receivedMessages: 0 })
    const busy = points.find(({ handshakeMs }) => handshakeMs !== null)
    expect(busy?.handshakeMs?.count).toBe(1)
    expect(busy?.receivedMessages).toBeGreaterThan(1)
  })

  test('sees fewer points of a node in which they are dear', () => {
    const timing = manualTiming()
    const loopDelay = () => {
      timing.spend(30)
      return undefined
    }
    const { look } = startWatchedPair(nativeOf, { timing, loopDelay })
    timing.advance(60_000)
    const { everyMs, points } = look({ view: 'series', node: 'listener' })
    // The first one has nothing to compare with, and costs nothing here.
    expect([everyMs, points.length]).toEqual([3_000, 20])
  })

  test('draws the node and its neighbours', () => {
    const { dialler, look, meet } = startWatchedPair(nativeOf)
    meet()
    const { edges, nodes, nodesLeftOut } = look({ view: 'network' })
    const [info] = dialler.supervisor.connections()
    expect(info).toBeDefined()
    expect(nodes.map(({ is }) => is)).toEqual(['ours', 'stranger'])
    expect(edges).toMatchObject([
      { from: nodes[1]?.id, to: 'listener', connection: 'listener/in-1', state: 'active' },
    ])
    expect(nodesLeftOut).toBe(0)
  })
})

test('a sub-protocol shows what it holds, what came of it, and what it is fetching', async () => {
  const { dialler, listener, look, meet, timing, world } = startWatchedPair(nativeOf)
  const payload = Uint8Array.of(1, 2, 3)
  for (let count = 0; count < 5; count++) {
    const kept = dialler.supervisor.publish('news', payload, { kind: 'item' })
    world.settle()
    await kept
  }
  meet()
  world.advance(10_000)
  const sent = dialler.supervisor.publish('news', payload, { kind: 'broadcast' })
  world.advance(1_000)
  await sent
  const shown = () => {
    timing.advance(2_000)
    const { children } = look({ view: 'children', node: 'listener' })
    return (name: string) => children.find(({ child }) => child === name)
  }
  // A rate is one between two looks.
  shown()
  const [gossip, items] = [shown()('gossip'), shown()('items')]
  expect(gossip).toMatchObject({
    ...{ restart: 'permanent', state: 'running', restarts: 0 },
    counts: { seen: 1, pending: 0, received: 1, delivered: 1, duplicates: 0, refused: 0 },
  })
  expect(gossip?.perSecond).toMatchObject({ received: 0 })
  expect(items?.counts).toMatchObject({ origins: 1, items: 5, asked: 0 })
  expect(items?.progress).toEqual([])
  expect(listener.eventsOf('fault')).toEqual([])
})

describe('the pace', () => {
  test('is four times a second, however much is asked', () => {
    const { ask, timing, told } = startWatchedPair(nativeOf)
    ask({ view: 'nodes' })
    timing.advance(10_000)
    const first = told.length
    expect(first).toBeGreaterThanOrEqual(35)
    expect(first).toBeLessThanOrEqual(42)
    expect(told[5]).toMatchObject({ kind: 'answer', sampled: { everyMs: 250 } })
  })

  test('slows down where looking is dear, and says so', () => {
    let dearMs = 0
    const pair = startWatchedPair(nativeOf, {
      describe: () => {
        pair.timing.advance(dearMs)
        return { columns: {} }
      },
    })
    const { ask, last, meet, timing, told } = pair
    meet()
    const id = ask(TABLE)
    dearMs = 40
    timing.advance(5_000)
    expect(last(id)).toMatchObject({ sampled: { everyMs: 4_000 } })
    const before = told.length
    timing.advance(10_000)
    expect(told.length - before).toBeLessThanOrEqual(3)
  })

  test('ends with the last page, and looks at nothing any more', () => {
    const { ask, listener, session, source, timing, told } = startWatchedPair(nativeOf)
    const watchers = listener.supervisor.audit().watchers
    ask({ view: 'connection', node: 'listener', connection: 'listener/in-1' })
    ask({ view: 'nodes' })
    timing.advance(300)
    session.close()
    const count = told.length
    timing.advance(5_000)
    expect(told.length).toBe(count)
    expect(listener.supervisor.audit().watchers).toBe(watchers)
    source.stop()
  })
})

describe('what is no query is refused', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['no view', { view: 'secrets' }],
    ['no object', 'table'],
    ['a list', [{ view: 'nodes' }]],
    ['too many rows', { ...TABLE, limit: ROWS_MAX + 1 }],
    ['no rows', { ...TABLE, limit: 0 }],
    ['a negative offset', { ...TABLE, offset: -1 }],
    ['half a row', { ...TABLE, offset: 0.5 }],
    ['a column that is none', { ...TABLE, sort: '__proto__' }],
    ['a filter without end', { ...TABLE, filter: 'x'.repeat(257) }],
    ['a filter that is an object', { ...TABLE, filter: { toString: 'x' } }],
    ['a node that is no text', { view: 'tree', node: 7 }],
    ['a connection that is no text', { view: 'connection', node: 'listener', connection: null }],
  ]
  test.each(wrong)('%s', (_, query) => {
    const { refusal } = startWatchedPair(nativeOf)
    expect(refusal(query)).toMatchObject({ why: 'bad-query' })
  })

  test('another node, another connection', () => {
    const { refusal } = startWatchedPair(nativeOf)
    expect(refusal({ view: 'tree', node: 'somebody' })?.why).toBe('unknown-node')
    const connection = { view: 'connection', node: 'listener', connection: 'listener/in-9' }
    expect(refusal(connection)?.why).toBe('unknown-connection')
  })

  test('more than a page looks at together', () => {
    const { ask, last } = startWatchedPair(nativeOf)
    for (let count = 0; count < QUERIES_MAX; count++) ask({ view: 'nodes' })
    expect(last(ask({ view: 'nodes' }))).toMatchObject({ refused: { why: 'too-many-queries' } })
  })

  test('messages that are none', () => {
    const { session, told } = startWatchedPair(nativeOf)
    for (const given of [
      undefined,
      null,
      1,
      'ask',
      [],
      {},
      { kind: 'ask' },
      { kind: 'ask', id: -1 },
    ]) {
      session.ask(given)
    }
    session.ask({ kind: 'say', id: 4 })
    session.ask({ kind: 'drop', id: 4 } satisfies PageMessage)
    expect(told.every(({ kind }) => kind === 'refused')).toBe(true)
    expect(told.length).toBe(9)
  })
})

test('a page that cannot take its answers looks no more', () => {
  const { source, timing } = startWatchedPair(nativeOf)
  let count = 0
  const session = source.open(() => {
    count++
    throw new Error('no')
  })
  session.ask({ kind: 'ask', id: 1, query: { view: 'nodes' } })
  timing.advance(5_000)
  expect(count).toBe(1)
})
