/**
 * A connection as others see it: plain data that follows what becomes of it.
 * @module
 */
import type { Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { ConnectionOptions } from './connection-contract.ts'
import type { ConnectionAbout, ConnectionView } from './protocol.ts'

/** What changes while it lives. */
export interface LiveState<T extends ProtocolTypes> {
  phase(): Phase | 'closed'
  remote(): SocketAddress
  identity(): string | undefined
  facts(): T['facts'] | undefined
  readyMs(): number | undefined
}

export const createView = <T extends ProtocolTypes>(
  { local, name, role, slot, target }: ConnectionOptions<T>,
  startedMs: number,
  about: ConnectionAbout,
  live: LiveState<T>,
): ConnectionView<T> => ({
  ...{ name, role, slot, target, startedMs, about },
  ...(local === undefined ? {} : { local }),
  get remote() {
    return live.remote()
  },
  get phase() {
    return live.phase()
  },
  get identity() {
    return live.identity()
  },
  get facts() {
    return live.facts()
  },
  get readyMs() {
    return live.readyMs()
  },
})
