import { createMachine } from 'xstate'
import { describe, expect, test } from 'vitest'
import { definitionText } from '../../inspector/chart-definition.ts'
import { describeChart } from '../../inspector/chart-description.ts'
import { connectionMachine } from '../../machines/connection.ts'
import { rootMachine } from '../../machines/root.ts'
import { deadlineCase, untimedStates } from '../../testing/charts/deadlines.ts'
import { registerContract } from '../../testing/vitest.ts'

const EXCUSED = {
  connection: {
    'connection.active': 'silence is watched outside of the chart, by the deadline of progress',
  },
  root: {
    'root.idle': 'it holds nothing, and waits for its application',
    'root.running': 'it runs until it is stopped',
  },
}

registerContract('the chart of a connection:', [
  deadlineCase(connectionMachine, EXCUSED.connection),
])
registerContract('the chart of a node:', [deadlineCase(rootMachine, EXCUSED.root)])

interface Definition {
  after?: object
  readonly id: string
  readonly states?: Readonly<Record<string, Definition>>
}

const everyIn = (state: Definition): readonly Definition[] => [
  state,
  ...Object.values(state.states ?? {}).flatMap(everyIn),
]

/** Each state that time ends, and the same chart in which it does not. */
const withoutOne = (logic: object) => {
  const definition = () => JSON.parse(definitionText(describeChart(logic))) as Definition
  return everyIn(definition())
    .filter(({ after }) => after !== undefined)
    .map(({ id }) => {
      const changed = definition()
      for (const state of everyIn(changed)) if (state.id === id) delete state.after
      return { id, chart: createMachine(changed) }
    })
}

describe('a chart that lost a deadline is refused:', () => {
  const lost = [
    ...withoutOne(connectionMachine).map((one) => ({ ...one, excused: EXCUSED.connection })),
    ...withoutOne(rootMachine).map((one) => ({ ...one, excused: EXCUSED.root })),
  ]
  test('there are seven of them', () => {
    expect(lost.map(({ id }) => id)).toEqual([
      ...['connection.connecting', 'connection.handshaking'],
      ...['connection.closing.leaving', 'connection.closing.shutting'],
      ...['root.starting', 'root.stopping.draining', 'root.stopping.closing'],
    ])
  })
  test.each(lost)('$id', async ({ chart, excused, id }) => {
    expect(untimedStates(chart).some((state) => state.startsWith(id))).toBe(true)
    await expect(deadlineCase(chart, excused).run()).rejects.toThrow(`without a deadline: ${id}`)
  })
})

test('an excuse that is needed no more is refused', async () => {
  const excused = { ...EXCUSED.root, 'root.starting.opening': 'it is quick' }
  await expect(deadlineCase(rootMachine, excused).run()).rejects.toThrow(
    'excused, and it has one: root.starting.opening',
  )
})
