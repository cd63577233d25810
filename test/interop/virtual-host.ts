/**
 * A host of a virtual world with no node of ours on it: its streams are the test's, and at the end of
 * each stands a peer that shares nothing with ours. Which network it speaks is said by whoever starts
 * the host.
 * @module
 */
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import type { StreamId } from '../../world/streams.ts'
import type { PeerPipe, PeerRole, PipedPeer } from './tcp-host.ts'

/** A network's peers, where the world keeps the time. */
export interface VirtualKind<Seat, Peer extends PipedPeer> {
  readonly port: number
  start(role: PeerRole, seat: Seat, pipe: PeerPipe, nowMs: () => number): Peer
}

export interface VirtualStream<Peer> {
  readonly peer: Peer
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

interface Held<Peer> extends VirtualStream<Peer> {
  take(bytes: Uint8Array): void
  turn(state: 'open' | 'ended' | 'failed'): void
}

export function startVirtualHost<Seat, Peer extends PipedPeer>(
  world: VirtualWorld,
  host: string,
  { port, start }: VirtualKind<Seat, Peer>,
) {
  const { clock, streams } = world.nodeWorld(host, host)
  const held = new Map<StreamId, Held<Peer>>()
  const accepted: VirtualStream<Peer>[] = []
  let seated: { readonly seat: Seat } | undefined
  let streamCount = 0
  let listenerCount = 0

  function hold(stream: StreamId, role: PeerRole, seat: Seat): Held<Peer> {
    let state: ReturnType<VirtualStream<Peer>['state']> = 'opening'
    let overMs: number | undefined
    const chunks: Uint8Array[] = []
    const pipe: PeerPipe = {
      write: (bytes) => {
        streams.write(stream, bytes)
      },
      end: () => {
        streams.end(stream)
      },
      destroy: () => {
        one.destroy()
      },
    }
    const peer = start(role, seat, pipe, () => clock.wallMs())
    const one: Held<Peer> = {
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
      const one = hold(input.stream, 'listener', seated.seat)
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
    dial(to: string, seat: Seat): VirtualStream<Peer> {
      streamCount += 2
      const one = hold(streamCount, 'dialler', seat)
      streams.open(streamCount, { host: to, port })
      world.settle()
      return one
    },
    /** Who dials from now on finds this one. */
    listen(seat: Seat): void {
      seated = { seat }
      if (listenerCount++ > 0) return
      streams.listen(1, { host, port })
      world.settle()
    },
  }
}
