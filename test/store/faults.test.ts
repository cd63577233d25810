import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { faultOf, storeErrorOf } from '../../store/faults.ts'
import { StoreError } from '../../world/store.ts'

const failure = (code: unknown) => Object.assign(new Error('a text of the system'), { code })

test.each([
  ['EACCES', 'no-access'],
  ['EROFS', 'no-access'],
  ['EEXIST', 'no-access'],
  ['ENOTDIR', 'no-access'],
  ['ENOSPC', 'no-space'],
  ['EFBIG', 'no-space'],
  ['EIO', 'failed'],
  [constants.errno.ENOSPC, 'no-space'],
  [constants.errno.EACCES, 'no-access'],
  [constants.errno.EIO, 'failed'],
  [-30_796, 'damaged'],
  [-30_792, 'no-space'],
  [-30_799, 'failed'],
  [undefined, 'failed'],
  [{}, 'failed'],
])('a failure with the code %s is a fault of ours: %s', (code, fault) => {
  expect(faultOf(failure(code))).toBe(fault)
  const { message } = storeErrorOf(failure(code), 'the data folder /x')
  expect(message).toMatch(/^the data folder \/x cannot be used: /)
  expect(message).not.toContain('a text of the system')
})

test('what is a fault of ours already stays as it is, and what is no error is one', () => {
  const ours = new StoreError('owned', 'somebody has it')
  expect(storeErrorOf(ours, 'it')).toBe(ours)
  expect(faultOf(ours)).toBe('owned')
  expect(faultOf('a text')).toBe('failed')
})
