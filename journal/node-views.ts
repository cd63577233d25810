/**
 * The connections of a node at one moment, as plain data.
 * @module
 */
import type { Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Node } from '../supervisor/node-contract.ts'

export interface ConnectionSnapshot {
  readonly name: string
  readonly phase: Phase | 'closed'
  readonly sessionState: string
  readonly identity: string | undefined
  readonly facts: unknown
  readonly receivedMessages: number
  readonly sentMessages: number
  readonly unsentBytes: number
}

export const viewsOf = <T extends ProtocolTypes>(node: Node<T>): readonly ConnectionSnapshot[] =>
  node.connections().map(({ counters, history, name, unsentBytes, view }) => ({
    name,
    phase: view.phase,
    sessionState: history.findLast(({ chart }) => chart === 'session')?.state ?? 'none',
    identity: view.identity,
    facts: view.facts,
    receivedMessages: counters.receivedMessages,
    sentMessages: counters.sentMessages,
    unsentBytes: unsentBytes(),
  }))
