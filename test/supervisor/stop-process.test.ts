import { expect, test } from 'vitest'
import { startChild } from '../support/child.ts'

test.each([
  'before start',
  'while it starts',
  'while it shakes hands',
  'while it is active, with messages under way',
  'after its handler hung',
])('a process whose supervisor was stopped %s ends by itself', async (moment) => {
  const child = startChild('test/supervisor/stop-child.ts', [moment])
  const end = await child.ended()
  expect([child.lines, end]).toEqual([['stopped'], { code: 0, signal: null }])
})
