/**
 * Two nodes of one network, and what the flight recorder of one of them keeps.
 * @module
 */
import type {
  CryptoBackend,
  FlightOptions,
  FlightRecording,
  Protocol,
  ProtocolTypes,
} from '../../index.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { keyOf } from '../contracts/seats.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { writingInstead } from '../support/wires.ts'

export interface PairOptions<T extends ProtocolTypes> {
  readonly alice: Protocol<T>
  readonly bob: Protocol<T>
  readonly addressOfAlice: string
  /** Of alice, who listens. Left out: as it is by default. */
  readonly flight?: FlightOptions | false
  readonly crypto?: CryptoBackend
}

/** Bob has dialled alice, and both are active. */
export function startPair<T extends ProtocolTypes>(options: PairOptions<T>) {
  const world = startVirtualWorld({ seed: 'flight' })
  const own = options.crypto === undefined ? {} : { crypto: options.crypto }
  const alice = startNode(world, 'alice', '10.0.0.1', options.alice, own)
  const bob = startNode(world, 'bob', '10.0.0.2', options.bob, own)
  if (options.flight !== undefined) alice.supervisor.recordFlight(options.flight)
  const dial = (): void => {
    bob.supervisor.connect(options.addressOfAlice).catch(() => undefined)
    world.advance(100)
  }
  dial()
  const nameAt = ({ supervisor }: typeof alice): string =>
    supervisor.connections().at(-1)?.name ?? 'nobody'
  return {
    ...{ world, alice, bob, dial },
    /** The connection's name at each side. */
    atAlice: nameAt(alice),
    atBob: nameAt(bob),
    say(message: T['message']): void {
      bob.supervisor.send(nameAt(bob), message)
      world.advance(10)
    },
  }
}

export const plainMessage = (
  type: PlainTypes['message']['type'],
  ...payload: readonly number[]
): PlainTypes['message'] => ({ type, payload: Uint8Array.from(payload) })

export const startPlainPair = (
  flight?: FlightOptions | false,
  protocols: Partial<Pick<PairOptions<PlainTypes>, 'alice' | 'bob'>> = {},
) =>
  startPair<PlainTypes>({
    ...{ alice: plain(), bob: plain(), addressOfAlice: '10.0.0.1:7001', ...protocols },
    ...(flight === undefined ? {} : { flight }),
  })

export const nativeOf = (seat: 'dialler' | 'listener'): Protocol<NativeTypes> => ({
  ...native({ network: 'test/flight', privateKey: keyOf(seat) }),
  children: [],
})

/** Says a confirm in place of each message: a second one is against the rules. */
export const rudeNative = (): Protocol<NativeTypes> =>
  writingInstead(nativeOf('dialler'), (messages) =>
    messages.map((one) => (!('raw' in one) && one.type === 'message' ? { type: 'confirm' } : one)),
  )

export const startNativePair = (
  flight: FlightOptions,
  own: Partial<Pick<PairOptions<NativeTypes>, 'alice' | 'bob' | 'crypto'>> = {},
) =>
  startPair<NativeTypes>({
    ...{ alice: nativeOf('listener'), bob: nativeOf('dialler'), ...own },
    addressOfAlice: `node://${nativeOf('listener').identity ?? ''}@10.0.0.1:9946`,
    flight,
  })

export const nativeMessage = (...payload: readonly number[]): NativeTypes['message'] => ({
  type: 'message',
  protocol: 'test',
  payload: Uint8Array.from(payload),
})

/** A connection of the plain network that ended because a hello came twice. */
export function plainFault(): FlightRecording {
  const { alice, atAlice, say, world } = startPlainPair({ payloads: true })
  say(plainMessage('blob', 1, 2, 3))
  say(plainMessage('ping', 1, 2, 3, 4, 5, 6, 7, 8, 9))
  say(plainMessage('hello'))
  world.advance(5_000)
  return recordingOf(alice.supervisor.flightRecording(atAlice))
}

/** A connection of the native network that ended because a confirm came twice. */
export function nativeFault(): FlightRecording {
  const { alice, atAlice, say, world } = startNativePair({ payloads: true }, { bob: rudeNative() })
  say(nativeMessage(1))
  world.advance(5_000)
  return recordingOf(alice.supervisor.flightRecording(atAlice))
}

export function recordingOf(recording: FlightRecording | undefined): FlightRecording {
  if (recording === undefined) throw new Error('nothing was recorded')
  return recording
}
