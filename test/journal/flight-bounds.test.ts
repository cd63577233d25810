import { expect, test } from 'vitest'
import { createFlightNames } from '../../journal/flight-names.ts'
import { createFlightRecorder } from '../../journal/flight-recorder.ts'
import { createPayloadFlights } from '../../journal/flight-payloads.ts'
import type { FlightSubject, Supervisor } from '../../index.ts'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import { createSupervisorOver } from '../../supervisor/supervisor.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { plainMessage } from './flights.ts'

/** A node to which three others are connected, and what a flight recorder of it would be lent. */
function startSubject(startFlight = (subject: FlightSubject) => createFlightRecorder(subject)) {
  const world = startVirtualWorld({ seed: 'flight' })
  const subjects: FlightSubject[] = []
  const supervisor: Supervisor<PlainTypes> = createSupervisorOver({
    ...{ name: 'alice', protocol: plain(), world: world.nodeWorld('alice', '10.0.0.1') },
    ...{ listen: [{ host: '10.0.0.1', port: 7001 }], bootstrap: [], limits: NODE_LIMITS },
    startFlight(subject) {
      subjects.push(subject)
      return startFlight(subject)
    },
  })
  const faults: unknown[] = []
  supervisor.events.subscribe((event) => {
    if (event.type === 'fault') faults.push(event)
  })
  supervisor.start().catch(() => undefined)
  world.settle()
  const others = ['bob', 'carol', 'dave'].map((name, at) => {
    const other = startNode(world, name, `10.0.0.${at + 2}`, plain())
    other.supervisor.connect('10.0.0.1:7001').catch(() => undefined)
    world.advance(100)
    return other.supervisor
  })
  const [subject] = subjects
  if (subject === undefined) throw new Error('no recorder was asked for')
  const names = supervisor.connections().map(({ name }) => name)
  return { world, supervisor, subject, faults, others, names }
}

test('payloads of all connections keep to one bound: who was not heard of for longest gives way', () => {
  const { names, others, subject, world } = startSubject()
  const bytesMax = 20_000
  const flights = createPayloadFlights(subject, bytesMax)
  subject.port.watch(
    (observation) => {
      if (observation.of !== 'message') return
      flights.message(observation.connection, observation.direction, observation.message)
    },
    { kinds: ['message'] },
  )
  const kept = () =>
    names.map((name) => {
      const { blocks = [], lost = 0 } = flights.of(name) ?? {}
      return { messages: blocks.flatMap(({ messages }) => messages).length, lost }
    })
  const blob = plainMessage('blob', ...Array<number>(1_000).fill(1))
  const say = (from: number): void => {
    for (const { name } of others[from]?.connections() ?? []) others[from]?.send(name, blob)
    world.advance(10)
  }
  for (let count = 0; count < 5; count++) for (const from of [0, 1, 2]) say(from)
  expect(kept()).toEqual(Array(3).fill({ messages: 5, lost: 0 }))
  for (let count = 0; count < 5; count++) say(2)
  const [first, second, third] = kept()
  expect([first, second]).toEqual([
    { messages: 0, lost: 5 },
    { messages: 5, lost: 0 },
  ])
  expect(third).toEqual({ messages: 10, lost: 0 })
  expect(flights.bytes).toBeLessThanOrEqual(bytesMax)
  // Alone it may not have more, either.
  for (let count = 0; count < 40; count++) say(2)
  expect(flights.bytes).toBeLessThanOrEqual(bytesMax)
  for (const name of names) flights.forget(name)
  expect(flights.bytes).toBe(0)
})

test('a recorder that throws is taken off and reported as a fault; the node goes on', () => {
  const fault = new Error('a step that cannot be read')
  const { faults, names, supervisor } = startSubject((subject) =>
    createFlightRecorder({
      ...subject,
      step() {
        throw fault
      },
    }),
  )
  expect(faults).toEqual([{ type: 'fault', where: 'flight recorder', error: fault }])
  expect(names).toHaveLength(3)
  expect(supervisor.audit().watchers).toBe(0)
  expect(supervisor.flight(names[0] ?? '')).toEqual([])
})

test('a watch of the charts that throws is taken off and reported; the connection goes on', () => {
  const fault = new Error('a step that cannot be read')
  const { faults, others, subject, supervisor, world } = startSubject()
  const flights = createPayloadFlights({
    ...subject,
    step() {
      throw fault
    },
  })
  for (const { name } of others[0]?.connections() ?? []) {
    others[0]?.send(name, plainMessage('ping', 1))
    others[0]?.send(name, plainMessage('ping', 2))
  }
  world.advance(100)
  expect(faults).toEqual([{ type: 'fault', where: 'flight recorder', error: fault }])
  expect(supervisor.connections().map(({ phase }) => phase)).toEqual(Array(3).fill('active'))
  expect(supervisor.connections()[0]?.counters.handledMessages).toBe(3)
  flights.stop()
})

test('a supervisor that was made without a recorder says so', () => {
  const world = startVirtualWorld({ seed: 'flight' })
  const supervisor = createSupervisorOver({
    ...{ name: 'alice', protocol: plain(), world: world.nodeWorld('alice', '10.0.0.1') },
    ...{ listen: [], bootstrap: [], limits: NODE_LIMITS },
  })
  expect(supervisor.flight('alice')).toEqual([])
  expect(() => {
    supervisor.recordFlight({})
  }).toThrow('without a flight recorder')
})

test('names are numbers and names again; one too many, or too long, reads as other', () => {
  const names = createFlightNames()
  const given = Array.from({ length: 4_095 }, (_, at) => `name ${at}`)
  const numbers = given.map(names.numberOf)
  expect(new Set(numbers).size).toBe(4_095)
  expect(Math.max(...numbers)).toBeLessThan(65_536)
  expect(numbers.map(names.nameOf)).toEqual(given)
  expect(names.nameOf(names.numberOf('one more'))).toBe('other')
  expect(names.nameOf(names.numberOf('name 7'))).toBe('name 7')
  expect(names.count).toBe(4_096)
  const fresh = createFlightNames()
  expect(fresh.nameOf(fresh.numberOf('x'.repeat(201)))).toBe('other')
})
