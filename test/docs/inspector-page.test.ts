import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const DOCS = join(import.meta.dirname, '../../docs')
const text = readFileSync(join(DOCS, 'inspector-page.md'), 'utf8')
const shown = Array.from(text.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g), ([, picture = '']) => picture)

test('docs/inspector-page.md shows each of its pictures, none of them large', () => {
  const files = readdirSync(join(DOCS, 'inspector')).map((file) => `inspector/${file}`)
  expect(shown.toSorted()).toEqual(files.toSorted())
  for (const file of files) expect(statSync(join(DOCS, file)).size).toBeLessThan(150_000)
})

test('docs/inspector-page.md names parts of the page as the page does', () => {
  const page = join(import.meta.dirname, '../../inspector/page')
  const source = readdirSync(page)
    .filter((file) => file.endsWith('.tsx'))
    .map((file) => readFileSync(join(page, file), 'utf8'))
    .join('\n')
  const named = Array.from(text.matchAll(/^- \*\*([^*]+)\*\*/gm), ([, name = '']) => name)
  expect(named.length).toBeGreaterThan(4)
  expect(named.filter((name) => !source.includes(name))).toEqual([])
  expect(existsSync(join(page, 'main.tsx'))).toBe(true)
})
