import { describe, expect, test } from 'vitest'
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { flightFile, readFlightFile } from '../../journal/flight-file.ts'
import { replayFlight } from '../../journal/flight-replay.ts'
import { bound } from '../contracts/fits/bound.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { oneWay } from '../contracts/fits/one-way.ts'
import { plain } from '../contracts/fits/plain.ts'
import { sniffing } from '../contracts/fits/sniffing.ts'
import { keyOf, say } from '../contracts/seats.ts'
import { nativeMessage, nativeOf, startPair } from './flights.ts'

/** Both sides of one exchange, each recorded, written, read and replayed. */
function replaysOf<T extends ProtocolTypes>(
  protocolOf: (seat: 'dialler' | 'listener') => Protocol<T>,
  message: T['message'],
  addressOfAlice: string,
) {
  const [listener, dialler] = [protocolOf('listener'), protocolOf('dialler')]
  const pair = startPair<T>({
    ...{ alice: listener, bob: dialler, addressOfAlice },
    flight: { payloads: true },
  })
  // Bob's has begun without payloads: it opens where it stands.
  pair.bob.supervisor.recordFlight({ payloads: true })
  pair.say(message)
  pair.bob.supervisor.disconnect(pair.atBob)
  pair.world.advance(60_000)
  const sides = [
    { supervisor: pair.alice.supervisor, name: pair.atAlice, protocol: listener },
    { supervisor: pair.bob.supervisor, name: pair.atBob, protocol: dialler },
  ]
  return sides.map(({ name, protocol, supervisor }) => {
    const recording = supervisor.flightRecording(name)
    if (recording === undefined) throw new Error('nothing was recorded')
    const replay = replayFlight(readFlightFile(flightFile(recording)), { protocol })
    const end = recording.entries.at(-1)
    return { ...replay, end: end?.kind, from: recording.blocks[0]?.checkpoint.from }
  })
}

describe('what a flight recorder kept of both sides of an exchange replays the same:', () => {
  test.each([
    ['bound', () => replaysOf((seat) => bound(keyOf(seat)), say('fetch', 1), addressIn(bound))],
    ['keyed', () => replaysOf((seat) => keyed(keyOf(seat)), say('note', 1), addressIn(keyed))],
    ['one-way', () => replaysOf((seat) => oneWay(keyOf(seat)), say('note', 1), oneWayAddress)],
    ['plain', () => replaysOf(plain, say('blob', 1), addressIn(plain))],
    [
      'sniffing',
      () =>
        replaysOf(
          () => sniffing(),
          say('line', 1),
          addressIn(() => sniffing()),
        ),
    ],
    ['native', () => replaysOf(nativeOf, nativeMessage(1), nativeAddress)],
  ])('%s', (_, replays) => {
    const [alice, bob] = replays()
    expect(alice).toMatchObject({ difference: undefined, end: 'closed', from: 'start' })
    expect(bob).toMatchObject({ difference: undefined, end: 'closed', from: 'snapshot' })
    expect(alice?.events).toBeGreaterThan(5)
    expect(bob?.events).toBeGreaterThan(1)
  })
})

/** Under which alice is dialled. */
const nativeAddress = `node://${nativeOf('listener').identity ?? ''}@10.0.0.1:9946`

const oneWayAddress = `${oneWay(keyOf('listener')).identity ?? ''}@10.0.0.1:7005`

const addressIn = (make: (key: Uint8Array) => { defaultPort: number; identity?: string }) =>
  `10.0.0.1:${make(keyOf('listener')).defaultPort}`
