import { expect, test } from 'vitest'
import { createPull, pushBytes, readShare, resumeJob } from '../../actors/pull.ts'
import type { PullOptions } from '../../actors/pull.ts'
import { WireError } from '../../codec/wire-error.ts'
import type { Read, Wire } from '../../codec/wire.ts'

type Unit = Read<{ readonly type: 'unit'; readonly number: number }, string, 'bad'>
type Options = PullOptions<{ readonly type: 'unit'; readonly number: number }, never, string, 'bad'>

const unit = (number: number, bytesOnWire = 1_000): Unit => ({
  kind: 'message',
  message: { type: 'unit', number },
  bytesOnWire,
})

/** A wire whose reads a test lists; a function is what `read` does in its turn. */
function startPull(units: (Unit | (() => Unit))[], options: Partial<Options> = {}) {
  const log: string[] = []
  const turns = { number: 0 }
  const state = { isBlocked: false, bufferedBytes: 0 }
  const wire: Wire<{ readonly type: 'unit'; readonly number: number }, never, string, 'bad'> = {
    start: () => undefined,
    push(bytes) {
      state.bufferedBytes += bytes.length
    },
    keep: () => log.push('keep'),
    read() {
      const next = units.shift() ?? { kind: 'more' }
      return typeof next === 'function' ? next() : next
    },
    secure: () => undefined,
    resume: () => log.push('resume'),
    write: () => undefined,
    end: () => 'clean',
    get bufferedBytes() {
      return state.bufferedBytes
    },
    wipe: () => undefined,
  }
  const pull = createPull<{ readonly type: 'unit'; readonly number: number }, never, string, 'bad'>(
    {
      wire,
      turns,
      limits: { turnBytesMax: 2_500, blockedBytesMax: 100 },
      unitsPerTurn: 100,
      isBlocked: () => state.isBlocked,
      onMessage: ({ message }) => log.push(`unit ${String(message.number)}`),
      onRefused: ({ detail }, bytes) => log.push(`refused ${detail} ${String(bytes)}`),
      onSecured: (facts) => log.push(`secured ${facts}`),
      onJob: ({ operation }) => log.push(`job ${operation}`),
      onWireError: (detail) => log.push(`error ${detail}`),
      onFault: () => log.push('fault'),
      pause: () => log.push('pause'),
      unpause: () => log.push('unpause'),
      ...options,
    },
  )
  return { log, pull, state, turns }
}

test('a share is so many bytes of one turn; the rest is for the next one', () => {
  const { log, pull, turns } = startPull([1, 2, 3, 4].map((number) => unit(number)))
  pushBytes(pull, new Uint8Array(40))
  expect(readShare(pull)).toBe(true)
  expect(log).toEqual(['unit 1', 'unit 2', 'unit 3', 'keep'])
  // The same turn: nothing more.
  expect(readShare(pull)).toBe(true)
  expect(log.filter((line) => line.startsWith('unit'))).toHaveLength(3)
  turns.number++
  expect(readShare(pull)).toBe(false)
  expect([log.at(-2), pull.isDry]).toEqual(['unit 4', true])
})

test('padding costs a share what it is long, and reaches nobody', () => {
  const padding: Unit = { kind: 'padding', bytesOnWire: 1_000 }
  const { log, pull, turns } = startPull([unit(1), padding, padding, unit(2)])
  pushBytes(pull, new Uint8Array(40))
  expect(readShare(pull)).toBe(true)
  expect(log).toEqual(['unit 1', 'keep'])
  turns.number++
  expect(readShare(pull)).toBe(false)
  expect(log.filter((line) => line !== 'keep')).toEqual(['unit 1', 'unit 2'])
})

test('the smallest units cost a share as much as a few hundred bytes', () => {
  const { log, pull } = startPull(Array.from({ length: 20 }, (_, number) => unit(number, 2)))
  pushBytes(pull, new Uint8Array(40))
  expect(readShare(pull)).toBe(true)
  expect(log.filter((line) => line.startsWith('unit'))).toHaveLength(10)
})

test('or so many units', () => {
  const { log, pull } = startPull([unit(1), unit(2)], { unitsPerTurn: 1 })
  pushBytes(pull, new Uint8Array(20))
  expect(readShare(pull)).toBe(true)
  expect(log).toEqual(['unit 1', 'keep'])
})

test('what blocks after one unit stops the next', () => {
  const { log, pull, state } = startPull([unit(1), unit(2)], {
    onMessage({ message }) {
      log.push(`unit ${String(message.number)}`)
      state.isBlocked = true
    },
  })
  readShare(pull)
  expect(log).toEqual(['unit 1', 'keep'])
  state.isBlocked = false
  readShare(pull)
  expect(log).toEqual(['unit 1', 'keep', 'unit 2', 'keep'])
})

test('a job that is out stops the pull until it is answered', () => {
  const job: Unit = {
    kind: 'job',
    job: { operation: 'sharedX', privateKey: new Uint8Array(), publicKey: new Uint8Array() },
  }
  const { log, pull } = startPull([job, { kind: 'secured', facts: 'it' }, unit(1)])
  readShare(pull)
  readShare(pull)
  expect(log.filter((line) => line !== 'keep')).toEqual(['job sharedX'])
  resumeJob(pull, undefined)
  readShare(pull)
  expect(log.filter((line) => line !== 'keep').slice(1)).toEqual(['resume', 'secured it', 'unit 1'])
})

test('blocked, it pauses the stream at its bound, and once; it goes on at half', () => {
  const { log, pull, state } = startPull([])
  state.isBlocked = true
  pushBytes(pull, new Uint8Array(99))
  expect(log).toEqual([])
  pushBytes(pull, new Uint8Array(1))
  pushBytes(pull, new Uint8Array(50))
  expect(log).toEqual(['pause'])
  state.bufferedBytes = 51
  readShare(pull)
  expect(log).toEqual(['pause', 'keep'])
  state.bufferedBytes = 50
  readShare(pull)
  expect(log).toEqual(['pause', 'keep', 'keep', 'unpause'])
})

test('a stream that brings more than is read of it is paused at the bound, until half is read', () => {
  const { log, pull, state, turns } = startPull(
    [1, 2, 3].map((number) => unit(number)),
    {
      unitsPerTurn: 1,
    },
  )
  const said = () => log.filter((line) => line !== 'keep')
  pushBytes(pull, new Uint8Array(90))
  expect(readShare(pull)).toBe(true)
  expect(said()).toEqual(['unit 1'])
  // The share of this turn is used up, and nothing blocks.
  pushBytes(pull, new Uint8Array(10))
  pushBytes(pull, new Uint8Array(10))
  expect(said()).toEqual(['unit 1', 'pause'])
  turns.number++
  state.bufferedBytes = 60
  readShare(pull)
  expect(said()).toEqual(['unit 1', 'pause', 'unit 2'])
  turns.number++
  state.bufferedBytes = 50
  readShare(pull)
  expect(said()).toEqual(['unit 1', 'pause', 'unit 2', 'unit 3', 'unpause'])
})

test('but it is never paused for a unit that is longer than the bound, and not whole', () => {
  const { log, pull, turns } = startPull([unit(1)], { unitsPerTurn: 1 })
  pushBytes(pull, new Uint8Array(90))
  readShare(pull)
  turns.number++
  pushBytes(pull, new Uint8Array(90))
  expect(readShare(pull)).toBe(false)
  pushBytes(pull, new Uint8Array(1_000))
  readShare(pull)
  expect(log.filter((line) => line !== 'keep')).toEqual(['unit 1'])
})

test('a refused unit is one of the share, and the stream goes on', () => {
  const refused: Unit = { kind: 'refused', error: new WireError('skip', 'bad'), bytesOnWire: 7 }
  const { log, pull } = startPull([refused, unit(1)])
  readShare(pull)
  expect(log).toEqual(['refused bad 7', 'unit 1', 'keep'])
})

test.each([
  ['an error of the wire by its detail', new WireError('close', 'bad'), 'error bad'],
  ['anything else as a fault', new TypeError('ours'), 'fault'],
])('%s ends the pull for good', (_, error, told) => {
  const failing = (): Unit => {
    throw error
  }
  const { log, pull } = startPull([failing, unit(1)])
  readShare(pull)
  pushBytes(pull, new Uint8Array(1))
  readShare(pull)
  expect(log).toEqual([told])
})

test('stopped from inside a unit, it reads no further and keeps nothing', () => {
  const { log, pull } = startPull([unit(1), unit(2)], {
    onMessage() {
      log.push('unit')
      pull.isStopped = true
    },
  })
  readShare(pull)
  expect(log).toEqual(['unit'])
})
