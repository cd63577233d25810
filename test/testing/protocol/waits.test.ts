import { setup } from 'xstate'
import { expect, test } from 'vitest'
import { lines } from '../../../examples/smallest-network.ts'
import type { LinesTypes } from '../../../examples/smallest-network.ts'
import { asSlot, sessionActions } from '../../../index.ts'
import type { SessionLogic, SessionTypes } from '../../../index.ts'
import { waitCases } from '../../../testing/protocol/waits.ts'

const charts = setup({
  types: {} as SessionTypes<LinesTypes>,
  actions: sessionActions<LinesTypes>(),
  delays: { greetingMs: 5_000 },
})
const READY = { type: 'ready', params: { facts: {}, identity: undefined } } as const
const LATE = { greetingMs: { actions: { type: 'end', params: { detail: 'late' } } } } as const

/** What the first case says of a chart; undefined: it is content. */
async function saidOf(session: SessionLogic<LinesTypes>): Promise<string | undefined> {
  const [first] = waitCases<LinesTypes>({
    protocol: () => ({ ...lines(), session }),
    talk: { dialler: [], listener: [] },
    details: {
      'empty-line': () => undefined,
      late: () => undefined,
      rude: () => undefined,
      silent: () => undefined,
    },
  })
  try {
    await first?.run()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'it threw no error'
  }
}

test('a state in which the session hears the other side has a deadline, or is named', async () => {
  const timed = charts.createMachine({
    id: 'timed',
    initial: 'opening',
    states: {
      opening: { on: { opened: 'greeting' } },
      greeting: { on: { unit: { target: 'open', actions: READY } }, after: LATE },
      open: { on: { unit: 'open' } },
    },
  })
  expect(await saidOf(asSlot(timed))).toBeUndefined()
  const untimed = charts.createMachine({
    id: 'untimed',
    initial: 'opening',
    states: {
      opening: { on: { opened: 'greeting' } },
      greeting: { on: { unit: { target: 'open', actions: READY } } },
      open: {},
    },
  })
  expect(await saidOf(asSlot(untimed))).toBe('without a deadline of their own: untimed.greeting')
})

test('the deadline of a state holds for those inside of it, and for no others', async () => {
  const nested = charts.createMachine({
    id: 'nested',
    initial: 'shaking',
    states: {
      shaking: {
        initial: 'first',
        states: {
          first: { on: { unit: 'second' }, after: LATE },
          second: { on: { unit: { target: '#nested.open', actions: READY } } },
        },
      },
      open: {},
    },
  })
  expect(await saidOf(asSlot(nested))).toBe(
    'without a deadline of their own: nested.shaking.second',
  )
})

test('what a session waits for while it takes leave, the core counts', async () => {
  const leaving = charts.createMachine({
    id: 'leaving',
    initial: 'greeting',
    on: { leave: '.leaving' },
    states: {
      greeting: { on: { unit: { target: 'open', actions: READY } }, after: LATE },
      open: {},
      leaving: { on: { unit: 'open' } },
    },
  })
  expect(await saidOf(asSlot(leaving))).toBeUndefined()
})
