import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ATTACK_NAMES } from '../../testing/hostile/hostile-peer.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const text = read('docs/hostile-peers.md')

test('the code in docs/hostile-peers.md is code that runs', () => {
  const [block, ...others] = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code)
  const code = block
    ?.replaceAll(/'peerloom\/(codec\/[a-z-]+)'/g, (_, path: string) => `'../../../${path}.ts'`)
    .replaceAll("'peerloom/testing'", "'../../../testing/testing.ts'")
    .replaceAll("'peerloom'", "'../../../index.ts'")
    .replaceAll("'./lines.ts'", "'../../../examples/smallest-network.ts'")
  expect(code).toBe(read('test/testing/hostile/smallest-network.test.ts'))
  expect(others).toEqual([])
})

test('docs/hostile-peers.md lists each attack, in the order in which they are made', () => {
  const [, section = ''] = text.split('## The attacks')
  const names = [...section.matchAll(/^\| `([a-z-]+)` /gm)].map(([, name]) => name)
  expect(names.slice(0, ATTACK_NAMES.length)).toEqual(ATTACK_NAMES)
})
