import { createBrowserReceiver, createInspector } from '@statelyai/inspect'
import type { StatelyInspectionEvent } from '@statelyai/inspect'
import { createActor, createMachine, setup } from 'xstate'
import { toDirectedGraph } from 'xstate/graph'
import { describe, expect, test } from 'vitest'
import { encodeHex, encodeUtf8 } from '../../codec/bytes.ts'
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { definitionText } from '../../inspector/chart-definition.ts'
import { describeChart } from '../../inspector/chart-description.ts'
import type { ChartDescription } from '../../inspector/chart-description.ts'
import { stateValueOf } from '../../inspector/state-value.ts'
import { attachStately } from '../../inspector/stately.ts'
import type { StatelyOptions } from '../../inspector/stately.ts'
import type { StatelyEvent } from '../../inspector/stately-events.ts'
import { chartOf } from '../../inspector/chart-nodes.ts'
import { rootMachine } from '../../machines/root.ts'
import type { SessionEvent, SessionInput, SessionSaid } from '../../machines/session.ts'
import { asSlot } from '../../machines/slot.ts'
import { native } from '../../protocols/native.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { bound } from '../contracts/fits/bound.ts'
import type { BoundTypes } from '../contracts/fits/bound-wire.ts'
import { keyOf, say } from '../contracts/seats.ts'
import { EVERY_CHART, odd } from '../support/charts.ts'
import { startNode } from '../support/nodes.ts'

type Actor = Extract<StatelyEvent, { readonly type: '@xstate.actor' }>
type Snapshot = Extract<StatelyEvent, { readonly type: '@xstate.snapshot' }>

/** One that listens, and one that will dial it. */
function startPair<T extends ProtocolTypes>(
  protocolOf: (seat: 'listener' | 'dialler') => Protocol<T>,
) {
  const world = startVirtualWorld({ seed: 'stately' })
  const [ours, theirs] = [protocolOf('listener'), protocolOf('dialler')]
  const listener = startNode(world, 'listener', '10.0.0.1', ours)
  const dialler = startNode(world, 'dialler', '10.0.0.2', theirs)
  const address = (ours.identity?.length === 64 ? `node://${ours.identity}@` : '') + '10.0.0.1'
  const meet = (): void => {
    dialler.supervisor.connect(`${address}:${ours.defaultPort}`).catch(() => undefined)
    world.runUntil(
      () => listener.supervisor.connections().some(({ phase }) => phase === 'active'),
      { withinMs: 5_000 },
    )
    world.settle()
  }
  const attach = (given: Partial<StatelyOptions<T>> = {}) => {
    const events: StatelyEvent[] = []
    const send = (event: StatelyEvent) => events.push(event)
    const { supervisor } = listener
    const detach = attachStately<T>({ supervisor, protocol: ours, send, ...given })
    return {
      events,
      detach,
      actors: () => events.filter((one): one is Actor => one.type === '@xstate.actor'),
      last: (sessionId: string) =>
        events
          .filter((one) => one.sessionId === sessionId)
          .findLast((one): one is Actor | Snapshot => 'snapshot' in one)?.snapshot,
      values: (sessionId: string) =>
        events.flatMap((one) =>
          one.type === '@xstate.snapshot' && one.sessionId === sessionId
            ? [`${one.event.type} ${JSON.stringify(one.snapshot.value)}`]
            : [],
        ),
    }
  }
  return { world, listener, dialler, meet, attach }
}

const nativeOf = (seat: 'listener' | 'dialler') => ({
  ...native({ network: 'test', privateKey: keyOf(seat) }),
  children: [],
})
const boundOf = (seat: 'listener' | 'dialler') => bound(keyOf(seat))

describe('a running node as events of the package', () => {
  test('shows its charts as actors, each below the one that it belongs to', () => {
    const { attach, meet } = startPair(nativeOf)
    const { actors, events } = attach()
    meet()
    expect(
      actors().map(({ name, parentId, rootId, sessionId }) => [sessionId, parentId, rootId, name]),
    ).toEqual([
      ['listener', undefined, 'listener', 'listener'],
      ['listener/in-1', 'listener', 'listener', 'connection listener/in-1'],
      [...['listener/in-1/session', 'listener/in-1', 'listener'], 'native listener/in-1/session'],
    ])
    // Nobody is told of before it was announced.
    const announced = new Set<string>()
    for (const event of events) {
      if (event.type === '@xstate.actor') announced.add(event.sessionId)
      expect(announced).toContain(event.sessionId)
    }
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  })

  test('tells what each chart was told and where it came to', () => {
    const { attach, meet } = startPair(nativeOf)
    const { events, values } = attach()
    meet()
    expect(values('listener/in-1')).toEqual([
      'start "handshaking"',
      'ready "active"',
      'connection.active "active"',
    ])
    expect(values('listener/in-1/session')).toEqual([
      'start "connecting"',
      'opened {"shaking":"awaiting"}',
      'unit {"shaking":"checking"}',
      'answer {"shaking":"responding"}',
      'answer {"shaking":"deriving"}',
      'answer {"shaking":"provisional"}',
      'unit "active"',
      'connection.active "active"',
    ])
    const told = events.flatMap((one) =>
      one.type === '@xstate.event' && one.sessionId === 'listener/in-1/session' ? [one] : [],
    )
    expect(told.map(({ event }) => event.type)).toEqual([
      ...['start', 'opened', 'unit', 'answer', 'answer', 'answer', 'unit'],
    ])
    expect(told.every(({ sourceId }) => sourceId === 'listener/in-1')).toBe(true)
  })

  test('shows how a connection ended, and how the node did', () => {
    const { attach, dialler, listener, meet, world } = startPair(nativeOf)
    const { last } = attach()
    meet()
    dialler.supervisor.disconnect('dialler/out-1')
    world.advance(2_000)
    expect(last('listener/in-1')).toMatchObject({
      status: 'done',
      value: 'closed',
      output: { reason: 'peer-left', detail: 'ended', phase: 'active' },
    })
    expect(last('listener/in-1/session')).toMatchObject({ status: 'stopped', value: 'over' })
    void listener.supervisor.stop()
    world.settle()
    expect(last('listener')).toMatchObject({ status: 'done', value: 'stopped' })
  })

  test('tells whoever comes late who is there, and how they are', () => {
    const { attach, meet } = startPair(boundOf)
    const early = attach()
    meet()
    const late = attach()
    const shownNow = late.events.map(({ sessionId }) => sessionId)
    expect(shownNow).toEqual(['listener', 'listener/in-1', 'listener/in-1/session'])
    for (const actor of late.actors()) {
      const { definition, name, parentId, snapshot } = actor
      const same = early.actors().find(({ sessionId }) => sessionId === actor.sessionId)
      expect({ definition, name, parentId }).toEqual({
        definition: same?.definition,
        name: same?.name,
        parentId: same?.parentId,
      })
      expect(snapshot).toEqual(early.last(actor.sessionId))
    }
  })

  test('knows how a connection is of which much was heard since it became so', () => {
    const { attach, dialler, listener, meet, world } = startPair(boundOf)
    const early = attach()
    meet()
    for (let count = 0; count < 40; count++) {
      dialler.supervisor.send('dialler/out-1', say('addressRequest'))
    }
    world.settle()
    const { history = [] } = listener.supervisor.explain('listener/in-1') ?? {}
    expect(history.some(({ chart }) => chart === 'connection')).toBe(false)
    const late = attach()
    for (const name of ['listener/in-1', 'listener/in-1/session']) {
      expect(late.last(name)).toEqual(early.last(name))
    }
  })

  test('shows what was found out about a connection, bytes as digits', () => {
    const { attach, listener, meet } = startPair(boundOf)
    const { last } = attach()
    meet()
    const [info] = listener.supervisor.connections()
    const facts = info?.facts as { readonly binding: Uint8Array }
    expect(last('listener/in-1')?.context).toEqual({
      ...{ address: info?.address, role: 'listener', slot: 'inbound', identity: info?.identity },
      facts: { binding: encodeHex(facts.binding) },
    })
    expect(facts.binding.length).toBe(32)
  })

  test('shows those connections alone that are asked for', () => {
    const { attach, meet, world, dialler } = startPair(boundOf)
    const none = attach({ shows: () => false })
    meet()
    const late = attach({ shows: (name) => name !== 'listener/in-1' })
    dialler.supervisor.disconnect('dialler/out-1')
    world.advance(25_000)
    expect(new Set(none.events.map(({ sessionId }) => sessionId))).toEqual(new Set(['listener']))
    expect(new Set(late.events.map(({ sessionId }) => sessionId))).toEqual(new Set(['listener']))
  })

  test('tells nothing once it is detached, and leaves nobody watching', () => {
    const { attach, listener, meet } = startPair(nativeOf)
    const { detach, events } = attach()
    // The flight recorder is the other one.
    expect(listener.supervisor.audit().watchers).toBe(2)
    detach()
    detach()
    const before = events.length
    meet()
    expect(events).toHaveLength(before)
    expect(listener.supervisor.audit().watchers).toBe(1)
  })

  test('tells of actors as there is room, as they are by then, and in the end of all', () => {
    const { attach, dialler, listener, meet, world } = startPair(nativeOf)
    meet()
    let places = 1
    const waiting: (() => void)[] = []
    const room = { isThere: () => places-- > 0, wait: (again: () => void) => waiting.push(again) }
    const { actors, events, last } = attach({ room })
    const told = () => actors().map(({ sessionId }) => sessionId)
    // The node needs no room: it is one.
    expect(told()).toEqual(['listener', 'listener/in-1'])
    // Its session ends without ever having been told of, and another connection comes meanwhile.
    dialler.supervisor.disconnect('dialler/out-1')
    world.advance(25_000)
    meet()
    const [next = ''] = listener.supervisor.connections().map(({ name }) => name)
    expect(next).not.toBe('listener/in-1')
    expect(last('listener/in-1')).toMatchObject({ status: 'done', value: 'closed' })
    expect(told()).toEqual(['listener', 'listener/in-1'])
    expect(events.some(({ sessionId }) => sessionId.startsWith(next))).toBe(false)
    expect(waiting).toHaveLength(1)

    places = 9
    waiting.pop()?.()
    expect(told()).toEqual(['listener', 'listener/in-1', next, `${next}/session`])
    const whole = attach()
    for (const name of [next, `${next}/session`]) expect(last(name)).toEqual(whole.last(name))
  })

  test('says how much it passed over, where more happens than it tells', () => {
    const { attach, meet, world } = startPair(nativeOf)
    const { events } = attach({ perSecondMax: 1 })
    meet()
    // It is said with the next step of a later second.
    world.advance(60_000)
    const said = events.flatMap((one) =>
      one.type === '@xstate.event' && one.event.type === 'passed-over' ? [one] : [],
    )
    expect(said[0]).toMatchObject({ sessionId: 'listener' })
    expect(said[0]?.event.states).toBeGreaterThan(0)
  })

  test('is detached by a receiver that throws, which is told, and the node goes on', () => {
    const { attach, listener, meet } = startPair(nativeOf)
    const faults: unknown[] = []
    const broken = new Error('the page is gone')
    let left = 3
    const send = (): void => {
      if (left-- === 0) throw broken
    }
    attach({ send, onFault: (error) => faults.push(error) })
    meet()
    expect(faults).toEqual([broken])
    expect(left).toBe(-1)
    expect(listener.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    expect(listener.supervisor.audit().watchers).toBe(1)
    expect(() =>
      attach({
        send() {
          throw broken
        },
      }),
    ).toThrow(broken)
    expect(listener.supervisor.audit().watchers).toBe(1)
  })

  test('has the time of the step, or of the clock where no step runs', () => {
    const { attach, meet, listener } = startPair(nativeOf)
    const steps: number[] = []
    listener.supervisor.port.watch((one) => {
      if (one.of === 'step') steps.push(one.step.wallMs)
    })
    const { events } = attach({ wallMs: () => 1_234.5 })
    meet()
    expect(events[0]?.createdAt).toBe('1234')
    const times = new Set(events.slice(1).map(({ createdAt }) => createdAt))
    expect(
      [...times].every((time) => steps.some((step) => String(Math.floor(step)) === time)),
    ).toBe(true)
  })

  test('has no key and no payload in it', () => {
    const secrets: Uint8Array[] = [keyOf('listener'), keyOf('dialler')]
    const bytesIn = (value: unknown): readonly Uint8Array[] =>
      value instanceof Uint8Array
        ? [value]
        : typeof value === 'object' && value !== null
          ? Object.values(value).flatMap(bytesIn)
          : []
    const protocolOf = (seat: 'listener' | 'dialler'): ReturnType<typeof nativeOf> => {
      const protocol = nativeOf(seat)
      return {
        ...protocol,
        wire(setup) {
          const wire = protocol.wire(setup)
          return {
            ...wire,
            get bufferedBytes() {
              return wire.bufferedBytes
            },
            secure(keys) {
              secrets.push(...bytesIn(keys).map((bytes) => bytes.slice()))
              wire.secure(keys)
            },
          }
        },
      }
    }
    const { attach, dialler, listener, meet, world } = startPair(protocolOf)
    const { events } = attach()
    meet()
    const payload = encodeUtf8('what only the two of them know')
    listener.supervisor.messages('message').subscribe()
    const message = { type: 'message', protocol: 'test', payload } as const
    expect(dialler.supervisor.send('dialler/out-1', message)).toBe('queued')
    world.settle()
    expect(listener.supervisor.connections()).toMatchObject([{ counters: { handledMessages: 3 } }])
    const text = JSON.stringify(events)
    expect(secrets.length).toBeGreaterThan(4)
    for (const secret of [...secrets, payload]) {
      expect(text).not.toContain(encodeHex(secret))
      expect(text).not.toContain(JSON.stringify([...secret]))
    }
    expect(text).not.toContain('only the two of them')
  })
})

describe('the package takes them', () => {
  test('through its receiver, as they come out of JSON', () => {
    const { attach, meet } = startPair(nativeOf)
    type Listener = (event: { readonly data: unknown }) => void
    const listeners: Listener[] = []
    const page = {
      addEventListener: (_: string, listener: Listener) => listeners.push(listener),
      opener: { postMessage: () => undefined },
    }
    // A page of its own: nothing is around it.
    const window = Object.assign(page, { self: page, top: page })
    const received: StatelyInspectionEvent[] = []
    createBrowserReceiver({ window }).subscribe((event) => {
      received.push(event)
    })
    const { events } = attach({
      send(event) {
        for (const listener of listeners) listener({ data: JSON.parse(JSON.stringify(event)) })
      },
    })
    expect(events).toEqual([])
    meet()
    expect(received.length).toBeGreaterThan(20)
    expect(new Set(received.map(({ type }) => type))).toEqual(
      new Set(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
    )
  })

  test('by their types, and with the fields of its own', async () => {
    const { attach, meet } = startPair(nativeOf)
    const { events } = attach()
    meet()
    // Ours are assignable to its own.
    const ours: readonly StatelyInspectionEvent[] = events
    const theirs: StatelyInspectionEvent[] = []
    const inspector = createInspector({ send: (event) => theirs.push(event) })
    const actor = createActor(rootMachine, {
      input: { name: 'theirs', startMs: 5 },
      inspect: inspector.inspect,
    })
    actor.start()
    actor.send({ type: 'stop', graceMs: 1 })
    await expect.poll(() => theirs.length).toBeGreaterThan(4)
    const fieldsOf = (list: readonly StatelyInspectionEvent[], type: string) =>
      Object.keys(list.find((one) => one.type === type) ?? {}).toSorted()
    for (const type of ['@xstate.actor', '@xstate.event', '@xstate.snapshot']) {
      expect(fieldsOf(ours, type)).toEqual(fieldsOf(theirs, type))
    }
  })
})

/** Every name in a definition, by what it is. */
function namesIn(chart: ChartDescription) {
  return {
    parts: chart.states
      .flatMap(({ entry, exit }) => [...entry, ...exit])
      .concat(
        chart.transitions.flatMap(({ actions, guard }) => (guard ? [guard, ...actions] : actions)),
      )
      .map(({ name }) => name),
    delays: chart.transitions.flatMap(({ on }) => (on.kind === 'after' ? [on.delay] : [])),
    actors: chart.states.flatMap(({ invokes }) => invokes.map(({ actor }) => actor)),
  }
}

describe('the definition of a chart', () => {
  test.each(EVERY_CHART)(
    'of %s makes the same chart again, with everything by its name',
    (name, logic) => {
      const chart = describeChart(logic, { name })
      const text = definitionText(chart)
      expect(text.length).toBeLessThan(65_536)
      const machine = createMachine(JSON.parse(text) as object)
      expect(describeChart(machine)).toEqual(withoutLengths(chart))
      expect(JSON.parse(JSON.stringify(toDirectedGraph(machine)))).toMatchObject({ id: name })
      const { actors, delays, parts } = namesIn(chart)
      expect(parts.length).toBeGreaterThan(0)
      for (const part of parts) expect(text).toContain(`"type":"${part}"`)
      for (const delay of delays) expect(text).toContain(`"${delay}":[`)
      for (const actor of actors) expect(text).toContain(`"src":"${actor}"`)
    },
  )

  test('of a running node is the same', () => {
    const { attach, meet } = startPair(nativeOf)
    const { actors } = attach()
    meet()
    for (const { definition, sessionId } of actors()) {
      const machine = createMachine(JSON.parse(definition) as object)
      expect(toDirectedGraph(machine).children.length).toBeGreaterThan(3)
      expect(definition.length, sessionId).toBeLessThan(65_536)
    }
  })

  test('of a chart that is too large is its name alone', () => {
    const states = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`state${n}`, {}]))
    const types = {} as {
      events: SessionEvent<BoundTypes>
      input: SessionInput<BoundTypes>
      emitted: SessionSaid<BoundTypes>
    }
    const large = setup({ types }).createMachine({ initial: 'state0', states })
    const { attach, meet } = startPair(boundOf)
    const { actors } = attach({ protocol: { name: 'large', session: asSlot(large) } })
    meet()
    const shown = actors().find(({ sessionId }) => sessionId === 'listener/in-1/session')
    expect(shown?.definition).toBe('{"id":"large"}')
  })

  test('has no dot in its name, which would lead to a state', () => {
    const { attach } = startPair((seat) => ({ ...boundOf(seat), name: 'bound.v2' }))
    const { actors, events } = attach()
    expect(actors()).toHaveLength(events.length)
    const chart = describeChart(boundOf('listener').session, { name: 'bound-v2' })
    expect(() => createMachine(JSON.parse(definitionText(chart)) as object)).not.toThrow()
  })
})

/** A delay by name has no length where nobody fills it in. */
const withoutLengths = (chart: ChartDescription): ChartDescription => ({
  ...chart,
  transitions: chart.transitions.map((transition) =>
    transition.on.kind === 'after' && !/^[0-9]+$/.test(transition.on.delay)
      ? { ...transition, on: { kind: 'after', delay: transition.on.delay } }
      : transition,
  ),
})

describe('a state that is text', () => {
  const { root } = chartOf(odd)
  test.each([
    ['left.up|right.a', { left: 'up', right: 'a' }],
    ['right.b|left.down', { right: 'b', left: 'down' }],
    // No state of it: shown as it is.
    ['left.up', 'left.up'],
    ['left.up|right.z', 'left.up|right.z'],
    ['left.up|right.a|right.b', 'left.up|right.a|right.b'],
    ['', ''],
    ['constructor', 'constructor'],
    ['__proto__.up|right.a', '__proto__.up|right.a'],
  ])('%s', (text, value) => {
    expect(stateValueOf(root, text)).toEqual(value)
  })

  test('of a region inside of a region ends where the chart says', () => {
    const nested = createMachine({
      type: 'parallel',
      states: {
        a: {
          initial: 'in',
          states: {
            in: { type: 'parallel', states: { x: {}, y: { initial: 'z', states: { z: {} } } } },
          },
        },
        b: {},
      },
    })
    const { value } = createActor(nested).getSnapshot()
    expect(stateValueOf(chartOf(nested).root, 'a.in.x|y.z|b')).toEqual(value)
  })
})
