import { expect, test } from 'vitest'
import { describerOf } from '../../cli/description.ts'

const CONNECTION = {
  address: '127.0.0.1:1',
  slot: 'inbound',
  facts: undefined,
  traffic: undefined,
  about: {},
}

test('a network that says nothing of its connections has no fields and no columns', () => {
  expect(describerOf({})(CONNECTION)).toEqual({ fields: {}, columns: {} })
})

test('a network that throws over a connection is told in its row, and ends nothing', () => {
  const describe = describerOf({
    describe() {
      throw new Error('no facts yet')
    },
  })
  expect(describe(CONNECTION)).toEqual({ fields: { notDescribed: 'no facts yet' }, columns: {} })
})
