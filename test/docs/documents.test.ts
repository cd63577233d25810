import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { CORE_LIMITS, NODE_LIMITS } from '../../supervisor/limits.ts'
import { numberOf, rowsBelow } from '../support/documents.ts'
import { typeProblemsOf } from '../support/type-problems.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

function exportsOf(path: string): ReadonlySet<string> {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ESNext, true)
  const names = new Set<string>()
  for (const statement of source.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined
    if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true) continue
    if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) names.add(name.getText())
    } else if ('name' in statement && statement.name !== undefined) {
      names.add((statement.name as ts.Identifier).text)
    }
  }
  return names
}

/** The string members of a union type, template members left out. */
function codesOf(path: string, union: string): string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ESNext, true)
  const alias = source.statements
    .filter(ts.isTypeAliasDeclaration)
    .find(({ name }) => name.text === union)
  const members = alias !== undefined && ts.isUnionTypeNode(alias.type) ? alias.type.types : []
  return members.flatMap((member) =>
    ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal) ? [member.literal.text] : [],
  )
}

describe('the table of ARCHITECTURE.md', () => {
  const rows = rowsBelow(read('ARCHITECTURE.md'), '## Where things are')
  test('was read', () => {
    expect(rows.length).toBeGreaterThan(25)
  })
  test.each(rows)('answers "%s" with %s: %s', (_, path = '', name = '') => {
    expect(existsSync(join(ROOT, path))).toBe(true)
    expect([...exportsOf(path)]).toContain(name)
  })
})

describe('docs/errors.md', () => {
  const text = read('docs/errors.md')
  test.each([
    ['PeerloomErrorCode', 'world/errors.ts'],
    ['CloseReason', 'machines/reasons.ts'],
    ['CoreDetail', 'machines/reasons.ts'],
    ['RefusalReason', 'actors/protocol.ts'],
    ['DropReason', 'actors/counters.ts'],
    ['NodeFault', 'machines/root.ts'],
    ['StoreFault', 'world/store.ts'],
    ['TransportFault', 'world/streams.ts'],
    ['OnionFault', 'transport/onion/dialogue.ts'],
  ])('lists each %s, and nothing else', (union, path) => {
    const heading = text.split('\n').find((line) => line.startsWith('## ') && line.includes(union))
    const listed = rowsBelow(text, heading ?? union).map(([code]) => code)
    expect(listed.toSorted()).toEqual(codesOf(path, union).toSorted())
    expect(listed.length).toBeGreaterThan(0)
  })
})

test('README.md leads to each document', () => {
  const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
  const [, index = ''] = read('README.md').split('## Where to read on')
  expect(documents.length).toBeGreaterThan(20)
  expect(documents.filter((name) => !index.includes(`(docs/${name})`))).toEqual([])
})

test('docs/journal.md lists each JournalErrorCode, and nothing else', () => {
  const listed = rowsBelow(read('docs/journal.md'), 'JournalErrorCode`').map(([code]) => code)
  const codes = codesOf('journal/journal-error.ts', 'JournalErrorCode')
  expect(listed.toSorted()).toEqual(codes.toSorted())
})

describe('docs/limits.md', () => {
  const text = read('docs/limits.md')
  const flat = (limits: object, prefix = ''): [string, string][] =>
    Object.entries(limits).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null
        ? flat(value, `${prefix}${name}.`)
        : [[`${prefix}${name}`, String(value)]],
    )
  test.each([
    ['NODE_LIMITS', NODE_LIMITS],
    ['CORE_LIMITS', CORE_LIMITS],
  ])('lists each of %s with its value and why', (name, limits) => {
    const heading = text.split('\n').find((line) => line.startsWith('## ') && line.includes(name))
    const rows = rowsBelow(text, heading ?? name)
    expect(rows.map(([limit, value]) => [limit, value])).toEqual(flat(limits))
    expect(rows.every(([, , why = '']) => why.length > 10)).toBe(true)
  })
  test('lists the waits of the API with their values', () => {
    const rows = rowsBelow(text, '\n## Waits of the API')
    expect(rows.length).toBeGreaterThan(4)
    for (const [name = '', value, why = ''] of rows) {
      expect(value).toBe(String(numberOf('supervisor/supervisor.ts', name)))
      expect(why.length).toBeGreaterThan(10)
    }
  })
  test('names limits elsewhere that exist there', () => {
    const rows = rowsBelow(text, '## Elsewhere')
    expect(rows.length).toBeGreaterThan(5)
    for (const [name = '', path = ''] of rows) expect(read(path)).toContain(name)
  })
})

test.each([
  ['README.md', 0],
  ['docs/journal.md', 0],
  ['docs/journal.md', 1],
  ['docs/journal.md', 2],
  ['docs/journal.md', 3],
  ['docs/metrics.md', 0],
  ['docs/proxies.md', 0],
  ['docs/proxies.md', 1],
  ['docs/proxies.md', 2],
])('the example of %s, block %i, type-checks', (path, index) => {
  const blocks = [...read(path).matchAll(/```ts\n([\s\S]*?)```/g)]
  const [, block = ''] = blocks[index] ?? []
  expect(block).toContain("from 'peerloom")
  expect(typeProblemsOf(block)).toEqual([])
})

test('the code in ARCHITECTURE.md is the smallest network', () => {
  const [block, ...others] = [...read('ARCHITECTURE.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, code = '']) => code,
  )
  const code = block
    ?.replaceAll(/'peerloom\/(codec\/[a-z-]+)'/g, (_, path: string) => `'../${path}.ts'`)
    .replaceAll("'peerloom'", "'../index.ts'")
  expect(code).toBe(read('examples/smallest-network.ts'))
  expect(others).toEqual([])
})
