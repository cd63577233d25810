import { expect, test } from 'vitest'
import { createWithheld } from '../../actors/withheld.ts'

const withheldFor = (...names: readonly string[]) => ({
  message: 'hello',
  origin: 'somebody',
  lacking: new Set(names),
})

test('what nobody lacks any more is forgotten', () => {
  const withheld = createWithheld<string>(3)
  withheld.note('one', withheldFor('a', 'b'))
  withheld.note('one', withheldFor('b'))
  expect(withheld.find('one')?.lacking).toEqual(new Set(['b']))
  withheld.note('one', withheldFor())
  expect(withheld.find('one')).toBeUndefined()
})

test('the oldest go first where there are too many', () => {
  const withheld = createWithheld<string>(2)
  for (const id of ['one', 'two', 'one', 'three']) withheld.note(id, withheldFor('a'))
  expect(['one', 'two', 'three'].filter((id) => withheld.find(id) !== undefined)).toEqual([
    'one',
    'three',
  ])
})
