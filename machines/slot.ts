/**
 * Slots: actors that a chart names and its owner fills with `provide`. The casts of the project.
 * @module
 */
import { fromCallback } from 'xstate'
import type { ActorLogic, AnyActorLogic, EmittedFrom, EventFromLogic, EventObject } from 'xstate'
import type { InputFrom, Snapshot } from 'xstate'

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
