/**
 * What the benchmark prints when it is over: a table for people, or one line of JSON a row.
 * @module
 */
import { cpus } from 'node:os'
import { curveLines } from './curves.ts'
import type { Against, Row } from './figures.ts'

const isHeld = ({ goal, ratio }: Against): boolean => goal === undefined || ratio >= goal

/** Of several goals the one that was furthest from being reached, or nearest to being missed. */
const hardest = (against: readonly Against[]): Against | undefined =>
  against
    .filter(({ goal }) => goal !== undefined)
    .toSorted((one, other) => one.ratio / (one.goal ?? 1) - other.ratio / (other.goal ?? 1))[0]

function summary({ against, goal, row, value, ...rest }: Row): object {
  if (against === undefined) {
    return {
      ...{ row, ratio: value, ...rest },
      ...(goal === undefined ? {} : { goal, held: value <= goal }),
    }
  }
  const { goal: least, ratio, spread } = hardest(against) ?? {}
  return {
    ...{ row, ratio, goal: least, spread, held: against.every(isHeld) },
    ...{ ours: value, ...rest },
    against: against.map((other) => ({ ...other, held: isHeld(other) })),
  }
}

export function printJson(rows: readonly Row[]): void {
  for (const row of rows) process.stdout.write(`${JSON.stringify(summary(row))}\n`)
}

const heldText = (isIt: boolean): string => (isIt ? 'held' : 'NOT HELD')

const short = (value: number): string => value.toFixed(value < 100 ? 1 : 0)

const HEAD = ['row', 'next to', 'ours', 'theirs', 'ratio', 'spread', 'goal', '']

function linesOf({
  against,
  goal,
  more: _,
  row,
  unit,
  value,
}: Row): readonly (readonly string[])[] {
  if (against === undefined) {
    const aim = goal === undefined ? ['', ''] : [`<= ${String(goal)}`, heldText(value <= goal)]
    return [[row, '', '', '', `${value.toFixed(2)} ${unit}`, '', ...aim]]
  }
  return against.map((other, index) => [
    ...(index === 0 ? [row] : ['']),
    other.name,
    `${short(value)} ${unit}`,
    short(other.theirs),
    other.ratio.toFixed(2),
    `${(other.spread * 100).toFixed(0)} %`,
    ...(other.goal === undefined
      ? ['', '']
      : [`>= ${String(other.goal)}`, heldText(isHeld(other))]),
  ])
}

export function printTable(rows: readonly Row[]): void {
  const comparing = [HEAD, ...rows.filter(({ against }) => against !== undefined).flatMap(linesOf)]
  const widths = HEAD.map((_, column) =>
    Math.max(...comparing.map((line) => line[column]?.length ?? 0)),
  )
  const print = (text: string): void => void process.stdout.write(`${text.trimEnd()}\n`)
  print(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown'}, ${String(cpus().length)} cores`)
  if (comparing.length > 1) {
    for (const line of comparing) {
      print(line.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  '))
    }
  }
  for (const row of rows.filter(({ against }) => against === undefined)) {
    print([...(linesOf(row)[0] ?? []), row.more ?? ''].filter(Boolean).join('; '))
  }
  for (const { against, more, row } of rows) {
    if (against !== undefined && more !== undefined) print(`${row}: ${more}`)
  }
  for (const { curves = [] } of rows) for (const line of curves.flatMap(curveLines)) print(line)
}
