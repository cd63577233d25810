/**
 * What is told of a connection when it becomes active and when it is gone.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SupervisorEvent } from './events.ts'

export function activeEventOf<T extends ProtocolTypes>({
  name,
  peer,
  view,
}: Connection<T>): SupervisorEvent {
  const { identity, readyMs = view.startedMs, role, startedMs } = view
  return {
    type: 'connection.active',
    connection: name,
    address: peer.address,
    role,
    identity,
    handshakeMs: readyMs - startedMs,
  }
}

export function closedEventOf<T extends ProtocolTypes>({
  counters,
  ending,
  name,
  peer,
  view,
}: Connection<T>): SupervisorEvent {
  return {
    type: 'connection.closed',
    connection: name,
    address: peer.address,
    role: view.role,
    identity: view.identity,
    reason: ending?.reason ?? 'our-fault',
    detail: ending?.detail ?? 'chart-fault',
    phase: ending?.phase ?? 'closing',
    receivedMessages: counters.receivedMessages,
    handledMessages: counters.handledMessages,
    dropped: { ...counters.dropped },
    receivedBytes: counters.receivedBytes,
    sentBytes: counters.sentBytes,
  }
}
