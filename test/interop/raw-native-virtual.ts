/**
 * Raw peers of the native network on a host of a virtual world.
 * @module
 */
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { startRawPeer } from './raw-native-peer.ts'
import type { RawPeer, RawPeerOptions } from './raw-native-peer.ts'
import { startVirtualHost } from './virtual-host.ts'
import type { VirtualStream } from './virtual-host.ts'

export const PORT = 9946

export type Seat = Omit<RawPeerOptions, 'pipe' | 'nowMs' | 'role'>

export type RawStream = VirtualStream<RawPeer>

export const startRawHost = (world: VirtualWorld, host: string) =>
  startVirtualHost<Seat, RawPeer>(world, host, {
    port: PORT,
    start: (role, seat, pipe, nowMs) => startRawPeer({ ...seat, role, pipe, nowMs }),
  })
