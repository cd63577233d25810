import { expect, test } from 'vitest'
import { plain } from '../contracts/fits/plain.ts'
import { startPlainPair, plainMessage } from './flights.ts'

const kindsOf = (entries: readonly { readonly kind: string }[]) => entries.map(({ kind }) => kind)

test('a connection’s entries say what came, where the charts went, and why it ended', () => {
  const { alice, atAlice, say, world } = startPlainPair()
  for (let count = 0; count < 3; count++) say(plainMessage('blob', 1, 2))
  say(plainMessage('blob', 1))
  say(plainMessage('hello'))
  world.advance(5_000)
  const entries = alice.supervisor.flight(atAlice)
  expect(
    entries.map((entry) =>
      entry.kind === 'state'
        ? `${entry.chart} ${entry.event} ${entry.state}`
        : entry.kind === 'message'
          ? `${entry.count} ${entry.direction} ${entry.type} ${entry.bytesOnWire}`
          : entry.kind === 'event'
            ? entry.event
            : entry.kind,
    ),
  ).toEqual([
    'connection.started',
    'session start closed',
    'connection start handshaking',
    'session opened greeting',
    '1 sent hello 5',
    '1 received hello 5',
    'session unit open',
    'connection ready active',
    'connection.active',
    '3 received blob 7',
    '1 received blob 6',
    '1 received hello 5',
    'session unit open',
    'connection leave closing.shutting',
    'connection flushed closing.shutting',
    'session leave open',
    'connection peer.ended closed',
    'closed',
  ])
  const [three, , , , , , , , last] = entries.slice(9)
  expect(three).toMatchObject({ atMs: 100, untilMs: 120, count: 3 })
  expect(last).toMatchObject({
    ...{ reason: 'peer-fault', detail: 'hello-twice', phase: 'active' },
    counters: { receivedMessages: 6, handledMessages: 2, dropped: { 'no-consumer': 4 } },
  })
  expect(alice.supervisor.explain(atAlice)?.flight).toEqual(entries)
})

test('what is of no connection stands with the node, under its name', () => {
  const { alice, say, world } = startPlainPair()
  say(plainMessage('hello'))
  world.advance(5_000)
  const entries = alice.supervisor.flight('alice')
  expect(entries).toContainEqual(
    expect.objectContaining({ kind: 'state', chart: 'root', state: 'running' }),
  )
  expect(entries).toContainEqual(expect.objectContaining({ kind: 'event', event: 'peer.struck' }))
})

test('a unit that was passed over is an entry', () => {
  const { alice, atAlice, say } = startPlainPair({}, { bob: nonsensical() })
  say(plainMessage('blob'))
  expect(alice.supervisor.flight(atAlice).at(-1)).toMatchObject({
    ...{ kind: 'refused', detail: 'unknown-type', bytesOnWire: 5 },
  })
})

test('only the last entries are kept, as many as asked for', () => {
  const { alice, atAlice, say } = startPlainPair({ entries: 5 })
  for (let count = 0; count < 9; count++) say(plainMessage('blob', ...Array<number>(count).fill(1)))
  const entries = alice.supervisor.flight(atAlice)
  expect(entries.map((entry) => (entry.kind === 'message' ? entry.bytesOnWire : 0))).toEqual([
    9, 10, 11, 12, 13,
  ])
})

test('it is on by default, and wants neither steps nor effects nor reads of the store', () => {
  const { alice } = startPlainPair()
  expect(alice.supervisor.port.wants).toEqual({
    ...{ step: false, effect: false, timing: false },
    ...{ transition: true, message: true, refused: true, event: true, written: true },
  })
})

test('switched off it forgets everything and nothing is built for it any more', () => {
  const { alice, atAlice, dial, say } = startPlainPair()
  alice.supervisor.recordFlight(false)
  say(plainMessage('blob'))
  dial()
  expect(alice.supervisor.flight(atAlice)).toEqual([])
  expect(alice.supervisor.flightRecording(atAlice)).toBeUndefined()
  expect(Object.values(alice.supervisor.port.wants)).not.toContain(true)
  expect(alice.supervisor.audit().watchers).toBe(0)
  expect(alice.supervisor.explain(atAlice)).not.toHaveProperty('flight')
})

test('switched on while connections live it goes on with them', () => {
  const { alice, atAlice, say } = startPlainPair(false)
  alice.supervisor.recordFlight({})
  say(plainMessage('blob'))
  expect(kindsOf(alice.supervisor.flight(atAlice))).toEqual(['message'])
  // Said again it changes nothing.
  alice.supervisor.recordFlight({})
  expect(alice.supervisor.flight(atAlice)).toHaveLength(1)
})

test.each([0, -1, 1.5, 4_097, Number.NaN])(
  '%s entries are refused, and change nothing',
  (entries) => {
    const { alice, atAlice } = startPlainPair()
    expect(() => {
      alice.supervisor.recordFlight({ entries })
    }).toThrow('1 to 4096 entries')
    expect(alice.supervisor.flight(atAlice).length).toBeGreaterThan(5)
  },
)

test('nobody of that name has an empty flight', () => {
  const { alice } = startPlainPair()
  expect(alice.supervisor.flight('alice/in-99')).toEqual([])
  expect(alice.supervisor.audit().remembered['flights']).toBe(2)
})

test('of closed connections the last hundred are kept, and their memory serves again', () => {
  const { alice, atAlice, bob, dial, world } = startPlainPair({}, { alice: roomy() })
  for (let count = 0; count < 130; count++) {
    bob.supervisor.disconnect('10.0.0.1:7001')
    world.advance(20_000)
    dial()
  }
  const { remembered } = alice.supervisor.audit()
  expect(remembered['flights-closed']).toBe(100)
  // The node's own, and the connection that lives.
  expect(remembered['flights']).toBe(2)
  expect(alice.supervisor.flight(atAlice)).toEqual([])
  const names = alice.eventsOf('connection.closed').map(({ connection }) => connection)
  const [kept] = names.slice(-100)
  expect(kindsOf(alice.supervisor.flight(kept ?? '')).at(-1)).toBe('closed')
  expect(kindsOf(alice.supervisor.flight(kept ?? '')).at(0)).toBe('event')
})

/** Nobody is kept out for coming often. */
function roomy() {
  const protocol = plain()
  const admission = { ...protocol.admission, acceptedPerGroup: { count: 1_000, withinMs: 60_000 } }
  return { ...protocol, admission }
}

/** Says what is no message in place of each one once it is connected. */
function nonsensical() {
  const protocol = plain()
  return {
    ...protocol,
    wire(setup: Parameters<typeof protocol.wire>[0]) {
      const wire = protocol.wire(setup)
      return {
        ...wire,
        get bufferedBytes() {
          return wire.bufferedBytes
        },
        write(messages: Parameters<typeof wire.write>[0]) {
          for (const one of messages) {
            if ('raw' in one || one.type === 'hello') wire.write([one])
            else setup.out(Uint8Array.of(0, 0, 0, 0, 99))
          }
        },
      }
    },
  }
}
