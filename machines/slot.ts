/**
 * Slots: actors that a chart names and its owner fills with `provide`. The casts of the project.
 * @module
 */
import { fromCallback } from 'xstate'
import type { ActorLogic, AnyActorLogic, EmittedFrom, EventFromLogic, EventObject } from 'xstate'
import type { AnyActorRef, InputFrom, Snapshot } from 'xstate'
import type { connectionMachine } from './connection.ts'
import type { ProtocolTypes, SessionEvent, SessionLogic, SessionSaid } from './session.ts'

/** XState's own name for it is not exported. */
type AnySystem = Parameters<AnyActorLogic['transition']>[2]['system']

/** Logic of which output and context are forgotten: its events, input and emitted events stay checked. */
export type Slot<Event extends EventObject, Input, Emitted extends EventObject> = ActorLogic<
  Snapshot<unknown>,
  Event,
  Input,
  AnySystem,
  Emitted
>

/** An empty slot. Starting it is a wiring mistake, so it fails at once and by name. */
export const emptySlot = <Event extends EventObject, Input, Emitted extends EventObject>(
  name: string,
): Slot<Event, Input, Emitted> =>
  fromCallback(() => {
    throw new Error(`the actor "${name}" was not provided`)
  }) as unknown as Slot<Event, Input, Emitted>

/**
 * Lets a concrete machine fill a slot. ActorLogic is invariant in its snapshot, so TypeScript
 * refuses every concrete machine; this forgets the snapshot alone.
 */
export const asSlot = <Logic extends AnyActorLogic>(logic: Logic) =>
  logic as unknown as Slot<EventFromLogic<Logic>, InputFrom<Logic>, EmittedFrom<Logic>>

/** A running session as its owner uses it, whatever the network. */
export interface SessionRef<T extends ProtocolTypes> {
  send(event: SessionEvent<T>): void
  /** What the session says, in the chart's order, after the transition that said it. */
  onSaid(take: (said: SessionSaid<T>) => void): void
  onState(take: (value: unknown) => void, onError: (error: unknown) => void): void
  hasTag(tag: string): boolean
  state(): unknown
}

interface SessionSnapshot {
  readonly value: unknown
  /** A session whose own beginning threw has none. */
  hasTag?(tag: string): boolean
}

/** @throws {Error} the chart invoked nothing as `session` */
export function asSessionRef<T extends ProtocolTypes>(ref: AnyActorRef | undefined): SessionRef<T> {
  if (ref === undefined) throw new Error('the connection has no session')
  const snapshot = () => ref.getSnapshot() as SessionSnapshot
  return {
    send(event) {
      ref.send(event)
    },
    onSaid(take) {
      ref.on('*', (said) => {
        take(said as SessionSaid<T>)
      })
    },
    onState(take, onError) {
      ref.subscribe({
        next: () => {
          take(snapshot().value)
        },
        error: onError,
      })
    },
    hasTag: (tag) => snapshot().hasTag?.(tag) === true,
    state: () => snapshot().value,
  }
}

/** The connection's chart with a network's session in its slot. */
export const fillSession = <T extends ProtocolTypes>(
  chart: typeof connectionMachine,
  session: SessionLogic<T>,
): typeof connectionMachine =>
  chart.provide({ actors: { session: session as unknown as SessionLogic<ProtocolTypes> } })
