import { expect, test } from 'vitest'
import { createRouter } from '../../actors/router.ts'
import type { Settle } from '../../actors/router.ts'
import type { PlainMessage, PlainTypes } from '../contracts/fits/plain.ts'

const peer = { connection: 'one', identity: undefined, address: '10.0.0.1:1' }

function startRouter() {
  const thrown: unknown[] = []
  const credit = { bytes: 0 }
  const crediting = {
    take(bytes: number) {
      credit.bytes += bytes
    },
    giveBack(bytes: number) {
      credit.bytes -= bytes
    },
  }
  const router = createRouter<PlainTypes>({
    own: ({ payload, type }) => ({ type, payload: payload.slice() }),
    contentBytes: ({ payload }) => payload.length,
    onThrow: (_, error) => thrown.push(error),
  })
  const route = (payload: Uint8Array, type: PlainMessage['type'] = 'blob') =>
    router.route({ peer, message: { type, payload } }, crediting)
  return { credit, route, router, thrown }
}

const bytes = () => Uint8Array.of(1, 2, 3)

test('a message that nobody consumes is told as that', () => {
  const { route, router } = startRouter()
  // Subscribing alone makes no consumer: that is a command of its own.
  router.subject('blob', false).subscribe()
  router.consume('ping', false)
  expect(route(bytes())).toBe('no-consumer')
})

test('subscribers get copies of their own, one for all, and views where they ask for them', () => {
  const { route, router } = startRouter()
  const got: Uint8Array[] = []
  const views: Uint8Array[] = []
  for (const _ of [1, 2]) {
    router.subject('blob', false).subscribe(({ message }) => got.push(message.payload))
    router.consume('blob', false)
  }
  router.subject('blob', true).subscribe(({ message }) => views.push(message.payload))
  router.consume('blob', true)
  const payload = bytes()
  expect(route(payload)).toBe('handled')
  expect(views).toEqual([payload])
  expect(views[0]).toBe(payload)
  expect(got[0]).toEqual(payload)
  expect(got[0]).not.toBe(payload)
  expect(got[0]).toBe(got[1])
})

test('a subscriber that throws is told of, and the others get the message', () => {
  const { route, router, thrown } = startRouter()
  const error = new Error('mine')
  const got: number[] = []
  router.subject('blob', false).subscribe(() => {
    throw error
  })
  router.subject('blob', false).subscribe(({ message }) => got.push(message.payload.length))
  router.consume('blob', false)
  route(bytes())
  route(bytes())
  expect([got, thrown]).toEqual([
    [3, 3],
    [error, error],
  ])
})

test('a handler holds credit until it settles, two kilobytes at least, and gives it back once', () => {
  const { credit, route, router } = startRouter()
  const settles: Settle[] = []
  router.handle('blob', (_, settle) => settles.push(settle))
  expect(route(bytes())).toBe('handled')
  route(bytes())
  expect(credit.bytes).toBe(2 * 2_048)
  settles[0]?.()
  settles[0]?.()
  expect(credit.bytes).toBe(2_048)
  settles[1]?.()
  expect(credit.bytes).toBe(0)
})

test('a handler that throws gives its credit back, and is told of', () => {
  const { credit, route, router, thrown } = startRouter()
  router.handle('blob', () => {
    throw new Error('mine')
  })
  expect(route(bytes())).toBe('handled')
  expect([credit.bytes, thrown]).toEqual([0, [new Error('mine')]])
})

test('a feed that is being restarted is told apart from nobody, and its fault is its own', () => {
  const { route, router, thrown } = startRouter()
  const faults: unknown[] = []
  const unfeed = router.feed(
    'blob',
    () => 'restarting',
    () => undefined,
  )
  expect(route(bytes())).toBe('restarting')
  unfeed()
  router.feed(
    'blob',
    () => {
      throw new Error('its own')
    },
    (error) => faults.push(error),
  )
  expect(route(bytes())).toBe('handled')
  expect([faults, thrown]).toEqual([[new Error('its own')], []])
})

test('whoever goes is forgotten, and a type without anybody as well', () => {
  const { route, router } = startRouter()
  const subscription = router.subject('blob', false).subscribe()
  const unconsume = router.consume('blob', false)
  const unhandle = router.handle('blob', () => undefined)
  expect(router.counts()).toEqual({ types: 1, subscribers: 1, handlers: 1, feeds: 0 })
  unconsume()
  unconsume()
  unhandle()
  subscription.unsubscribe()
  expect(router.counts()).toEqual({ types: 0, subscribers: 0, handlers: 0, feeds: 0 })
  expect(route(bytes())).toBe('no-consumer')
})

test('stopped, it completes who subscribed, and who still comes', () => {
  const { router } = startRouter()
  const completed: string[] = []
  router.subject('blob', false).subscribe({ complete: () => completed.push('before') })
  router.stop()
  router.subject('blob', true).subscribe({ complete: () => completed.push('after') })
  expect(completed).toEqual(['before', 'after'])
  expect(router.counts()).toEqual({ types: 0, subscribers: 0, handlers: 0, feeds: 0 })
})
