/**
 * A connection as others see it: plain data that its connection keeps true.
 * @module
 */
import type { Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { ConnectionOptions } from './connection-contract.ts'
import type { ConnectionAbout, ConnectionView } from './protocol.ts'

/** What changes while it lives, for the connection alone to change. */
export interface LiveView<T extends ProtocolTypes> extends ConnectionView<T> {
  remote: SocketAddress
  phase: Phase | 'closed'
  identity: string | undefined
  facts: T['facts'] | undefined
  readyMs: number | undefined
}

export function createView<T extends ProtocolTypes>(
  options: ConnectionOptions<T>,
  startedMs: number,
  about: ConnectionAbout,
): LiveView<T> {
  const { local, name, remote, role, slot, target } = options
  const view: LiveView<T> = {
    name,
    role,
    slot,
    target,
    startedMs,
    about,
    remote,
    phase: role === 'dialler' ? 'connecting' : 'handshaking',
    identity: undefined,
    facts: undefined,
    readyMs: undefined,
  }
  return local === undefined ? view : Object.assign(view, { local })
}
