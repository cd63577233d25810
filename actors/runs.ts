/**
 * Sets of numbers that mostly lie side by side, as runs: [0n, 4n, 9n, 9n] is 0 to 4, and 9. What one
 * node has and another lacks is found from the runs alone, so that a run costs the same whether it
 * has one number or 2^64: nothing here counts through one.
 *
 * Values are never changed in place. How many runs there may be is for the caller to see to.
 * @module
 */

/**
 * The first and the last number of each run, both of it. They ascend, and at least one number is
 * missing between two runs.
 */
export type Runs = readonly bigint[]

export const NO_RUNS: Runs = []

export const runCount = (runs: Runs): number => runs.length / 2

/** How many numbers they hold. */
export function numbersIn(runs: Runs): bigint {
  let count = 0n
  for (let index = 0; index + 1 < runs.length; index += 2) {
    count += (runs[index + 1] ?? 0n) - (runs[index] ?? 0n) + 1n
  }
  return count
}

export const runsHave = (runs: Runs, number: bigint): boolean =>
  pairsOf(runs).some(([first, last]) => first <= number && number <= last)

/** Whether this number would stand alone: neither is it among them, nor does it touch one of them. */
export const opensRun = (runs: Runs, number: bigint): boolean =>
  !pairsOf(runs).some(([first, last]) => first - 1n <= number && number <= last + 1n)

/** The numbers of both. */
export function uniteRuns(one: Runs, other: Runs): Runs {
  const united: bigint[] = []
  let [oneAt, otherAt] = [0, 0]
  for (;;) {
    const [oneFirst, otherFirst] = [one[oneAt], other[otherAt]]
    const takesOne = oneFirst !== undefined && (otherFirst === undefined || oneFirst <= otherFirst)
    const first = takesOne ? oneFirst : otherFirst
    const last = takesOne ? one[oneAt + 1] : other[otherAt + 1]
    if (first === undefined || last === undefined) return united
    if (takesOne) oneAt += 2
    else otherAt += 2
    const before = united.at(-1)
    if (before === undefined || first > before + 1n) united.push(first, last)
    else if (last > before) united[united.length - 1] = last
  }
}

export const addToRuns = (runs: Runs, number: bigint): Runs =>
  runsHave(runs, number) ? runs : uniteRuns(runs, [number, number])

/** The numbers of one that the other lacks. */
export function runsWithout(one: Runs, other: Runs): Runs {
  if (other.length === 0) return one
  const rest: bigint[] = []
  let otherAt = 0
  for (const [first, last] of pairsOf(one)) {
    let next = first
    for (; otherAt < other.length; otherAt += 2) {
      const [otherFirst = 0n, otherLast = 0n] = [other[otherAt], other[otherAt + 1]]
      if (otherFirst > last) break
      if (otherFirst > next) rest.push(next, otherFirst - 1n)
      if (otherLast >= next) next = otherLast + 1n
      // It may reach into the next run as well.
      if (otherLast > last) break
    }
    if (next <= last) rest.push(next, last)
  }
  return rest
}

export const removeFromRuns = (runs: Runs, number: bigint): Runs =>
  runsWithout(runs, [number, number])

export function pairsOf(runs: Runs): (readonly [first: bigint, last: bigint])[] {
  const pairs: (readonly [bigint, bigint])[] = []
  for (let index = 0; index + 1 < runs.length; index += 2) {
    pairs.push([runs[index] ?? 0n, runs[index + 1] ?? 0n])
  }
  return pairs
}
