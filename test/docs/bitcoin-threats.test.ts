import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { titlesIn } from '../support/test-titles.ts'

const ROOT = join(import.meta.dirname, '../..')
const ATTACKS = 40
const WAITS_FOR_BLOCKS = [18, 19, 20, 21, 22, 23, 24, 25, 27, 28, 29, 40]

const rows = readFileSync(join(ROOT, 'docs/bitcoin-threats.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [attack = '', , tried = ''] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    const number = Number.parseInt(attack, 10)
    return Number.isNaN(number) ? [] : [{ number, tests: tried.split('<br>') }]
  })

test('each attack stands there, and each but those that wait for blocks is tried', () => {
  expect(rows.map(({ number }) => number)).toEqual(
    Array.from({ length: ATTACKS }, (_, index) => index + 1),
  )
  const untried = rows.filter(({ tests }) => tests.some((text) => text.startsWith('no: ')))
  expect(untried.map(({ number }) => number)).toEqual(WAITS_FOR_BLOCKS)
})

test('by a test that there is', () => {
  const named = rows
    .filter(({ number }) => !WAITS_FOR_BLOCKS.includes(number))
    .flatMap(({ tests }) => tests)
  const missing = named.filter((text) => {
    const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(text) ?? []
    return file === '' || !titlesIn(file).includes(title)
  })
  expect(missing).toEqual([])
  expect(named.length).toBeGreaterThanOrEqual(ATTACKS - WAITS_FOR_BLOCKS.length)
})
