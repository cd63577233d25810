import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { INSPECTOR_LIMITS } from '../../inspector/limits.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const SOURCES: Readonly<Record<string, string>> = {
  peerloom: '../../index.ts',
  'peerloom/inspector': '../../inspector/inspector.ts',
  'peerloom/inspector/stream': '../../inspector/stream.ts',
  'peerloom/protocols/native': '../../protocols/native.ts',
  'peerloom/transport/tcp': '../../transport/tcp.ts',
}

describe('docs/inspector.md', () => {
  const text = read('docs/inspector.md')

  test('has code that is a test that runs', () => {
    const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)]
    const [code = ''] = blocks.map(([, block]) => block)
    const here = code.replaceAll(
      /'(peerloom[a-z/]*)'/g,
      (whole, entry: string) => `'${SOURCES[entry] ?? whole}'`,
    )
    expect(here).toBe(read('test/inspector/inspector-example.test.ts'))
    expect(blocks).toHaveLength(1)
  })

  test('lists each limit of the server with its value', () => {
    const rows = [...text.matchAll(/^\| `([A-Za-z]+)` +\| (\d+) +\| (.{10,}) \|$/gm)]
    expect(rows.map(([, name, value]) => [name, Number(value)])).toEqual(
      Object.entries(INSPECTOR_LIMITS),
    )
  })
})
