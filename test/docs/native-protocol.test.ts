import { expect, test } from 'vitest'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import { readText, rowsBelow } from '../support/documents.ts'

test('docs/native-protocol.md lists each limit by name, with its value and what it bounds', () => {
  const rows = rowsBelow(readText('docs/native-protocol.md'), '\n## 17. The limits by name\n')
  expect(rows.map(([name, value]) => [name, Number(value)])).toEqual(Object.entries(NATIVE_LIMITS))
  expect(rows.every(([, , what = '']) => what.length > 10)).toBe(true)
})

test('docs/native-protocol.md says of locators and ranges what is passed over and what is a strike', () => {
  const rows = new Map(
    rowsBelow(readText('docs/native-protocol.md'), '\n## 14. Items\n').map(([what, value]) => [
      what,
      value,
    ]),
  )
  const { locatorsPerWindowMax, locatorsStrikeMax, syncWindowMs } = NATIVE_LIMITS
  const { rangesPerWindowMax, rangesStrikeMax, rangesQueuedMax } = NATIVE_LIMITS
  const within = `of a peer within ${syncWindowMs / 1_000} s, sliding`
  expect([rows.get(`locators ${within}`), rows.get(`ranges ${within}`)]).toEqual([
    `${locatorsPerWindowMax}; more are passed over; ${locatorsStrikeMax} are a strike`,
    `${rangesPerWindowMax}; more are passed over; ${rangesStrikeMax} are a strike`,
  ])
  expect(rows.get('ranges of a peer, with the one that is being answered')).toBe(
    `${rangesQueuedMax}; more are passed over`,
  )
})
