import { describe, expect, test } from 'vitest'
import { attachStream, inspectionOf } from '../../inspector/stream.ts'
import type { StreamOptions } from '../../inspector/stream.ts'
import type { StreamEvent } from '../../inspector/stream-events.ts'
import type { BoundTypes } from '../contracts/fits/bound-wire.ts'
import { bound } from '../contracts/fits/bound.ts'
import { keyOf, say } from '../contracts/seats.ts'
import { startWatchedPair } from './watched-pair.ts'

const boundOf = (seat: 'listener' | 'dialler') => bound(keyOf(seat))

function startStreamed(given: Partial<StreamOptions<BoundTypes>> = {}) {
  const pair = startWatchedPair(boundOf)
  const { supervisor } = pair.listener
  const events: StreamEvent[] = []
  const attach = (more: Partial<StreamOptions<BoundTypes>> = {}) =>
    attachStream<BoundTypes>({ supervisor, ...given, ...more }, (event) => events.push(event))
  const of = <Kind extends StreamEvent['of']>(kind: Kind) =>
    events.filter((event): event is Extract<StreamEvent, { of: Kind }> => event.of === kind)
  const chat = (count: number): void => {
    for (let number = 0; number < count; number++) {
      pair.dialler.supervisor.send('dialler/out-1', say('addressRequest', 9, 8, 7))
    }
    pair.world.settle()
  }
  return { ...pair, supervisor, attach, chat, events, of }
}

describe('the stream of a node', () => {
  test('tells who is there, what its charts do, what passes, and how it ends', () => {
    const { attach, chat, dialler, events, meet, of, world } = startStreamed()
    attach()
    expect(events[0]).toMatchObject({
      of: 'actor',
      name: 'listener',
      actor: 'node',
      state: 'running',
    })
    meet()
    chat(3)
    dialler.supervisor.disconnect('dialler/out-1')
    world.advance(2_000)
    expect(of('actor').map(({ actor, name, parent }) => [actor, name, parent])).toEqual(
      expect.arrayContaining([
        ['connection', 'listener/in-1', 'listener'],
        ['session', 'listener/in-1/session', 'listener/in-1'],
      ]),
    )
    expect(of('state').map(({ name, state }) => `${name} ${state}`)).toEqual(
      expect.arrayContaining(['listener/in-1 active', 'listener/in-1 closed']),
    )
    expect(of('message').map(({ direction, type }) => `${direction} ${type}`)).toEqual(
      expect.arrayContaining(['received addressRequest']),
    )
    expect(of('active')).toMatchObject([{ connection: 'listener/in-1' }])
    expect(of('closed')).toMatchObject([
      { connection: 'listener/in-1', phase: 'active', counters: { dropped: {} } },
    ])
    // Plain data, and in order.
    expect(JSON.parse(JSON.stringify(events))).toEqual(events)
    const times = events.map(({ atMs }) => atMs)
    expect(times.slice(1)).toEqual(times.slice(1).toSorted((one, other) => one - other))
  })

  test('tells whoever comes late who is there', () => {
    const { attach, meet, of } = startStreamed()
    meet()
    attach()
    const [connection] = of('actor').filter(({ actor }) => actor === 'connection')
    expect(connection).toMatchObject({ name: 'listener/in-1', state: 'active' })
    expect(connection?.about).toMatchObject({ role: 'listener', slot: 'inbound' })
  })

  test('tells of those connections alone that are asked for', () => {
    const { attach, chat, meet, of } = startStreamed({ shows: (name) => name.endsWith('/in-2') })
    attach()
    meet()
    chat(5)
    expect(of('message')).toEqual([])
    expect(of('actor').filter(({ actor }) => actor !== 'node')).toEqual([])
  })

  test('tells nothing once it is detached, and leaves nobody watching', () => {
    const { attach, events, meet, supervisor } = startStreamed()
    const { watchers } = supervisor.audit()
    const detach = attach()
    expect(supervisor.audit().watchers).toBe(watchers + 1)
    detach()
    expect(supervisor.audit().watchers).toBe(watchers)
    const count = events.length
    meet()
    expect(events.length).toBe(count)
  })

  test('looks at no message where none are wanted', () => {
    const { attach, supervisor } = startStreamed({ messages: false })
    supervisor.recordFlight(false)
    expect(supervisor.port.wants.message).toBe(false)
    attach()
    expect(supervisor.port.wants).toMatchObject({ message: false, transition: true })
  })

  test('passes over what is too much of a second, and says how much', () => {
    const { attach, chat, meet, of, world } = startStreamed({ perSecondMax: 20 })
    attach()
    meet()
    world.advance(3_000)
    const before = of('message').length
    for (let burst = 0; burst < 4; burst++) chat(50)
    world.advance(3_000)
    chat(1)
    const told = of('message').length - before
    expect(told).toBeLessThanOrEqual(41)
    const leftOut = of('passed-over').reduce((sum, { counts }) => sum + counts.messages, 0)
    expect(leftOut).toBeGreaterThan(100)
    // Lives are not crowded out by messages.
    expect(of('passed-over').every(({ counts }) => counts.lives === 0)).toBe(true)
  })

  test('has no payload and no key in it', () => {
    const { attach, chat, events, meet } = startStreamed()
    attach()
    meet()
    chat(3)
    const text = JSON.stringify(events)
    expect(text).not.toContain(JSON.stringify([9, 8, 7]))
    expect(text).not.toContain('090807')
    for (const seat of ['listener', 'dialler'] as const) {
      expect(text).not.toContain(Buffer.from(keyOf(seat)).toString('hex'))
    }
  })

  test('ends alone where whoever takes it throws', () => {
    const faults: unknown[] = []
    const { meet, supervisor, world } = startStreamed()
    let count = 0
    attachStream<BoundTypes>({ supervisor, onFault: (error) => faults.push(error) }, () => {
      if (++count > 8) throw new Error('no more')
    })
    meet()
    world.advance(1_000)
    expect(faults).toEqual([new Error('no more')])
    expect(count).toBe(9)
    expect(supervisor.state).toBe('running')
  })

  test('is an observable, of which each subscription is a stream of its own', () => {
    const { meet, supervisor, world } = startStreamed()
    const faults: unknown[] = []
    const stream = inspectionOf<BoundTypes>({ supervisor, onFault: (error) => faults.push(error) })
    const [one, other]: [string[], string[]] = [[], []]
    let isComplete = false
    const subscription = stream.subscribe(({ of }) => one.push(of))
    stream.subscribe({
      next: ({ of }) => other.push(of),
      complete: () => (isComplete = true),
    })
    stream.subscribe(() => {
      throw new Error('not mine')
    })
    subscription.unsubscribe()
    meet()
    expect(one).toEqual(['actor'])
    expect(other.length).toBeGreaterThan(5)
    expect(faults.length).toBeGreaterThan(0)
    void supervisor.stop()
    world.advance(10_000)
    expect(isComplete).toBe(true)
    expect(other.at(-1)).toBe('event')

    const late: string[] = []
    let isOver = false
    stream.subscribe({ next: ({ of }) => late.push(of), complete: () => (isOver = true) })
    expect(isOver).toBe(true)
    expect(new Set(late)).toEqual(new Set(['actor']))
  })
})
