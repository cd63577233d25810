import { expect, test } from 'vitest'
import { createCreditPool } from '../../actors/credit.ts'

function startPool() {
  const pool = createCreditPool({ nodeBytesMax: 80, connectionShare: 8 })
  const woken: string[] = []
  const open = (name: string) => pool.open(() => woken.push(name))
  return { pool, open, woken }
}

test('a connection is read up to its share of the bound, and again at half of it', () => {
  const { open, woken } = startPool()
  const one = open('one')
  one.take(9)
  expect(one.isExhausted()).toBe(false)
  one.take(1)
  expect(one.isExhausted()).toBe(true)
  one.giveBack(4)
  expect([one.isExhausted(), woken]).toEqual([true, []])
  one.giveBack(1)
  expect([one.isExhausted(), woken]).toEqual([false, ['one']])
})

test('one that is slow stops nobody else', () => {
  const { open } = startPool()
  const [slow, other] = [open('slow'), open('other')]
  slow.take(50)
  expect([slow.isExhausted(), other.isExhausted()]).toEqual([true, false])
})

test('all of the credit used up stops all, and half of it given back wakes those that have some', () => {
  const { open, pool, woken } = startPool()
  const [one, other] = [open('one'), open('other')]
  one.take(76)
  other.take(4)
  expect([pool.usedBytes, other.isExhausted()]).toEqual([80, true])
  one.giveBack(39)
  expect([other.isExhausted(), woken]).toEqual([true, []])
  one.giveBack(1)
  // The first one still holds more than its share.
  expect([one.isExhausted(), other.isExhausted(), woken]).toEqual([true, false, ['other']])
  one.giveBack(36)
  expect([one.isExhausted(), woken]).toEqual([false, ['other', 'one']])
})

test('what a closed account still holds comes back to the node, and wakes nobody who is gone', () => {
  const { open, pool, woken } = startPool()
  const one = open('one')
  one.take(80)
  one.close()
  expect(pool.usedBytes).toBe(80)
  one.giveBack(80)
  expect([pool.usedBytes, woken]).toEqual([0, []])
})
