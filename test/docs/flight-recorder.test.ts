import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

test('the code in docs/flight-recorder.md is a test that runs', () => {
  const blocks = [...read('docs/flight-recorder.md').matchAll(/```ts\n([\s\S]*?)```/g)]
  const [code = ''] = blocks.map(([, block]) => block)
  const here = code
    .replace("'peerloom'", "'../../index.ts'")
    .replace("'./lines.ts'", "'../../examples/smallest-network.ts'")
    .replaceAll("'peerloom/testing'\n", "'../../testing/testing.ts'\n")
  expect(here).toBe(read('test/journal/flight-example.test.ts'))
  expect(blocks).toHaveLength(1)
})
