/**
 * What a chart can be told, and what makes that happen to a node that runs. Types only.
 * @module
 */

/** One way in which an event comes about. */
export interface Stimulus<Event, Stage> {
  /** As the chart is told it, when its paths are looked for; what a guard looks at has to be right. */
  readonly event: Event
  /** The states in which it can come about, or what else has to hold. Left out: any. */
  readonly from?:
    readonly string[] | ((state: string, context: Readonly<Record<string, unknown>>) => boolean)
  /** It may come at any time without being brought about, and is no deviation where it does. */
  readonly isSpontaneous?: boolean
  /** The name under which the observation port tells it. Left out: its type. */
  readonly seenAs?: string
  /** Brings it about. Left out: it follows from what was before. `ahead` is the rest of the path. */
  bring?(stage: Stage, ahead: readonly string[]): void
}

/**
 * Complete by its type: of each event the ways in which it comes about, by a name of each. None: the
 * chart is told this event by nobody, or does not care.
 */
export type Stimuli<Event extends { readonly type: string }, Stage> = {
  readonly [Type in Event['type']]: Readonly<
    Record<string, Stimulus<Extract<Event, { readonly type: Type }>, Stage>>
  >
}

/** One of them, whatever its event. */
export type AnyStimulus<Stage> = Stimulus<{ readonly type: string }, Stage>
export type AnyStimuli<Stage> = Readonly<
  Record<string, Readonly<Record<string, AnyStimulus<Stage>>>>
>

/** What was seen of a chart: what it was told, and the state in which that left it. */
export interface Seen {
  readonly event: string
  /** Inner states by `.`, regions by `|`. */
  readonly state: string
}
