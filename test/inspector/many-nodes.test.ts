import { describe, expect, test } from 'vitest'
import { manyNodes } from '../../inspector/many-nodes.ts'
import type { ManyNodes } from '../../inspector/many-nodes.ts'
import type { Answer, Query, TableQuery, ViewName } from '../../inspector/messages.ts'
import { createNodeSource } from '../../inspector/node-source.ts'
import { remoteSource, serveSource } from '../../inspector/remote-source.ts'
import type { RemoteSource, ServedSource } from '../../inspector/remote-source.ts'
import type { InspectorSource, SourceMessage } from '../../inspector/source.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { startNode } from '../support/nodes.ts'
import { manualTiming } from './manual-timing.ts'
import { nativeOf } from './watched-pair.ts'
import type { AnswerOf } from './watched-pair.ts'

const TABLE: TableQuery = {
  ...{ view: 'table', sort: 'name', descending: false, filter: '' },
  ...{ offset: 0, limit: 10 },
}

/** Two nodes that know each other, each behind a channel, on one page. */
function startTwo() {
  const world = startVirtualWorld({ seed: 'many' })
  const timing = manualTiming()
  const clock = world.clock.forNode({ wallAheadMs: 0 })
  const nodes = manyNodes({ timing, wallMs: clock.wallMs })
  const channels: unknown[] = []
  const carried = <Message>(message: Message): Message => {
    channels.push(message)
    return JSON.parse(JSON.stringify(message)) as Message
  }
  /** Nodes whose process stands still: what they are told waits, and so does what they tell. */
  const hung = new Map<string, (() => void)[]>()
  const whenAwake = (name: string, run: () => void): void => {
    const waiting = hung.get(name)
    if (waiting === undefined) run()
    else waiting.push(run)
  }
  const over = (name: string, source: InspectorSource): RemoteSource => {
    let served: ServedSource | undefined = undefined
    const remote: RemoteSource = remoteSource((message, onTaken) => {
      served ??= serveSource(source, (told, onTold) => {
        whenAwake(name, () => {
          remote.take(carried(told))
          onTold()
        })
      })
      const { take } = served
      whenAwake(name, () => {
        take(carried(message))
        onTaken()
      })
    })
    return remote
  }
  const start = (name: 'listener' | 'dialler', host: string) => {
    const protocol = nativeOf(name)
    const { supervisor } = startNode(world, name, host, protocol)
    const source = createNodeSource({ supervisor, protocol, timing, clock })
    nodes.add(name, over(name, source))
    return { supervisor, protocol, source }
  }
  const listener = start('listener', '10.0.0.1')
  const dialler = start('dialler', '10.0.0.2')
  const { defaultPort, identity = '' } = listener.protocol
  dialler.supervisor
    .connect(`node://${identity}@10.0.0.1:${String(defaultPort)}`)
    .catch(() => undefined)
  world.advance(2_000)
  return {
    ...{ nodes, timing, world, listener, dialler, start, channels },
    /** What waits for a node that hangs, and what it said itself. */
    waitingFor: (name: string) => hung.get(name)?.length ?? 0,
    hang(name: string) {
      hung.set(name, [])
    },
    wake(name: string) {
      const waiting = hung.get(name) ?? []
      hung.delete(name)
      for (const run of waiting) run()
    },
  }
}

function lookAt(nodes: ManyNodes, timing: { advance(ms: number): void }) {
  const told: SourceMessage[] = []
  const session = nodes.open((message) => told.push(message))
  let nextId = 1
  const ask = (query: Query): number => {
    const id = nextId++
    session.ask({ kind: 'ask', id, query })
    timing.advance(1_000)
    return id
  }
  const last = (id: number): SourceMessage | undefined =>
    told.findLast((message) => message.id === id)
  return {
    ...{ ask, last, session, told },
    look<View extends ViewName>(query: Query & { readonly view: View }): AnswerOf<View> {
      const message = last(ask(query))
      if (message?.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(message)}`)
      const answer: Answer = message.answer
      // It is the answer to this query.
      return answer as AnswerOf<View>
    },
  }
}

describe('several nodes on one page', () => {
  test('are listed, and their connections are in one table', () => {
    const { nodes, timing } = startTwo()
    const { look } = lookAt(nodes, timing)
    expect(look({ view: 'nodes' }).nodes).toMatchObject([
      { node: 'listener', is: 'up', incarnation: 1, state: 'running', active: 1 },
      { node: 'dialler', is: 'up', incarnation: 1, state: 'running', active: 1 },
    ])
    const table = look({ ...TABLE, descending: true })
    expect(table).toMatchObject({ total: 2, matching: 2, states: [{ state: 'active', count: 2 }] })
    expect(table.rows.map(({ connection }) => connection)).toEqual([
      'listener/in-1',
      'dialler/out-1',
    ])
    expect(look({ ...TABLE, node: 'dialler' }).rows).toMatchObject([{ node: 'dialler' }])
  })

  test('are one picture: both ends of a connection are one edge', () => {
    const { nodes, timing } = startTwo()
    const { edges, nodes: drawn } = lookAt(nodes, timing).look({ view: 'network' })
    expect(drawn).toEqual([
      { id: 'listener', label: 'listener', is: 'ours' },
      { id: 'dialler', label: 'dialler', is: 'ours' },
    ])
    expect(edges).toMatchObject([
      { from: 'dialler', to: 'listener', node: 'dialler', connection: 'dialler/out-1' },
    ])
  })

  test('one that is killed is seen gone, and seen again when it is back', () => {
    const { listener, nodes, start, timing, world } = startTwo()
    const { ask, last, look } = lookAt(nodes, timing)
    const tree = ask({ view: 'tree', node: 'listener' })
    const table = ask(TABLE)
    world.kill('listener')
    listener.source.stop()
    nodes.remove('listener')
    timing.advance(1_000)
    expect(look({ view: 'nodes' }).nodes).toMatchObject([
      { node: 'listener', is: 'gone', connections: 0 },
      { node: 'dialler', is: 'up' },
    ])
    expect(look({ view: 'network' }).nodes[0]).toMatchObject({ id: 'listener', is: 'gone' })
    expect(last(table)).toMatchObject({ answer: { total: 1 } })
    start('listener', '10.0.0.1')
    timing.advance(2_000)
    expect(look({ view: 'nodes' }).nodes[0]).toMatchObject({
      ...{ node: 'listener', is: 'up', incarnation: 2, state: 'running' },
    })
    // What was asked before is answered by the node that is there now.
    expect(last(tree)).toMatchObject({ answer: { node: { incarnation: 2, state: 'running' } } })
  })

  test('one that hangs is said not to answer, since when, until it does again', () => {
    const { hang, nodes, timing, wake, world } = startTwo()
    const { ask, last } = lookAt(nodes, timing)
    const sampledOf = (id: number) => {
      const message = last(id)
      return message?.kind === 'answer' ? message.sampled : undefined
    }
    const [rows, table] = [ask({ view: 'nodes' }), ask(TABLE)]
    const [ofHung, ofOther] = [
      ask({ view: 'tree', node: 'listener' }),
      ask({ view: 'tree', node: 'dialler' }),
    ]
    const sinceMs = sampledOf(ofHung)?.atMs
    hang('listener')
    world.advance(20_000)
    timing.advance(2_000)
    // A collection of garbage is no reason to worry.
    expect(last(rows)).toMatchObject({ answer: { nodes: [{ is: 'up' }, { is: 'up' }] } })
    timing.advance(3_000)
    const stale = [{ node: 'listener', is: 'silent', sinceMs }]
    expect(last(rows)).toMatchObject({
      ...{ sampled: { stale }, answer: { nodes: [{ is: 'silent' }, { is: 'up' }] } },
    })
    // Its figures are told as old, and what is fresh is told as fresh.
    expect(sampledOf(ofHung)).toMatchObject({ atMs: sinceMs, stale })
    expect(last(ofHung)).toMatchObject({ answer: { node: { is: 'silent' } } })
    expect(sampledOf(ofOther)?.atMs).toBe((sinceMs ?? 0) + 20_000)
    expect(sampledOf(ofOther)?.stale).toBeUndefined()
    expect(sampledOf(table)).toMatchObject({ atMs: sampledOf(ofOther)?.atMs, stale })
    wake('listener')
    timing.advance(1_000)
    expect(last(rows)).toMatchObject({ answer: { nodes: [{ is: 'up' }, { is: 'up' }] } })
    for (const id of [rows, table, ofHung]) expect(sampledOf(id)?.stale).toBeUndefined()
    expect(sampledOf(ofHung)?.atMs).toBe(sampledOf(ofOther)?.atMs)
  })

  test('what waits for one that hangs is bounded, however often pages ask; then it knows what is asked', () => {
    const { hang, listener, nodes, timing, waitingFor, wake } = startTwo()
    const { watchers } = listener.supervisor.audit()
    const { ask, last } = lookAt(nodes, timing)
    const tree = ask({ view: 'tree', node: 'listener' })
    hang('listener')
    for (let number = 0; number < 500; number++) {
      const { session } = lookAt(nodes, timing)
      const query: Query = { view: 'connection', node: 'listener', connection: 'listener/in-1' }
      session.ask({ kind: 'ask', id: 1, query })
      timing.advance(100)
      session.close()
    }
    // Orders on their way, and two answers to each of two queries.
    expect(waitingFor('listener')).toBeLessThanOrEqual(64 + 4)
    const log = ask({ view: 'log', node: 'listener' })
    wake('listener')
    timing.advance(1_000)
    expect(last(log)).toMatchObject({ kind: 'answer', answer: { view: 'log' } })
    expect(last(tree)).not.toHaveProperty('sampled.stale')
    expect(listener.supervisor.audit().watchers).toBe(watchers)
  })

  test('one is not said to be silent because the page itself stood still', () => {
    const { nodes, timing } = startTwo()
    const { ask, last } = lookAt(nodes, timing)
    const rows = ask({ view: 'nodes' })
    timing.spend(60_000)
    timing.advance(300)
    expect(last(rows)).toMatchObject({ answer: { nodes: [{ is: 'up' }, { is: 'up' }] } })
  })

  test('what a page has open of one that is gone is said to be of then', () => {
    const { listener, nodes, timing, world } = startTwo()
    const { ask, last } = lookAt(nodes, timing)
    const tree = ask({ view: 'tree', node: 'listener' })
    world.advance(5_000)
    world.kill('listener')
    listener.source.stop()
    nodes.remove('listener')
    timing.advance(1_000)
    expect(last(tree)).toMatchObject({
      sampled: { stale: [{ node: 'listener', is: 'gone' }] },
      answer: { node: { is: 'gone' } },
    })
  })

  test('one that is back and has said nothing yet is not told as it was before', () => {
    const { listener, nodes, timing, world } = startTwo()
    const { ask, last, told } = lookAt(nodes, timing)
    const tree = ask({ view: 'tree', node: 'listener' })
    world.kill('listener')
    listener.source.stop()
    nodes.remove('listener')
    timing.advance(1_000)
    const stale = [{ node: 'listener', is: 'gone' }]
    expect(last(tree)).toMatchObject({ sampled: { stale } })
    const count = told.length
    nodes.add('listener', { open: () => ({ ask: () => undefined, close: () => undefined }) })
    timing.advance(1_000)
    expect(told.length).toBe(count)
    nodes.remove('listener')
    timing.advance(1_000)
    expect(told.length).toBeGreaterThan(count)
    expect(last(tree)).toMatchObject({ sampled: { stale } })
  })

  test('one that hangs is said to have answered last when it did, also to a page that is opened later', () => {
    const { hang, nodes, timing, world } = startTwo()
    world.advance(7_000)
    const before = lookAt(nodes, timing)
    const seen = before.last(before.ask({ view: 'tree', node: 'listener' }))
    before.session.close()
    hang('listener')
    world.advance(20_000)
    const { ask, last } = lookAt(nodes, timing)
    const rows = ask({ view: 'nodes' })
    timing.advance(5_000)
    const sinceMs = seen?.kind === 'answer' ? seen.sampled.atMs : undefined
    expect(last(rows)).toMatchObject({
      sampled: { stale: [{ node: 'listener', is: 'silent', sinceMs }] },
    })
  })

  test('waiting for one that hangs makes no view of the others rarer, for however long', () => {
    const { nodes, timing } = startTwo()
    // Time passes while it is looked, as it does.
    let looks = 0
    const spending = {
      ...timing,
      nowMs() {
        if (++looks % 50 === 0) timing.spend(0.05)
        return timing.nowMs()
      },
    }
    const page = manyNodes({ timing: spending })
    page.add('mute', { open: () => ({ ask: () => undefined, close: () => undefined }) })
    page.add('dialler', { open: nodes.open })
    const { ask, last } = lookAt(page, timing)
    ask({ view: 'tree', node: 'mute' })
    const rows = ask({ view: 'nodes' })
    timing.advance(600_000)
    expect(last(rows)).toMatchObject({ sampled: { everyMs: 250 } })
  })

  test("a node's own pace is told", () => {
    const { nodes, timing } = startTwo()
    const sampled = { atMs: 7, sinceMs: null, everyMs: 9_000 }
    nodes.add('busy', {
      open: (onMessage) => ({
        ask: () => {
          onMessage({ kind: 'answer', id: 0, sampled, answer: { view: 'nodes', nodes: [] } })
        },
        close: () => undefined,
      }),
    })
    const { ask, last } = lookAt(nodes, timing)
    const log = ask({ view: 'log', node: 'busy' })
    expect(last(log)).toMatchObject({ sampled: { atMs: 7, everyMs: 9_000 } })
    // Three of its paces have not passed.
    timing.advance(20_000)
    expect(last(log)).not.toHaveProperty('sampled.stale')
    timing.advance(10_000)
    expect(last(log)).toMatchObject({ sampled: { stale: [{ node: 'busy', sinceMs: 7 }] } })
  })

  test('of all nodes together as many rows can be asked for as of one', () => {
    const { nodes, timing } = startTwo()
    const { ask, last } = lookAt(nodes, timing)
    expect(last(ask({ ...TABLE, offset: 195 }))).toMatchObject({ refused: { why: 'bad-query' } })
    expect(last(ask({ view: 'tree', node: 'nobody' }))).toMatchObject({
      refused: { why: 'unknown-node' },
    })
  })

  test('a page that is closed leaves nothing asked', () => {
    const { channels, listener, nodes, timing } = startTwo()
    const { session } = lookAt(nodes, timing)
    const { watchers } = listener.supervisor.audit()
    for (const id of [1, 2]) {
      const query: Query = { view: 'connection', node: 'listener', connection: 'listener/in-1' }
      session.ask({ kind: 'ask', id, query })
    }
    session.ask({ kind: 'ask', id: 3, query: TABLE })
    timing.advance(1_000)
    expect(listener.supervisor.audit().watchers).toBeGreaterThan(watchers)
    session.close()
    expect(listener.supervisor.audit().watchers).toBe(watchers)
    const count = channels.length
    timing.advance(5_000)
    expect(channels.length).toBe(count)
  })

  test('one that answers nothing keeps the others from nobody', () => {
    const { nodes, timing } = startTwo()
    nodes.add('mute', { open: () => ({ ask: () => undefined, close: () => undefined }) })
    const { look } = lookAt(nodes, timing)
    expect(look(TABLE).total).toBe(2)
    expect(look({ view: 'nodes' }).nodes[2]).toMatchObject({ node: 'mute', state: 'starting' })
  })
})
