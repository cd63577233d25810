import { describe, expect, test } from 'vitest'
import type { ConnectionAnswer, LogAnswer } from '../../inspector/messages.ts'
import { remoteSource, serveSource } from '../../inspector/remote-source.ts'
import type { FromSource, ToSource } from '../../inspector/remote-source.ts'
import type { SourceMessage } from '../../inspector/source.ts'

/** A source whose process takes nothing until it is told to. */
function startStuck() {
  const sent: ToSource[] = []
  const taken: (() => void)[] = []
  const source = remoteSource((order, onTaken) => {
    sent.push(order)
    taken.push(onTaken)
  })
  return {
    source,
    sent,
    takeAll() {
      for (let onTaken = taken.shift(); onTaken !== undefined; onTaken = taken.shift()) onTaken()
    },
  }
}

const ask = (id: number) => ({ kind: 'ask', id, query: { view: 'nodes' } })

describe('a process that takes no orders', () => {
  test('is handed a bounded number of them; all that are of use follow in their order', () => {
    const { sent, source, takeAll } = startStuck()
    const sessions = Array.from({ length: 100 }, (_, id) => {
      const session = source.open(() => undefined)
      session.ask(ask(id))
      return session
    })
    expect(sent.length).toBe(64)
    // Some have begun there and end there; of the others nothing is said.
    for (const session of sessions.slice(0, -1)) session.close()
    expect(sent.length).toBe(64)
    takeAll()
    const of = (number: number) =>
      sent.filter(({ session }) => session === number).map(({ look }) => look)
    expect(of(1)).toEqual(['open', 'ask', 'close'])
    expect(of(32)).toEqual(['open', 'ask', 'close'])
    expect(of(33)).toEqual([])
    expect(of(100)).toEqual(['open', 'ask'])
    expect(sent.length).toBe(32 * 3 + 2)
  })

  test('is asked for a bounded number of things by one session, which is told', () => {
    const { sent, source, takeAll } = startStuck()
    const told: SourceMessage[] = []
    const session = source.open((message) => told.push(message))
    for (let id = 0; id < 10_000; id++) session.ask(ask(id))
    expect(told.length).toBeGreaterThan(9_000)
    expect(told[0]).toMatchObject({ kind: 'refused', refused: { why: 'too-many-queries' } })
    session.close()
    takeAll()
    // What waited is asked no more.
    expect(sent.length).toBe(64 + 1)
    expect(sent.at(-1)).toMatchObject({ look: 'close' })
  })
})

test('answers that nobody takes are left out, but for the last one and what follows them', () => {
  const sampled = { atMs: 1, sinceMs: null, everyMs: 250 }
  const log: LogAnswer = { view: 'log', entries: [], forgotten: 0 }
  const over = JSON.parse('{"view":"connection","closed":{}}') as ConnectionAnswer
  let tell = (_: SourceMessage): void => undefined
  const sent: FromSource[] = []
  const taken: (() => void)[] = []
  const { take } = serveSource(
    {
      open(onMessage) {
        tell = onMessage
        return { ask: () => undefined, close: () => undefined }
      },
    },
    (message, onTaken) => {
      sent.push(message)
      taken.push(onTaken)
    },
  )
  take({ look: 'open', session: 1 })
  for (let number = 0; number < 1_000; number++) {
    for (const id of [1, 2]) tell({ kind: 'answer', id, sampled, answer: log })
  }
  expect(sent.length).toBe(4)
  tell({ kind: 'answer', id: 1, sampled, answer: over })
  tell({ kind: 'refused', id: 2, refused: { why: 'failed', message: 'it fell' } })
  expect(sent.length).toBe(6)
  for (const onTaken of taken.splice(0)) onTaken()
  tell({ kind: 'answer', id: 2, sampled, answer: log })
  expect(sent.length).toBe(7)
})
