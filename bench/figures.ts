/**
 * What a part of the benchmark says: a row, and how the figures of several rounds become one.
 * @module
 */

/** What one contender came to next to ours. */
export interface Against {
  readonly name: string
  /** Ours by theirs: the median over the rounds. More is better. */
  readonly ratio: number
  readonly spread: number
  /** At least so much is what is aimed at. */
  readonly goal?: number
  /** In the row's unit. */
  readonly theirs: number
}

export interface Point {
  readonly at: number
  readonly value: number
}

/** What grows with a number: one line for each who is measured. */
export interface Curve {
  readonly name: string
  readonly lines: Readonly<Record<string, readonly Point[]>>
}

export interface Row {
  readonly row: string
  readonly value: number
  readonly unit: string
  /** At most so much is what is aimed at. */
  readonly goal?: number
  /** Of a row that compares: `value` is ours, and there are no other goals than these. */
  readonly against?: readonly Against[]
  readonly more?: string
  readonly curves?: readonly Curve[]
}

/** The value that so large a share of all lies below. */
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length * share)] ?? NaN

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** How far the middle half of the values reaches, as a share of their median. */
export const spreadOf = (values: readonly number[]): number =>
  (quantile(values, 0.75) - quantile(values, 0.25)) / median(values)

export const spread = (values: readonly number[], digits = 2): string =>
  `spread ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`

/** Microseconds, from an unknown start. */
export const now = (): number => Number(process.hrtime.bigint()) / 1_000
