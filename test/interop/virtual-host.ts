/**
 * A host of a virtual world with no node of ours on it: its streams are the test's, and at the end of
 * each stands a raw peer.
 * @module
 */
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import type { SocketAddress, StreamId } from '../../world/streams.ts'
import { startRawPeer } from './raw-native-peer.ts'
import type { RawPeer, RawPeerOptions } from './raw-native-peer.ts'
import type { RawRole } from './raw-native-messages.ts'

export const PORT = 9946

export type Seat = Omit<RawPeerOptions, 'pipe' | 'nowMs' | 'role'>

export interface VirtualStream {
  readonly peer: RawPeer
  /** How it stands with the stream itself. */
  readonly state: () => 'opening' | 'open' | 'ended' | 'failed'
  /** When the far side's half ended or broke, in the world's milliseconds; nothing before. */
  readonly overMs: () => number | undefined
  /** What came, as it came. */
  readonly bytes: () => Uint8Array
  /** Nothing that arrives is looked at any more. */
  pause(): void
  /** It is again, first of all what came meanwhile. */
  resume(): void
  /** The stream is gone, both ways. */
  destroy(): void
}

interface Held extends VirtualStream {
  take(bytes: Uint8Array): void
  turn(state: 'open' | 'ended' | 'failed'): void
}

export function startVirtualHost(world: VirtualWorld, host: string) {
  const { clock, streams } = world.nodeWorld(host, host)
  const held = new Map<StreamId, Held>()
  const accepted: VirtualStream[] = []
  let seated: ((remote: SocketAddress) => Seat) | undefined
  let streamCount = 0
  let listenerCount = 0

  function hold(stream: StreamId, role: RawRole, seat: Seat): Held {
    let state: ReturnType<VirtualStream['state']> = 'opening'
    let overMs: number | undefined
    const chunks: Uint8Array[] = []
    const peer = startRawPeer({
      ...seat,
      role,
      nowMs: () => clock.wallMs(),
      pipe: {
        write: (bytes) => {
          streams.write(stream, bytes)
        },
        end: () => {
          streams.end(stream)
        },
      },
    })
    const one: Held = {
      peer,
      state: () => state,
      overMs: () => overMs,
      bytes: () => new Uint8Array(Buffer.concat(chunks)),
      pause: () => {
        streams.pause(stream)
      },
      resume: () => {
        streams.resume(stream)
      },
      destroy: () => {
        streams.destroy(stream)
        held.delete(stream)
      },
      take(bytes) {
        chunks.push(bytes.slice())
        peer.push(bytes.slice())
      },
      turn(next) {
        state = next
        if (next === 'open') return
        overMs ??= world.clock.nowMs
        if (next === 'ended') peer.ended()
      },
    }
    held.set(stream, one)
    return one
  }

  streams.start((input) => {
    if (input.kind === 'listener.accepted') {
      if (seated === undefined) throw new Error('nobody listens')
      const one = hold(input.stream, 'listener', seated(input.remote))
      accepted.push(one)
      one.turn('open')
      streams.resume(input.stream)
    }
    if (!('stream' in input)) return
    const one = held.get(input.stream)
    if (input.kind === 'stream.opened') {
      one?.turn('open')
      streams.resume(input.stream)
    }
    if (input.kind === 'stream.bytes') one?.take(input.bytes)
    if (input.kind === 'stream.ended') {
      one?.turn('ended')
      streams.end(input.stream)
    }
    if (input.kind === 'stream.failed') one?.turn('failed')
  })

  return {
    host,
    accepted,
    /** Opened when this returns, and nothing said. */
    dial(to: string, seat: Seat): VirtualStream {
      streamCount += 2
      const one = hold(streamCount, 'dialler', seat)
      streams.open(streamCount, { host: to, port: PORT })
      world.settle()
      return one
    },
    /** Who dials from now on finds this one. */
    listen(seat: Seat | ((remote: SocketAddress) => Seat)): void {
      seated = typeof seat === 'function' ? seat : () => seat
      if (listenerCount++ > 0) return
      streams.listen(1, { host, port: PORT })
      world.settle()
    },
  }
}
