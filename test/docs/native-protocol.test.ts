import { expect, test } from 'vitest'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import { readText, rowsBelow } from '../support/documents.ts'

test('docs/native-protocol.md lists each limit by name, with its value and what it bounds', () => {
  const rows = rowsBelow(readText('docs/native-protocol.md'), '\n## 17. The limits by name\n')
  expect(rows.map(([name, value]) => [name, Number(value)])).toEqual(Object.entries(NATIVE_LIMITS))
  expect(rows.every(([, , what = '']) => what.length > 10)).toBe(true)
})
