import { afterEach, expect, test, vi } from 'vitest'
import type { InspectorMessage } from '../../inspector/messages.ts'
import { createLive } from '../../inspector/page/live.ts'

/** The server's side of what the page opens. */
class Line extends EventTarget {
  static readonly OPEN = 1
  static readonly opened: Line[] = []
  readonly readyState = Line.OPEN
  readonly said: string[] = []

  constructor() {
    super()
    Line.opened.push(this)
    queueMicrotask(() => this.dispatchEvent(new Event('open')))
  }

  send(text: string): void {
    this.said.push(text)
  }

  tell(message: InspectorMessage): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  }
}

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  Line.opened.length = 0
})

test('a node that is gone is asked again at one pace, also after the line was lost', async () => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', Line)
  const live = createLive('ws://127.0.0.1/', 'token')
  const leave = live.ask({ view: 'nodes' }, { onView: () => undefined, onRefused: () => undefined })
  const refused = { why: 'node-gone', message: 'it is gone' } as const
  for (let count = 0; count < 5; count++) {
    await vi.advanceTimersByTimeAsync(600)
    Line.opened.at(-1)?.tell({ kind: 'refused', id: 1, refused })
    Line.opened.at(-1)?.dispatchEvent(new Event('close'))
  }
  await vi.advanceTimersByTimeAsync(600)
  const last = Line.opened.at(-1)
  last?.tell({ kind: 'refused', id: 1, refused })
  const saidCount = last?.said.length ?? 0
  await vi.advanceTimersByTimeAsync(3_000)
  expect(last?.said.length).toBe(saidCount + 1)

  last?.tell({ kind: 'refused', id: 1, refused })
  leave()
  expect(vi.getTimerCount()).toBe(1)
})
