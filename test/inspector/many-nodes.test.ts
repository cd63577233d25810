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
  const over = (source: InspectorSource): RemoteSource => {
    let served: ServedSource | undefined = undefined
    const remote: RemoteSource = remoteSource((message) => {
      served ??= serveSource(source, (told) => {
        remote.take(carried(told))
      })
      served.take(carried(message))
    })
    return remote
  }
  const start = (name: 'listener' | 'dialler', host: string) => {
    const protocol = nativeOf(name)
    const { supervisor } = startNode(world, name, host, protocol)
    const source = createNodeSource({ supervisor, protocol, timing, clock })
    nodes.add(name, over(source))
    return { supervisor, protocol, source }
  }
  const listener = start('listener', '10.0.0.1')
  const dialler = start('dialler', '10.0.0.2')
  const { defaultPort, identity = '' } = listener.protocol
  dialler.supervisor
    .connect(`node://${identity}@10.0.0.1:${String(defaultPort)}`)
    .catch(() => undefined)
  world.advance(2_000)
  return { nodes, timing, world, listener, dialler, start, channels }
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
