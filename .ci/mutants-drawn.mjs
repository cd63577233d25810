/**
 * Mutations that nobody thought of: lines are drawn by a seed, and changed by a rule. They go into
 * mutations.json by hand, because a list that is drawn anew with each change of the sources could not
 * be compared.
 * @module
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const RULES = [
  ['a comparison is negated', / === /, ' !== '],
  ['a comparison is negated', / !== /, ' === '],
  ['a bound is off by one', / >= /, ' > '],
  ['a bound is off by one', / <= /, ' < '],
  ['a bound is off by one', / < /, ' <= '],
  ['and is or', / && /, ' || '],
  ['or is and', / \|\| /, ' && '],
  ['a statement is left out', /^[a-z][A-Za-z.?]*\([^{]*\)$/, ''],
  ['a count goes the other way', /\+\+$/, '--'],
]

const isCode = (line) => !/^(\/|\*|import|export type|export interface|readonly|\|)/.test(line)

function candidatesIn(root, file) {
  const lines = readFileSync(join(root, file), 'utf8')
    .split('\n')
    .map((line) => line.trim())
  return lines
    .filter((line) => isCode(line) && lines.indexOf(line) === lines.lastIndexOf(line))
    .flatMap((before) =>
      RULES.filter(([, pattern]) => pattern.test(before)).map(([breaks, pattern, text]) => ({
        ...{ file, before, after: before.replace(pattern, text) },
        breaks: `drawn: ${breaks}`,
      })),
    )
}

/** As many as asked for, the same for a seed as long as the sources are the same; a file has at most one. */
export function drawMutations(root, folders, seed, count) {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => folder + name),
  )
  const placeOf = ({ after, before, file }) =>
    createHash('sha256').update([seed, file, before, after].join('\n')).digest('hex')
  const taken = new Set()
  return files
    .flatMap((file) => candidatesIn(root, file))
    .map((mutation) => ({ place: placeOf(mutation), mutation }))
    .toSorted((one, other) => (one.place < other.place ? -1 : 1))
    .map(({ mutation }) => mutation)
    .filter(({ file }) => !taken.has(file) && taken.add(file))
    .slice(0, count)
}
