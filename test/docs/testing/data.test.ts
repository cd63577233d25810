import { expect, test } from 'vitest'
import { flow, hex, printFlow, runFlow } from '../../../testing/testing.ts'
import { lines } from '../../../examples/smallest-network.ts'

test('a flow is data, and code again', () => {
  const { steps } = flow(lines())
    .receive({ type: 'line', bytes: hex('6869') })
    .expectState('active')
    .done()
  expect(steps).toEqual([
    { do: 'receive', messages: [{ type: 'line', bytes: hex('6869') }] },
    { do: 'expectState', state: 'active' },
  ])
  expect(runFlow(lines(), steps).steps).toEqual(steps)
  expect(printFlow(steps, { protocol: 'lines()' })).toBe(`flow(lines())
  .receive({ type: 'line', bytes: hex('6869') })
  .expectState('active')
  .done()
`)
})
