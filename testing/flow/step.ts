/**
 * The steps of a flow as plain data: what happens to the node under test, and what is expected of it.
 * A flow is written by hand as a chain; this is the same flow as a value that can be kept and printed.
 * @module
 */
import type { CloseReason, Phase } from '../../machines/reasons.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { SupervisorEvent } from '../../supervisor/events.ts'

type PartOf<Whole> = Whole extends { readonly type: infer Type }
  ? { readonly type?: Type } & Partial<Omit<Whole, 'type'>>
  : never

/** A message's type, or some of its fields: each that is given has to be equal, byte for byte. */
export type MessagePattern<T extends ProtocolTypes> = T['message']['type'] | PartOf<T['message']>

/** An event's type, or some of its fields. */
export type EventPattern = SupervisorEvent['type'] | PartOf<SupervisorEvent>

/** Where the connection has come to, or its session: `a` stands for `a.b` as well. */
export type ExpectedState = Phase | 'closed' | { readonly session: string }

/** A detail or a reason, or some of how the connection ended. */
export type ExpectedEnd =
  string | { readonly detail?: string; readonly reason?: CloseReason; readonly phase?: Phase }

export type FlowStep<T extends ProtocolTypes = ProtocolTypes> =
  /** What happens to the node. */
  | { readonly do: 'receive'; readonly messages: readonly T['message'][] }
  | { readonly do: 'receiveBytes'; readonly bytes: Uint8Array }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'send'; readonly message: T['message'] }
  | { readonly do: 'connect' | 'disconnect' | 'end' | 'reset' }
  /** What it has to have done. */
  | { readonly do: 'expectSent' | 'expectDelivered'; readonly what: MessagePattern<T> }
  | { readonly do: 'expectSentBytes'; readonly bytes: Uint8Array }
  | { readonly do: 'expectNothingSent' }
  | { readonly do: 'expectState'; readonly state: ExpectedState }
  | { readonly do: 'expectClosed'; readonly how?: ExpectedEnd }
  | { readonly do: 'expectEvent'; readonly what: EventPattern }
