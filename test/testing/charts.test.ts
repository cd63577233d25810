import { setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import { transitionIds } from '../../inspector/chart-description.ts'
import { chartPathCases } from '../../testing/testing.ts'
import type { ChartPaths, Seen, Stimuli } from '../../testing/testing.ts'

type Event = { readonly type: 'knock'; readonly loud: boolean } | { readonly type: 'close' }

/** Somebody at a door: who knocks loud enough is let in, and nobody waits for ever. */
const door = setup({
  types: {} as { events: Event },
  guards: { isLoud: ({ event }) => event.type === 'knock' && event.loud },
  delays: { patienceMs: 100 },
}).createMachine({
  id: 'door',
  initial: 'shut',
  states: {
    shut: {
      on: { knock: [{ guard: 'isLoud', target: 'open' }, {}] },
      after: { patienceMs: 'locked' },
    },
    open: { on: { close: 'shut' } },
    locked: { on: { knock: 'shut' } },
  },
})

interface Stage {
  readonly seen: Seen[]
}

const stimuli: Stimuli<Event, Stage> = {
  knock: {
    loud: {
      event: { type: 'knock', loud: true },
      from: ['shut'],
      bring: ({ seen }) => seen.push({ event: 'knock', state: 'open' }),
    },
    soft: {
      event: { type: 'knock', loud: false },
      from: ['shut'],
      bring: ({ seen }) => seen.push({ event: 'knock', state: 'shut' }),
    },
  },
  close: {
    once: {
      event: { type: 'close' },
      bring: ({ seen }) => seen.push({ event: 'close', state: 'shut' }),
    },
  },
}

const EVERY = [...transitionIds(door).values()]

const LOCKED = { 'door.locked: knock': 'who comes late goes home' }

const pathsWith = (given: Partial<ChartPaths<Stage>> = {}): ChartPaths<Stage> => ({
  logic: door,
  beginnings: { house: { input: undefined, stimuli } },
  passTime: ({ seen }) => seen.push({ event: 'after', state: 'locked' }),
  perform(_, __, drive) {
    const seen: Seen[] = [{ event: 'start', state: 'shut' }]
    drive({ stage: { seen }, seen, taken: () => EVERY, run: () => undefined })
    return Promise.resolve()
  },
  unreachable: LOCKED,
  ...given,
})

const failures = async (paths: ChartPaths<Stage>): Promise<readonly string[]> => {
  const found: string[] = []
  for (const { run, title } of chartPathCases(paths)) {
    try {
      await run()
    } catch (error) {
      found.push(`${title}: ${error instanceof Error ? error.message : ''}`)
    }
  }
  return found
}

describe('tests from a chart', () => {
  test('go the shortest way to each transition', async () => {
    expect(chartPathCases(pathsWith()).map(({ title }) => title)).toEqual([
      'each transition is come to, or it is said why nobody does',
      '(door.shut: knock) is come to by knock loud (house)',
      '(door.shut: knock 2) is come to by knock soft (house)',
      '(door.shut: after patienceMs) is come to by after patienceMs (house)',
      '(door.open: close) is come to by knock loud, close (house)',
    ])
    expect(await failures(pathsWith())).toEqual([])
  })

  test('fail where the list of what is out of reach is too short or too long', async () => {
    expect(await failures(pathsWith({ unreachable: {} }))).toEqual([
      expect.stringContaining(
        'not said why: door.locked: knock; said to be out of reach, and not: none',
      ),
    ])
    const more = { ...LOCKED, 'door.open: close': 'it is heavy' }
    expect(await failures(pathsWith({ unreachable: more }))).toEqual([
      expect.stringContaining(
        'not said why: none; said to be out of reach, and not: door.open: close',
      ),
    ])
  })

  test('fail where what runs goes elsewhere than its chart', async () => {
    const passTime = ({ seen }: Stage) => seen.push({ event: 'after', state: 'open' })
    expect(await failures(pathsWith({ passTime }))).toEqual([
      expect.stringContaining('after after the chart alone is in locked, not in open'),
    ])
  })

  test('fail where something else happens, or nothing', async () => {
    const other = ({ seen }: Stage) => seen.push({ event: 'knock', state: 'open' })
    expect(await failures(pathsWith({ passTime: other }))).toEqual([
      expect.stringContaining('knock happened in place of after patienceMs'),
    ])
    expect(await failures(pathsWith({ passTime: () => undefined }))).toEqual([
      expect.stringContaining('after patienceMs did not happen'),
    ])
    const never = (): Promise<void> => Promise.resolve()
    // Nobody drove it: what is not compared is not passed.
    expect(await failures(pathsWith({ perform: never }))).toHaveLength(4)
  })

  test('fail where another transition led to the same state', async () => {
    const perform: ChartPaths<Stage>['perform'] = (_, __, drive) => {
      const seen: Seen[] = [{ event: 'start', state: 'shut' }]
      const taken = () => EVERY.filter((id) => id !== 'door.shut: knock 2')
      drive({ stage: { seen }, seen, taken, run: () => undefined })
      return Promise.resolve()
    }
    expect(await failures(pathsWith({ perform }))).toEqual([
      expect.stringContaining('knock soft (house): it took door.shut: knock | '),
    ])
  })

  test('pass over what the chart does not hear, and take what comes by itself', async () => {
    const noisy = ({ seen }: Stage) =>
      seen.push({ event: 'bell', state: 'shut' }, { event: 'after', state: 'locked' })
    expect(await failures(pathsWith({ passTime: noisy }))).toEqual([])
    const knocking: typeof stimuli = {
      ...stimuli,
      knock: {
        soft: { event: { type: 'knock', loud: false }, from: ['shut'], isSpontaneous: true },
      },
    }
    const unreachable = {
      ...LOCKED,
      'door.shut: knock': 'nobody is loud',
      'door.open: close': 'it never opens',
    }
    const knocked = ({ seen }: Stage) =>
      seen.push({ event: 'knock', state: 'shut' }, { event: 'after', state: 'locked' })
    const paths = pathsWith({
      beginnings: { house: { input: undefined, stimuli: knocking } },
      passTime: knocked,
      unreachable,
    })
    expect(await failures(paths)).toEqual([expect.stringContaining('knock did not happen')])
  })
})

test('a table without one of the events does not compile', () => {
  const { knock } = stimuli
  // @ts-expect-error: `close` is missing
  const short: Stimuli<Event, Stage> = { knock }
  // @ts-expect-error: there is no such event
  const long: Stimuli<Event, Stage> = { ...stimuli, ring: {} }
  const other: Stimuli<Event, Stage> = {
    ...stimuli,
    // @ts-expect-error: it is another event's
    close: { once: { event: { type: 'knock', loud: true } } },
  }
  expect([short, long, other]).toHaveLength(3)
})
