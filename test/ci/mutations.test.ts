/**
 * The list of mutations is kept true: what is changed is there, and docs/simulator.md tells of each.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Mutation {
  readonly file: string
  readonly before: string
  readonly after: string
  readonly breaks: string
}

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
const mutations = JSON.parse(read('.ci/mutations.json')) as readonly Mutation[]
const timesIn = (path: string, wanted: string) =>
  read(path)
    .split('\n')
    .filter((line) => line.trim() === wanted).length

test('each line that a mutation changes stands in its file exactly once', () => {
  const wrong = mutations.filter(({ before, file }) => timesIn(file, before) !== 1)
  expect(wrong).toEqual([])
  expect(mutations.length).toBeGreaterThanOrEqual(30)
})

test('each mutation changes its line, and no two change it alike', () => {
  expect(mutations.filter(({ after, before }) => after === before)).toEqual([])
  const changes = mutations.map(({ after, before, file }) => [file, before, after].join('\n'))
  expect(new Set(changes).size).toBe(mutations.length)
})

test('docs/simulator.md has a row for each mutation, and for no other', () => {
  const [, section = ''] = read('docs/simulator.md').split('\n## Mutations\n')
  const [table = ''] = section.split('\n## ')
  const rows = [...table.matchAll(/^\| (.+?) +\| `([a-z/-]+\.ts)`/gm)]
  const listed = rows.map(([, breaks = '', file = '']) => `${file}: ${breaks}`)
  const wanted = mutations.map(({ breaks, file }) => `${file}: ${breaks}`)
  expect(listed.toSorted()).toEqual(wanted.toSorted())
})
