import { createSupervisor } from '../../index.ts'
import { lines } from '../../examples/smallest-network.ts'
import { flightFile, flightToTest, readFlightFile } from '../../testing/testing.ts'
import { replayFlight, startVirtualWorld } from '../../testing/testing.ts'
import { expect, test } from 'vitest'

test('what is kept of a connection that ended by a fault becomes a test', () => {
  const world = startVirtualWorld({ seed: 'flight' })
  const { store, streams, ...rest } = world.nodeWorld('alice', '10.0.0.1')
  const supervisor = createSupervisor({
    name: 'alice',
    protocol: lines(),
    transport: streams,
    store,
    world: rest,
    listen: ['10.0.0.1:7100'],
    flight: { payloads: true },
  })
  const ended: string[] = []
  supervisor.events.subscribe((event) => {
    if (event.type === 'connection.closed') ended.push(event.connection)
  })
  void supervisor.start()
  world.settle()

  // Somebody who does not greet: the line is a question mark.
  const rude = world.nodeWorld('rude', '10.0.0.9').streams
  rude.start(() => undefined)
  rude.open(2, { host: '10.0.0.1', port: 7100 })
  world.settle()
  rude.write(2, Uint8Array.of(1, 63))
  world.advance(5_000)

  const [name = ''] = ended
  expect(supervisor.flight(name).at(-1)).toMatchObject({ kind: 'closed', detail: 'rude' })

  const recording = supervisor.flightRecording(name)
  if (recording === undefined) throw new Error('the flight recorder is off')
  const file = flightFile(recording)

  // Wherever the file was sent to:
  const read = readFlightFile(file, { protocol: 'lines' })
  expect(replayFlight(read, { protocol: lines() }).difference).toBeUndefined()
  const code = flightToTest(read, {
    protocol: 'lines()',
    imports: ["import { lines } from './lines.ts'"],
  })
  expect(code).toContain("import { resumeFlight } from 'peerloom/testing'")
})
