import { expect, test } from 'vitest'
import { encodeAscii } from '../../../codec/bytes.ts'
import { lines } from '../../../examples/smallest-network.ts'
import type { LinesTypes } from '../../../examples/smallest-network.ts'
import type { Protocol } from '../../../index.ts'
import { splitCases } from '../../../testing/protocol/splits.ts'

const line = (text: string) => ({ type: 'line' as const, bytes: encodeAscii(text) })

/** What the cases say of a network about the ends of a stream. */
async function saidOf(protocol: () => Protocol<LinesTypes>): Promise<readonly string[]> {
  const cases = splitCases<LinesTypes>({
    protocol,
    talk: { dialler: [line('one')], listener: [line('two')] },
    details: {
      'empty-line': () => undefined,
      late: () => undefined,
      rude: () => undefined,
      silent: () => undefined,
    },
  }).filter(({ title }) => title.includes('end anywhere'))
  const outcomes = cases.map(async ({ run }) => {
    try {
      return (await run()) ?? 'no figure'
    } catch (error) {
      return error instanceof Error ? error.message : 'it threw no error'
    }
  })
  return Promise.all(outcomes)
}

test('a stream may end anywhere', async () => {
  expect(await saidOf(lines)).toEqual(['8 places', '8 places'])
})

test('a wire that says clean of an end inside of a unit is told from one that does not', async () => {
  const lying = (): Protocol<LinesTypes> => ({
    ...lines(),
    wire(setup) {
      const wire = lines().wire(setup)
      return new Proxy(wire, {
        get: (of, name) => (name === 'end' ? () => 'clean' : (Reflect.get(of, name) as unknown)),
      })
    },
  })
  const said = 'ended at 1: it ended inside of a unit, and the wire says that it is clean'
  expect(await saidOf(lying)).toEqual([said, said])
})
