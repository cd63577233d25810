import { expect, test } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import { explanationWords } from '../../inspector/explanation-words.ts'

test.each([
  [0, '0 messages came, 0 were handled, 0 were sent.'],
  [1, '1 message came, 1 was handled, 1 dropped (no-consumer), 1 was sent.'],
  [2, '2 messages came, 2 were handled, 2 dropped (no-consumer), 2 were sent.'],
])('of %i messages each is counted in English', (count, sentence) => {
  const words = explanationWords({
    ...{ connection: 'a/in-1', address: '10.0.0.1:1', role: 'listener', identity: undefined },
    ...{ startedMs: 0, phase: 'closed', history: [] },
    ended: {
      ...{ atMs: 1_000, by: 'peer', reason: 'peer-left', detail: 'ended' },
      ...{ phase: 'active', sessionState: 'active', verdict: { do: 'nothing' } },
    },
    counters: {
      ...createCounters(),
      ...{ receivedMessages: count, handledMessages: count, sentMessages: count },
      dropped: count === 0 ? {} : { 'no-consumer': count },
    },
  })
  expect(words).toContain(sentence)
})
