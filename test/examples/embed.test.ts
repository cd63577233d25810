import { expect, onTestFinished, test, vi } from 'vitest'

test('the embedding example runs to its end: a handler, an answer, a topic without the rumour', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  onTestFinished(() => {
    log.mockRestore()
  })
  await import('../../examples/embed.ts')
  expect(log.mock.calls.flat().sort()).toEqual([
    'alice/in-1: hello',
    'answer: HOW ARE YOU',
    'news: it rains',
  ])
})
