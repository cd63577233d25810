/**
 * Contenders that take turns at the same work: A B C A B C ... Each does as much in a round as it takes
 * it about the same time to do, so that a minute in which the machine is busy with something else hits
 * all of them.
 * @module
 */
import { median, spreadOf } from './figures.ts'
import type { Row } from './figures.ts'
import type { Lane } from './lanes.ts'

export interface ComparisonOptions {
  readonly rounds: number
  /** What a round of one contender is to take, about. */
  readonly roundMs: number
}

export interface Comparison {
  readonly row: string
  /** What is done so many times a second. */
  readonly unit: string
  readonly ours: Lane
  readonly theirs: readonly { readonly lane: Lane; readonly goal?: number }[]
  /** A round's count is a multiple of it. */
  readonly multiple?: number
  readonly more?: string
}

/** Above it a row is measured again, and says so if that does not help. */
const SPREAD_MAX = 0.2
const FIRST_COUNT = 8

/** Warms it up, round by round larger, until a round takes long enough to tell how many fill one. */
async function countFor(
  { round, unitsEach = 1 }: Lane,
  roundMs: number,
  multiple: number,
): Promise<number> {
  const whole = (count: number): number => Math.max(1, Math.round(count / multiple)) * multiple
  for (let count = whole(FIRST_COUNT); ; count = whole(count * 4)) {
    const rate = (await round(count)) / unitsEach
    if ((count / rate) * 1_000 > roundMs / 4) return whole((rate * roundMs) / 1_000)
  }
}

export async function compare(
  { more, multiple = 1, ours, row, theirs, unit }: Comparison,
  { roundMs, rounds }: ComparisonOptions,
): Promise<Row> {
  const lanes = [ours, ...theirs.map(({ lane }) => lane)]
  const counts = new Map<Lane, number>()
  for (const lane of lanes) counts.set(lane, await countFor(lane, roundMs, multiple))

  const measure = async (): Promise<Row> => {
    const rates = new Map(lanes.map((lane) => [lane, [] as number[]]))
    for (let round = 0; round < rounds; round++) {
      for (const lane of lanes) rates.get(lane)?.push(await lane.round(counts.get(lane) ?? 0))
    }
    const own = rates.get(ours) ?? []
    const against = theirs.map(({ goal, lane }) => {
      const other = rates.get(lane) ?? []
      const ratios = own.map((rate, round) => rate / (other[round] ?? NaN))
      return {
        ...{ name: lane.name, ratio: median(ratios), spread: spreadOf(ratios) },
        ...(goal === undefined ? {} : { goal }),
        theirs: median(other),
      }
    })
    return { row, value: median(own), unit, against, ...(more === undefined ? {} : { more }) }
  }

  const isSteady = ({ against = [] }: Row): boolean =>
    against.every(({ spread }) => spread <= SPREAD_MAX)
  const first = await measure()
  if (isSteady(first)) return first
  const again = await measure()
  if (isSteady(again)) return again
  return { ...again, more: ['unsteady, measured twice', more].filter(Boolean).join('; ') }
}
