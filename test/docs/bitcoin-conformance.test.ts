import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const TABLE = 'docs/bitcoin-conformance.md'
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

interface Clause {
  readonly title: string
  /** The file of its test; undefined where it is not held. */
  readonly file: string | undefined
  readonly why: string
}

function clausesIn(text: string): readonly Clause[] {
  return text.split('\n## ').flatMap((section) => {
    const [name = ''] = section.split('\n')
    return section
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (?:-|what is asserted)/.test(line))
      .map((line) => {
        const [clause = '', held = ''] = line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim().replaceAll('\\|', '|'))
        const file = /^`([^`]+)`$/.exec(held)?.[1]
        return { title: `${name}: ${clause}`, file, why: held }
      })
  })
}

/** What stands first in a call of `test`, or of what `test.each` made, in the file. */
function titlesIn(path: string): readonly string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ESNext, true)
  const titles: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first] = node.arguments
      const called = node.expression.getText(source)
      if (first !== undefined && ts.isStringLiteralLike(first) && /^test\b/.test(called)) {
        titles.push(first.text)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return titles
}

/** A row of Core's, by the name of its file. */
const IS_ROW = /^(?:feature|p2p|rpc)_[a-z0-9_]+: /

const clauses = clausesIn(read(TABLE))
const FOLDER = 'test/protocols'
const files = readdirSync(join(ROOT, FOLDER))
  .filter((name) => /^bitcoin-.*\.test\.ts$/.test(name))
  .map((name) => `${FOLDER}/${name}`)
const tested = files.flatMap((file) =>
  titlesIn(file)
    .filter((title) => IS_ROW.test(title))
    .map((title) => ({ file, title })),
)
/** In brackets at the end stands a remark, or which part of its clause a test is. */
const withoutRemark = (title: string): string => title.replace(/ \([^()]*\)$/, '')
const isOf = (title: string, clause: Clause): boolean =>
  withoutRemark(title) === withoutRemark(clause.title)

describe(TABLE, () => {
  test('was read, and so were the tests', () => {
    expect(clauses.length).toBeGreaterThan(50)
    expect(tested.length).toBeGreaterThan(40)
  })

  test.each(clauses.flatMap(({ file, title }) => (file === undefined ? [] : [[title, file]])))(
    'says rightly that "%s" is held by %s',
    (title, file) => {
      const clause = clauses.find((one) => one.title === title)
      expect(tested.some((one) => one.file === file && clause && isOf(one.title, clause))).toBe(
        true,
      )
    },
  )

  test('has every test that is titled so, in the file in which it stands', () => {
    const strays = tested.filter(
      ({ file, title }) => !clauses.some((clause) => clause.file === file && isOf(title, clause)),
    )
    expect(strays).toEqual([])
  })

  test('says of each that is not held why', () => {
    const open = clauses.filter(({ file }) => file === undefined)
    expect(open.filter(({ why }) => !/^no: .{5,}/.test(why))).toEqual([])
  })

  test('counts right', () => {
    const held = clauses.filter(({ file }) => file !== undefined).length
    expect(read(TABLE)).toContain(`${String(held)} of ${String(clauses.length)} are held.`)
  })
})
