import { expect, test } from 'vitest'
import type { Command } from '../../supervisor/commands.ts'
import { createWaits } from '../../supervisor/waits.ts'

function startWait() {
  const entered: Command['name'][] = []
  const waits = createWaits(({ name }) => entered.push(name), 60_000)
  const caller = new AbortController()
  const outcome = waits
    .until('a fault', { signal: caller.signal }, ({ type }) =>
      type === 'fault' ? type : undefined,
    )
    .catch((error: unknown) => error)
  return { waits, caller, entered, outcome }
}

test('a wait that its caller calls off ends at once, and nothing of it is left', async () => {
  const { caller, entered, outcome, waits } = startWait()
  expect([waits.count, entered]).toEqual([1, ['wait']])
  caller.abort()
  expect([waits.count, entered]).toEqual([0, ['wait', 'unwait']])
  expect(await outcome).toMatchObject({ code: 'aborted', message: 'a fault was called off' })
})

test('a wait that is over hears nothing more of its caller', async () => {
  const { caller, entered, outcome, waits } = startWait()
  waits.happened({ type: 'fault', where: 'here', error: undefined })
  expect(await outcome).toBe('fault')
  caller.abort()
  expect([waits.count, entered]).toEqual([0, ['wait', 'unwait']])
})

test('a wait that is called off while it begins asks for nothing', async () => {
  const entered: Command['name'][] = []
  const caller = new AbortController()
  const waits = createWaits(({ name }) => {
    entered.push(name)
    if (name === 'wait') caller.abort()
  }, 60_000)
  const start = { name: 'start' } as const
  await expect(
    waits.until('a start', { signal: caller.signal }, () => undefined, start),
  ).rejects.toMatchObject({ code: 'aborted' })
  expect([waits.count, entered]).toEqual([0, ['wait', 'unwait']])
})
