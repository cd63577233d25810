/**
 * Independent BOTD peers on a host of a virtual world: what takes its time takes none.
 * @module
 */
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import type { BotdPeer, BotdPeerOptions } from './botd-peer.ts'
import { startBotdPeer } from './botd-peer.ts'
import { startVirtualHost } from './virtual-host.ts'
import type { VirtualStream } from './virtual-host.ts'

export const PORT = 9945

export type BotdVirtualSeat = Omit<BotdPeerOptions, 'pipe' | 'role'>

export type BotdVirtualStream = VirtualStream<BotdPeer>

export const startBotdVirtualHost = (world: VirtualWorld, host: string) =>
  startVirtualHost<BotdVirtualSeat, BotdPeer>(world, host, {
    port: PORT,
    start: (role, seat, pipe) => startBotdPeer({ ...seat, role, pipe }),
  })
