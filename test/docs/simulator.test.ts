/**
 * The code of docs/simulator.md is this test, and what it lists is what there is.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tools } from '../../protocols/native.ts'
import { simulate, SIMULATION_PRESETS } from '../../testing/testing.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
const text = read('docs/simulator.md')

test('three nodes live through a minute of everything', () => {
  const { convergedMs, violations } = simulate({
    protocol: 'native',
    tools,
    nodes: 3,
    seed: 'mine',
    durationMs: 60_000,
    preset: SIMULATION_PRESETS.swarm,
    crypto: 'model',
  })
  expect(violations).toEqual([])
  expect(convergedMs).toBeGreaterThan(0)
})

test('the code in docs/simulator.md is the test above', () => {
  const [, block = ''] = /```ts\n([\s\S]*?)```/.exec(text) ?? []
  const [, body = ''] = block.split(/\n\n(?=test\()/)
  expect(body).not.toBe('')
  expect(read('test/docs/simulator.test.ts')).toContain(body)
})

test('docs/simulator.md lists each invariant, and nothing else', () => {
  const union = /export type Invariant =([\s\S]*?)\n\n/.exec(
    read('testing/simulator/violations.ts'),
  )?.[1]
  const named = [...(union ?? '').matchAll(/'([a-z-]+)'/g)].map(([, name]) => name)
  const [, section = ''] = text.split('## What is checked')
  const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z-]+)`/gm)]
  expect(listed.map(([, name]) => name).toSorted()).toEqual(named.toSorted())
  expect(named.length).toBeGreaterThan(5)
})
