import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { startChild } from './child.ts'
import { compileSources } from './compile.ts'

test('compiles a file with all that it imports, and nothing else', () => {
  const folder = compileSources(['store/memory.ts'])
  expect(readFileSync(join(folder, 'store/memory.js'), 'utf8')).toContain('/engine.js')
  for (const file of ['store/engine.js', 'store/answers.js', 'world/store.js']) {
    expect(existsSync(join(folder, file)), file).toBe(true)
  }
  expect(existsSync(join(folder, 'store/lmdb.js'))).toBe(false)
})

test('gives the same folder again, other folders for other entries, and leaves no half one', () => {
  const folder = compileSources(['store'])
  expect(compileSources(['store'])).toBe(folder)
  expect(compileSources(['store/memory.ts'])).not.toBe(folder)
  expect(existsSync(join(folder, 'store/lmdb.js'))).toBe(true)
  expect(readdirSync(dirname(folder)).filter((name) => name.startsWith(`${folder}.`))).toEqual([])
})

test('what it compiles runs, with packages and without types', async () => {
  const child = startChild('test/store/open-child.ts', ['leave'])
  expect(await child.ended()).toEqual({ code: 0, signal: null })
})
