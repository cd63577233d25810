import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, onTestFinished, test } from 'vitest'
import { networkOf } from './support/tidy/layers.ts'
import { parse, readTree } from './support/tidy/source.ts'

const ROOT = join(import.meta.dirname, '..')

interface LockEntry {
  readonly version?: string
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, LockEntry>>
}

function startFolder(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-package-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return { folder, path: (name: string) => join(folder, name) }
}

test('the lock names the optional packages of every platform, or npm ci refuses it', () => {
  const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => {
      const nested = `${where === '' ? '' : `${where}/`}node_modules/${name}`
      return !(nested in packages) && !(`node_modules/${name}` in packages)
    }),
  )
  expect(missing).toEqual([])
})

test('what users install works without install scripts', () => {
  const scripted = Object.entries(packages)
    .filter(([, entry]) => entry.hasInstallScript && !entry.dev)
    .map(([where]) => where.replace('node_modules/', ''))
  // Each of them carries or depends on prebuilt binaries; the script only builds where none fits.
  expect(scripted).toEqual(['lmdb', 'msgpackr-extract', 'secp256k1'])
})

describe('the count at the end of a CI run', () => {
  const report = (passed: number, failed: number, testResults: readonly object[] = []) =>
    JSON.stringify({
      ...{ numPassedTests: passed, numFailedTests: failed, numPendingTests: 0, numTodoTests: 0 },
      testResults,
    })
  const brokenFile = { status: 'failed', assertionResults: [] }
  const failedFile = { status: 'failed', assertionResults: [{ status: 'failed' }] }

  test.each([
    ['adds up the runs', { a: report(5, 0), b: report(7, 0) }, '12 passed, 0 failed', 0],
    [
      'counts failed tests',
      { a: report(5, 1, [failedFile]), b: report(6, 0) },
      '11 passed, 1 failed',
      1,
    ],
    [
      'counts a file that broke before its tests',
      { a: report(5, 0, [brokenFile]), b: report(5, 0) },
      '10 passed, 1 failed',
      1,
    ],
    [
      'counts an error outside of the tests',
      { a: report(5, 0), 'a.failed': '', b: report(5, 0) },
      '10 passed, 1 failed',
      1,
    ],
    ['counts a run without a report', { a: report(5, 0) }, '5 passed, 1 failed', 1],
  ])('%s', (_, files, line, code) => {
    const { path } = startFolder(files)
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(ROOT, '.ci/count.mjs'), path('a'), path('b')],
      { encoding: 'utf8' },
    )
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(line)
    expect(status).toBe(code)
  })
})

describe('the list of entries', () => {
  const entries = (folder: string) =>
    execFileSync(process.execPath, [join(ROOT, '.ci/entries.mjs'), folder], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim()
  const manifest = (exports: Readonly<Record<string, string>>) =>
    JSON.stringify({
      exports: Object.fromEntries(
        Object.entries(exports).map(([entry, file]) => [entry, { default: file }]),
      ),
    })

  test('holds each file that a wildcard reaches', () => {
    const { folder } = startFolder({
      'package.json': manifest({ '.': './one.js', './all/*': './*.js' }),
      ...{ 'one.js': '', 'two.js': '', 'two.d.ts': '' },
    })
    expect(entries(folder)).toBe('. ./all/one ./all/two')
  })

  test.each([
    ['an entry without its file', { '.': './one.js' }],
    ['a wildcard without any file', { './all/*': './none/*.js' }],
  ])('refuses %s', (_, exports) => {
    const { folder } = startFolder({ 'package.json': manifest(exports) })
    expect(() => entries(folder)).toThrow(/has no file/)
  })
})

describe('a network outside of the tree can import', () => {
  const tree = readTree(ROOT).filter(({ path }) => path.endsWith('.ts'))
  const { exports: entries } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, { readonly default?: string }>>
  }
  const entrySources = new Set(
    Object.values(entries).map(({ default: built = '' }) =>
      built.replace('./dist/', '').replace(/\.js$/, '.ts'),
    ),
  )

  /** What the main entry hands on: names by their file; `type *` stands for all types of one. */
  const handedOn = new Set<string>()
  const main = tree.find(({ path }) => path === 'index.ts') ?? { path: 'index.ts', text: '' }
  for (const statement of parse(main).statements) {
    if (!ts.isExportDeclaration(statement)) continue
    const { exportClause, isTypeOnly, moduleSpecifier } = statement
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) continue
    const from = posix.normalize(moduleSpecifier.text)
    if (exportClause === undefined) handedOn.add(`${from} ${isTypeOnly ? 'type *' : '*'}`)
    else if (ts.isNamedExports(exportClause)) {
      for (const { name } of exportClause.elements) handedOn.add(`${from} ${name.text}`)
    }
  }

  /** What the files of our networks take from those that all networks share. */
  const taken = tree.flatMap((source) => {
    if (networkOf(source.path) === undefined) return []
    return parse(source).statements.flatMap((statement) => {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) {
        return []
      }
      const { importClause, moduleSpecifier } = statement
      if (!moduleSpecifier.text.startsWith('.')) return []
      const from = posix.join(posix.dirname(source.path), moduleSpecifier.text)
      const bindings = importClause?.namedBindings
      if (networkOf(from) !== undefined || bindings === undefined) return []
      if (!ts.isNamedImports(bindings)) return [{ from, name: '*', isType: false }]
      const isType = importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      return bindings.elements.map(({ name, propertyName }) => ({
        ...{ from, isType },
        name: (propertyName ?? name).text,
      }))
    })
  })

  test('whatever our networks take from what all of them share', () => {
    const missing = taken
      .filter(({ from }) => !entrySources.has(from))
      .filter(({ from, isType, name }) =>
        [`${from} ${name}`, isType ? `${from} type *` : `${from} *`].every(
          (one) => !handedOn.has(one),
        ),
      )
    expect([...new Set(missing.map(({ from, name }) => `${from} ${name}`))]).toEqual([])
    expect(taken.length).toBeGreaterThan(100)
  })
})
