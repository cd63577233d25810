/**
 * What a part of the benchmark says: a row, and how the figures of several rounds become one.
 * @module
 */

export interface Row {
  readonly row: string
  readonly value: number
  readonly unit: string
  /** At most so much is what is aimed at. */
  readonly goal?: number
  readonly more?: string
}

export const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN

export const spread = (values: readonly number[], digits = 2): string =>
  `spread ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`

/** Microseconds, from an unknown start. */
export const now = (): number => Number(process.hrtime.bigint()) / 1_000
