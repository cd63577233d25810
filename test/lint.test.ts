import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, test } from 'vitest'

/** Files that need not exist are linted without types; rules that need types get a real file. */
const untyped = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked })
const typed = new ESLint()

async function rulesBroken(eslint: ESLint, filePath: string, text: string) {
  const [result] = await eslint.lintText(text, { filePath })
  const unparsed = result?.messages.filter(({ fatal }) => fatal)
  expect(unparsed).toEqual([])
  const rules = result?.messages.map(({ ruleId }) => ruleId?.replace('@typescript-eslint/', ''))
  return rules?.filter((rule) => rule !== 'no-unused-vars')
}

const globals = 'no-restricted-globals'
const imports = 'no-restricted-imports'
const properties = 'no-restricted-properties'
const syntax = 'no-restricted-syntax'

/** Each with the rule that refuses it, in every layer of the core and at its edge. */
const TIME_AND_CHANCE = [
  ['Date.now()', properties],
  ['const { now } = Date', properties],
  ['new Date()', syntax],
  ['Date()', syntax],
  ['performance.now()', globals],
  ['Math.random()', properties],
  ['Math.pow(2, 3)', properties],
  ['Math.log(2)', properties],
  ['export const sum = (x: number) => x ** 2', syntax],
  ['export const sum = 1.5 ** 2', syntax],
  ['let sum = 2\nsum **= 2', syntax],
  ['setTimeout(() => {}, 5)', globals],
  ['setInterval(() => {}, 5)', globals],
  ['setImmediate(() => {})', globals],
  ['queueMicrotask(() => {})', globals],
  ['process.exit()', globals],
  ['globalThis.setTimeout(() => {}, 5)', globals],
  ['console.log(1)', globals],
  ['crypto.randomUUID()', globals],
  ['Buffer.alloc(5)', globals],
  ['export let bytes: Buffer', syntax],
  ['AbortSignal.timeout(5)', properties],
  ['new WeakRef({})', globals],
  ["['b', 'a'].sort((one, other) => one.localeCompare(other))", properties],
  ["import { hash } from 'node:crypto'", imports],
  ["import type { Socket } from 'net'", imports],
  ["import { debounceTime } from 'rxjs'", imports],
  ["import { asyncScheduler } from 'rxjs'", imports],
  ["import { timer } from 'rxjs/operators'", imports],
  ['shareReplay(1, 500)', syntax],
  ['shareReplay({ bufferSize: 1, windowTime: 500 })', syntax],
  ['new ReplaySubject(1, 500)', syntax],
  ['retry({ count: 3, delay: 500 })', syntax],
  ['new LRUCache({ max: 5, ttl: 500 })', syntax],
] as const

const PROMISES = [
  ['export const run = async () => {}', syntax],
  ['export let later: Promise<void>', syntax],
  ['Promise.resolve()', syntax],
  ['answer.then(() => {})', syntax],
  ["import('./bytes.ts')", syntax],
  ["import { firstValueFrom } from 'rxjs'", imports],
  ["import { fromPromise } from 'xstate'", imports],
] as const

const CORE_FILES = [
  'world/a.ts',
  'codec/one/a.ts',
  'machines/handshakes/one.ts',
  'actors/a.ts',
].concat(['supervisor/a.ts', 'protocols/one.ts', 'protocols/one/a.ts', 'transport/simulated/a.ts'])
const EDGE_FILES = JSON.parse(
  readFileSync(join(import.meta.dirname, '../eslint-rules/promise-edge.json'), 'utf8'),
) as readonly string[]

test('the edge of the public API is named', () => {
  expect(EDGE_FILES).toContain('index.ts')
})

describe('the lint refuses', () => {
  test.each(TIME_AND_CHANCE)('in the core and at its edge: %s', async (text, rule) => {
    for (const path of [...CORE_FILES, ...EDGE_FILES]) {
      expect(await rulesBroken(untyped, path, text), path).toContain(rule)
    }
  })

  test.each(PROMISES)('in the core, but not at its edge: %s', async (text, rule) => {
    for (const path of CORE_FILES) {
      expect(await rulesBroken(untyped, path, text), path).toContain(rule)
    }
    for (const path of EDGE_FILES) {
      expect(await rulesBroken(untyped, path, text), path).toEqual([])
    }
  })

  test.each([
    ['cli/a.ts', 'Buffer.alloc(5)', globals],
    ['cli/a.ts', 'export default 5', syntax],
    ['test/a.test.ts', 'const five = 5\nexport { five as default }', syntax],
    ['test/a.test.ts', "export const five = 'five' as unknown as number", syntax],
    ['store/a.ts', "export const five = 'five' as never", syntax],
    ['store/a.ts', 'export const one = { two() { return this } }', syntax],
    ['transport/a.ts', '// todo: later', 'no-warning-comments'],
    ['transport/a.ts', '// @ts-expect-error it is wrong\nexport const five = 5', 'ban-ts-comment'],
    ['transport/a.ts', 'export const five = (5 as number | undefined)!', 'no-non-null-assertion'],
    ['testing/a.ts', 'export let five: any', 'no-explicit-any'],
  ])('in %s: %s', async (path, text, rule) => {
    expect(await rulesBroken(untyped, path, text)).toContain(rule)
  })

  test.each([
    ['declare const run: () => Promise<void>\nrun()', 'no-floating-promises'],
    ["export const five: number = JSON.parse('5')", 'no-unsafe-assignment'],
    [
      "import { readFile } from 'node:fs'\nexport let a: typeof readFile",
      'consistent-type-imports',
    ],
    [
      "export const is = (way: 'in' | 'out') => {\n  switch (way) {\n    case 'in':\n      return 1\n  }\n}",
      'switch-exhaustiveness-check',
    ],
  ])('with types: %s', async (text, rule) => {
    expect(await rulesBroken(typed, 'test/lint.test.ts', text)).toContain(rule)
  })
})

describe('the lint lets pass', () => {
  test.each([
    ['codec/a.ts', 'export const limit = 2 ** 32 + 2'],
    ['codec/a.ts', 'export const cube = (x: bigint) => x ** 3n'],
    ['actors/a.ts', 'export const day = (wallMs: number) => new Date(wallMs).toISOString()'],
    ['actors/a.ts', 'export const run = (crypto: { sum(): void }) => { crypto.sum() }'],
    ['actors/a.ts', "import { filter } from 'rxjs'\nexport const f = filter"],
    ['machines/slot.ts', "export const five = 'five' as unknown as number"],
    [
      'actors/a.ts',
      'export const { setTimeout: ring } = { setTimeout(run: () => void) { run() } }',
    ],
    ['transport/tcp.ts', 'setTimeout(() => {}, 5)'],
    ['transport/tcp.ts', 'export const bytes = Buffer.alloc(5)'],
  ])('in %s: %s', async (path, text) => {
    expect(await rulesBroken(untyped, path, text)).toEqual([])
  })
})
