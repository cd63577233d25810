import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { badTests, sleepingTests, tooLong, withoutModuleComment } from './support/tidy/form.ts'
import { importRings, wrongImports, wrongPackages } from './support/tidy/layers.ts'
import { codeOf, readTree } from './support/tidy/source.ts'
import type { Source } from './support/tidy/source.ts'
import { impureWords, networkNames, strangeWords } from './support/tidy/words.ts'

const ROOT = join(import.meta.dirname, '..')
const edge = JSON.parse(
  readFileSync(join(ROOT, 'eslint-rules/promise-edge.json'), 'utf8'),
) as readonly string[]

/** The bad examples below stand in this file, which is why it is not read for words. */
const tree = readTree(ROOT).filter(({ path }) => path !== 'test/tidy.test.ts')
const code = tree.filter(({ path }) => /\.tsx?$/.test(path))
const worded = tree.filter(({ path }) => !path.startsWith('test/support/tidy/'))

type Check = (source: Source) => readonly string[]
const impure: Check = (source) => impureWords(source, edge)

test('the tree was read', () => {
  const paths = tree.map(({ path }) => path)
  expect(paths).toEqual(expect.arrayContaining(['package.json', 'codec/wire-error.ts', '.ci/run']))
})

describe('the tree', () => {
  const checks: readonly (readonly [title: string, read: readonly Source[], check: Check])[] = [
    ['imports run one way, and no network imports another', code, wrongImports],
    ['each package is imported where it belongs', code, wrongPackages],
    ['the core names nothing that brings in time, chance, the platform or a promise', code, impure],
    ['what all networks share names none of them', code, networkNames],
    ['no file is too long', code, tooLong],
    ['each source opens with its comment', code, withoutModuleComment],
    ['no test is focused, and one left out says why', code, badTests],
    ['no test sleeps', code, sleepingTests],
    ['the project speaks of itself alone', worded, strangeWords],
  ]
  test.each(checks)('%s', (_, read, check) => {
    expect(read.flatMap(check)).toEqual([])
  })

  test('no files import each other in a ring', () => {
    expect(importRings(code)).toEqual([])
  })
})

const at = (path: string, text: string): Source => ({ path, text })
const lines = (count: number) => at('codec/long.ts', 'export {}\n'.repeat(count))
const opened = (comment: string) => at('codec/opened.ts', `${comment}export const one = 1\n`)

describe('each check refuses', () => {
  const refused: readonly (readonly [check: Check, path: string, text: string])[] = [
    [wrongImports, 'world/a.ts', "import { b } from '../codec/b.ts'"],
    [wrongImports, 'codec/a.ts', "import type { B } from '../machines/b.ts'"],
    [wrongImports, 'codec/one/a.ts', "import {\n  b,\n} from '../../actors/b.ts'"],
    [wrongImports, 'machines/a.ts', "export { b } from '../actors/b.ts'"],
    [wrongImports, 'machines/a.ts', "export * from '../supervisor/b.ts'"],
    [wrongImports, 'actors/a.ts', "import { tcp } from '../transport/tcp.ts'"],
    [wrongImports, 'actors/a.ts', "import { type Tcp } from '../transport/tcp.ts'"],
    [wrongImports, 'supervisor/a.ts', "import { node } from '../index.ts'"],
    [wrongImports, 'supervisor/a.ts', "const b = await import('../store/lmdb.ts')"],
    [wrongImports, 'index.ts', "import './cli/main.ts'"],
    [wrongImports, 'protocols/one.ts', "import type { Tcp } from '../transport/tcp.ts'"],
    [wrongImports, 'protocols/one.ts', "let a: import('../supervisor/peers.ts').Peers"],
    [wrongImports, 'protocols/one.ts', "import { b } from '../codec/two/b.ts'"],
    [wrongImports, 'protocols/one/a.ts', "import { two } from '../two.ts'"],
    [wrongImports, 'machines/handshakes/one.ts', "import { b } from './two.ts'"],
    [wrongImports, 'codec/one/a.ts', "import { b } from '../two/b.ts'"],
    [wrongImports, 'codec/a.ts', "import { b } from './one/b.ts'"],
    [wrongImports, 'machines/a.ts', "import type { b } from './handshakes/one.ts'"],
    [wrongImports, 'actors/a.ts', "import { b } from '../codec/one/b.ts'"],
    [wrongImports, 'supervisor/a.ts', "import type { one } from '../protocols/one.ts'"],
    [wrongImports, 'transport/a.ts', "import type { B } from '../actors/b.ts'"],
    [wrongImports, 'store/a.ts', "import { b } from '../codec/one/b.ts'"],
    [wrongImports, 'testing/a.ts', "import { main } from '../cli/main.ts'"],
    [wrongImports, 'inspector/a.ts', "import { main } from '../cli/main.ts'"],
    [wrongPackages, 'codec/a.ts', "import { hash } from 'node:crypto'"],
    [wrongPackages, 'codec/a.ts', "import { readFileSync } from 'fs'"],
    [wrongPackages, 'actors/a.ts', "const addon = import('one')"],
    [wrongPackages, 'machines/a.ts', "import { Subject } from 'rxjs'"],
    [wrongPackages, 'world/a.ts', "import type { Clock } from 'xstate'"],
    [wrongPackages, 'supervisor/a.ts', "import { open } from 'lmdb'"],
    [wrongPackages, 'testing/a.ts', "import { expect } from 'vitest'"],
    [wrongPackages, 'testing/vitest.ts', "import { fc } from 'fast-check'"],
    [wrongPackages, 'cli/main.ts', "import { node } from 'peerloom'"],
    [impure, 'world/a.ts', 'const now = Date.now()'],
    [impure, 'world/a.ts', 'const now = new Date()'],
    [impure, 'codec/a.ts', 'const now = performance.now()'],
    [impure, 'codec/a.ts', 'const dice = Math.random()'],
    [impure, 'codec/a.ts', 'const sum = Math.pow(x, 3)'],
    [impure, 'machines/a.ts', 'setTimeout(run, 5)'],
    [impure, 'machines/a.ts', 'const timer = { setTimeout }'],
    [impure, 'machines/a.ts', 'globalThis.queueMicrotask(run)'],
    [impure, 'actors/a.ts', 'process.nextTick(run)'],
    [impure, 'actors/a.ts', 'const bytes = crypto.getRandomValues(room)'],
    [impure, 'actors/a.ts', 'let later: Promise<void>'],
    [impure, 'actors/a.ts', 'const text = `${await reply}`'],
    [impure, 'actors/a.ts', 'answer.then(run)'],
    [impure, 'supervisor/a.ts', 'const run = async () => {}'],
    [impure, 'supervisor/a.ts', 'source.pipe(debounceTime(5))'],
    [impure, 'supervisor/a.ts', 'new LRUCache({ max: 5, ttl: 5 })'],
    [impure, 'protocols/one.ts', 'const signal = AbortSignal.timeout(5)'],
    [impure, 'protocols/one/a.ts', 'const bytes: Buffer = read()'],
    [impure, 'index.ts', 'console.log(node)'],
    [networkNames, 'codec/a.ts', '// as in Bitcoin'],
    [networkNames, 'machines/a.ts', "if (name === 'graphene') run()"],
    [networkNames, 'actors/a.ts', 'const bitsharesRule = 1'],
    [networkNames, 'supervisor/a.ts', '/** SPACEMESH */'],
    [networkNames, 'transport/a.ts', 'type BotdAddress = string'],
    [networkNames, 'store/a.ts', "const name = 'native'"],
    [networkNames, 'store/a.ts', '// the native protocol'],
    [networkNames, 'world/a.ts', 'const nativeHandshake = 1'],
    [networkNames, 'world/a.ts', '// node-network, section 5'],
    [badTests, 'test/a.test.ts', "test.only('adds', run)"],
    [badTests, 'test/a.test.ts', "test('adds', { only: true }, run)"],
    [badTests, 'test/a.test.ts', "test.todo('adds')"],
    [badTests, 'test/a.test.ts', "describe.skip('sums', run)"],
    [badTests, 'test/a.test.ts', "test.skipIf(slow)('adds', run)"],
    [badTests, 'test/a.test.ts', "it.runIf(fast).each([1])('adds %s', run)"],
    [badTests, 'test/a.test.ts', "test('adds', { skip: slow }, run)"],
    [badTests, 'test/a.test.ts', "test('adds', (context) => context.skip())"],
    [badTests, 'test/a.test.ts', "test('should add', run)"],
    [sleepingTests, 'test/a.test.ts', 'await new Promise((done) => setTimeout(done, 50))'],
    [sleepingTests, 'test/a.test.ts', "import { setTimeout } from 'node:timers/promises'"],
    [strangeWords, 'README.md', 'see /work/main'],
    [strangeWords, 'README.md', 'as issue 12 asks'],
    [strangeWords, 'docs/a.md', 'done in session 4'],
    [strangeWords, 'docs/a.md', 'the agent wrote it'],
    [strangeWords, 'codec/a.ts', '// see specs/one.md'],
    [strangeWords, 'codec/a.ts', '// TODO: later'],
  ]
  test.each(refused.map(([check, ...file]) => [...file, check] as const))(
    '%s: %s',
    (path, text, check) => {
      expect(check(at(path, text))).not.toEqual([])
    },
  )

  test('a file of 551 lines', () => {
    expect(tooLong(lines(530))).toEqual([])
    expect(tooLong(lines(531))).toHaveLength(1)
  })

  test.each([
    ['no comment', ''],
    ['a comment that is not the module’s', '/** What the number one is for. */\n'],
    ['a comment that says nothing', '/**\n * One.\n * @module\n */\n'],
    [
      'a comment that comes late',
      'import {}\n/**\n * What the number one is for.\n * @module\n */\n',
    ],
  ])('a source with %s', (_, comment) => {
    expect(withoutModuleComment(opened(comment))).toHaveLength(1)
  })

  test('two files that import each other, directly and through a third', () => {
    const a = at('actors/a.ts', "import { b } from './b.ts'")
    expect(importRings([a, at('actors/b.ts', "import { a } from './a.ts'")])).toEqual([
      'actors/a.ts -> actors/b.ts -> actors/a.ts',
    ])
    const b = at('actors/b.ts', "export * from '../actors/c.ts'")
    expect(importRings([a, b, at('actors/c.ts', "import './a.ts'")])).toHaveLength(1)
  })
})

describe('each check lets pass', () => {
  const passed: readonly (readonly [check: Check, path: string, text: string])[] = [
    [wrongImports, 'codec/one/a.ts', "import { viewOf } from '../bytes.ts'"],
    [wrongImports, 'actors/a.ts', "import type { Tcp } from '../transport/tcp.ts'"],
    [wrongImports, 'protocols/one.ts', "import { b } from '../codec/one/b.ts'"],
    [wrongImports, 'protocols/one.ts', "import { one } from '../machines/handshakes/one.ts'"],
    [wrongImports, 'transport/a.ts', "import { limit } from '../world/jobs.ts'"],
    [wrongImports, 'cli/main.ts', "import { peerloom } from '../index.ts'"],
    [wrongPackages, 'transport/a.ts', "import { connect } from 'node:net'"],
    [wrongPackages, 'codec/a.ts', "import { sha256 } from '@noble/hashes/sha2.js'"],
    [wrongPackages, 'protocols/one.ts', "import { Subject } from 'rxjs'"],
    [impure, 'actors/a.ts', "// no Date.now here\nconst text = 'await process.exit()'"],
    [impure, 'actors/a.ts', 'const day = new Date(step.wallMs)'],
    [impure, 'actors/a.ts', 'const shared = crypto.sharedX(a, b)'],
    [impure, 'actors/a.ts', 'const clock = { setTimeout(run) {} }\nclock.setTimeout(run, 5)'],
    [impure, 'transport/a.ts', 'setTimeout(run, 5)'],
    [impure, edge[1] ?? '', 'export const stop = async () => {}'],
    [networkNames, 'transport/a.ts', '// the native addon, where it is installed'],
    [networkNames, 'codec/bitcoin/a.ts', '// Bitcoin Core'],
    [networkNames, 'machines/handshakes/botd.ts', '// BOTD #2 section 6'],
    [badTests, 'test/a.test.ts', "test.skipIf(none)('signs (needs the addon)', run)"],
    [badTests, 'test/a.test.ts', "test.each([1])('adds %s', run)"],
    [badTests, 'test/a.test.ts', "test('passes over', () => reader.skip(4))"],
    [sleepingTests, 'test/a.test.ts', 'clock.advance(50)'],
    [
      sleepingTests,
      'test/a.test.ts',
      "import { setImmediate as turn } from 'node:timers/promises'",
    ],
    [strangeWords, 'codec/a.ts', '// the user agent of a peer'],
    [
      withoutModuleComment,
      'cli/main.ts',
      '#!/usr/bin/env node\n/**\n * What the command line may do.\n * @module\n */\n',
    ],
  ]
  test.each(passed.map(([check, ...file]) => [...file, check] as const))(
    '%s: %s',
    (path, text, check) => {
      expect(check(at(path, text))).toEqual([])
    },
  )

  test('types that refer to each other', () => {
    const a = at('actors/a.ts', "import type { B } from './b.ts'")
    expect(importRings([a, at('actors/b.ts', "import { a } from './a.ts'")])).toEqual([])
  })
})

test('code is read without comments and strings, and lines keep their numbers', () => {
  const text = "/* one\n two */ const a = 'b' // c\nconst d = `e${f}g` + /h/.source\n"
  const read = codeOf(at('a.ts', text))
  expect(read).toBe('      \n        const a =         \nconst d =     f    +    .source\n')
})
