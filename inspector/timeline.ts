/**
 * A recording as it is looked at: step by step, with the charts where they stood, what they took and
 * what was said. It is read from what was written down, and nothing is run for it: no code of a network,
 * no secret, and the same for a journal that can no longer be replayed.
 *
 * Recordings come from strangers: whatever is shown of one is short, and so is the number of things shown.
 * @module
 */
import type { JournalKind, JournalStep } from './messages.ts'

/** Charts of one step: more connections than a person looks at, as one answer of a few tens of KiB. */
const CHARTS_MAX = 500
/** Transitions of one step, and again messages. */
const LINES_MAX = 200
/** Connections that a recording is said to know. */
const CONNECTIONS_MAX = 1_000
/** Characters of one name or text: four times a node id. */
const TEXT_LENGTH_MAX = 256

export type ChartName = 'connection' | 'root' | 'session'

export interface RecordedChart {
  /** The connection, or the node's name for its root. */
  readonly of: string
  readonly chart: ChartName
  readonly state: string
}

/** What a page is told of a step, before anybody has looked up which states are lit. */
export interface Moment extends Omit<JournalStep, 'charts' | 'journal' | 'step'> {
  readonly charts: readonly RecordedChart[]
}

/** Where the test and the journal that it reads stand, side by side. */
export interface ForkNames {
  /** Of the journal's file. */
  readonly journal: string
}

export interface Timeline {
  readonly of: JournalKind
  readonly name: string
  readonly protocol: string
  readonly steps: number
  readonly connections: readonly string[]
  /** One sentence about what is missing behind the last step. */
  readonly incomplete: string | undefined
  /** Why none of its steps can be forked, in plain words; undefined: they can. */
  readonly unforkable: string | undefined
  /** @param step from 0 to `steps - 1` */
  at(step: number): Moment
  /**
   * A vitest file that lives up to a step as it was recorded and goes on from there.
   * @throws {RangeError} this recording, or this step of it, cannot be lived again, in plain words
   */
  fork(step: number, names: ForkNames): string
}

/** One thing that happened within a step. */
export type Happened =
  | {
      readonly what: 'state'
      readonly of: string
      readonly chart: ChartName
      readonly event: string
      readonly state: string
    }
  | {
      readonly what: 'message'
      readonly connection: string
      readonly direction: 'received' | 'sent'
      readonly type: string
      readonly bytes: number
      readonly count: number
    }

/** What a kind of recording says of its steps; all else follows. */
export interface StepReader extends Omit<Timeline, 'at' | 'connections'> {
  atMs(step: number): number
  input(step: number): string
  /** Where charts stood before the first step, where that is known. */
  readonly before?: readonly RecordedChart[]
  happened(step: number): Iterable<Happened>
}

export const clipped = (text: string): string =>
  text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}...` : text

/** Of a field whose form nobody has looked at. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? clipped(value) : '')
export const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0

/** The furthest that a date is from 1970 (ECMA-262, section 21.4.1.1). */
const DATE_MS_MAX = 8.64e15
/** Of a time that no date can be: the nearest one that a date can be. */
export const timeOf = (value: unknown): number =>
  Math.min(DATE_MS_MAX, Math.max(-DATE_MS_MAX, numberOf(value)))

const CHART_NAMES: ReadonlySet<string> = new Set<ChartName>(['connection', 'root', 'session'])
export const isChartName = (value: unknown): value is ChartName =>
  typeof value === 'string' && CHART_NAMES.has(value)

/** Where one chart stood, from which step on. */
interface Track {
  readonly of: string
  readonly chart: ChartName
  readonly steps: number[]
  readonly states: string[]
}

/** The last place at or before a step; -1: there is none. */
function placeAt(steps: readonly number[], step: number): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((steps[middle] ?? Infinity) <= step) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Every step is looked at once; then each is found without those before it. */
export function createTimeline(reader: StepReader): Timeline {
  const tracks = new Map<string, Track>()
  const connections = new Set<string>()

  const stands = ({ chart, of, state }: RecordedChart, step: number): void => {
    const key = `${chart} ${of}`
    const track = tracks.get(key) ?? { of, chart, steps: [], states: [] }
    tracks.set(key, track)
    track.steps.push(step)
    track.states.push(state)
    if (chart !== 'root' && connections.size < CONNECTIONS_MAX) connections.add(of)
  }
  for (const chart of reader.before ?? []) stands(chart, -1)
  for (let step = 0; step < reader.steps; step++) {
    for (const one of reader.happened(step)) if (one.what === 'state') stands(one, step)
  }

  /** Those that moved last are the last: what is left out has stood still the longest. */
  const chartsAt = (step: number): Pick<Moment, 'charts' | 'chartsLeftOut'> => {
    const standing = [...tracks.values()].flatMap(({ chart, of, states, steps }) => {
      const place = placeAt(steps, step)
      const state = states[place]
      const since = steps[place]
      return state === undefined || since === undefined ? [] : [{ of, chart, state, since }]
    })
    standing.sort((one, other) => one.since - other.since)
    return {
      charts: standing.slice(-CHARTS_MAX).map(({ chart, of, state }) => ({ of, chart, state })),
      chartsLeftOut: Math.max(0, standing.length - CHARTS_MAX),
    }
  }

  return {
    ...{ of: reader.of, name: reader.name, protocol: reader.protocol, steps: reader.steps },
    ...{ incomplete: reader.incomplete, unforkable: reader.unforkable, fork: reader.fork },
    connections: [...connections],
    at(step) {
      const atMs = timeOf(reader.atMs(step))
      const path: Moment['path'][number][] = []
      const messages: Moment['messages'][number][] = []
      let leftOut = 0
      for (const one of reader.happened(step)) {
        const shown = one.what === 'state' ? path : messages
        if (one.what === 'state' && one.chart === 'root') continue
        if (shown.length >= LINES_MAX) leftOut++
        else if (one.what === 'message') {
          const { bytes, connection, count, direction, type } = one
          const number = messages.length + 1
          messages.push({ number, atMs, direction, type, bytes, count, connection })
        } else if (one.chart !== 'root') {
          const { chart, event, of, state } = one
          path.push({ atMs, chart, event, state, connection: of })
        }
      }
      return { atMs, input: reader.input(step), ...chartsAt(step), path, messages, leftOut }
    },
  }
}
