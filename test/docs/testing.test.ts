import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = 'test/docs/testing'
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** As the file stands in the tree, where the package's own names lead to its sources. */
const inTree = (block: string) =>
  block
    .replaceAll(/'peerloom\/testing(\/vitest)?'/g, (_, path?: string) =>
      path === undefined ? "'../../../testing/testing.ts'" : `'../../../testing${path}.ts'`,
    )
    .replaceAll(/'peerloom\/([a-z/-]+)'/g, (_, path: string) => `'../../../${path}.ts'`)
    .replaceAll("'peerloom'", "'../../../index.ts'")
    .replaceAll("'./lines.ts'", "'../../../examples/smallest-network.ts'")

describe('the code in docs/testing.md is code that runs:', () => {
  const blocks = [...read('docs/testing.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, block = '']) => inTree(block),
  )
  const files = readdirSync(join(ROOT, FOLDER))

  test.each(files)('%s', (file) => {
    expect(blocks).toContain(read(`${FOLDER}/${file}`))
  })

  test('and nothing else', () => {
    expect(blocks).toHaveLength(files.length)
    expect(new Set(blocks).size).toBe(blocks.length)
  })
})
