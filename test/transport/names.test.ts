import type { LookupAddress } from 'node:dns'
import { expect, test } from 'vitest'
import { createDeliveryQueue } from '../../transport/later.ts'
import { namesThrough, staticNames, systemNames } from '../../transport/names.ts'
import type { Lookup } from '../../transport/names.ts'
import type { Names, NamesInput } from '../../world/names.ts'
import { platformUntil } from './support.ts'

function startNames(names: Names) {
  const told: NamesInput[] = []
  let isCalling = false
  names.start((input) => {
    if (isCalling) throw new Error('delivered inside a call')
    told.push(input)
  })
  const resolve = (request: number, host: string): void => {
    isCalling = true
    names.resolve(request, host)
    isCalling = false
  }
  const forget = (request: number): void => {
    names.forget(request)
  }
  return { told, resolve, forget }
}

/** A resolver whose questions wait for the test's answers. */
function startResolver() {
  const open: { readonly host: string; readonly answer: Parameters<Lookup>[1] }[] = []
  const lookup: Lookup = (host, answer) => {
    open.push({ host, answer })
  }
  const answerNext = (addresses: readonly string[]): void => {
    const of = addresses.map((address): LookupAddress => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }))
    open.shift()?.answer(null, of)
  }
  const failNext = (code: string): void => {
    open.shift()?.answer(Object.assign(new Error(code), { code }), [])
  }
  return { ...startNames(systemNames({ lookup })), open, answerNext, failNext }
}

test('the system knows its own name', async () => {
  const { told, resolve } = startNames(systemNames())
  resolve(1, 'localhost')
  await platformUntil(() => told.length > 0, 'the answer')
  const [answer] = told
  if (answer?.kind !== 'names.resolved') throw new Error('localhost was not found')
  expect(answer.hosts.every((host) => host === '::1' || host.startsWith('127.'))).toBe(true)
})

test('keeps the order of the resolver, in canonical form, each host once', () => {
  const { told, resolve, answerNext } = startResolver()
  resolve(1, 'seed.example')
  answerNext(['2001:DB8:0:0::1', '192.0.2.7', '::ffff:192.0.2.7', '192.0.2.1'])
  expect(told).toEqual([
    { kind: 'names.resolved', request: 1, hosts: ['2001:db8::1', '192.0.2.7', '192.0.2.1'] },
  ])
})

test.each([
  ['ENOTFOUND', 'not-found'],
  ['ENODATA', 'not-found'],
  ['EAI_AGAIN', 'timed-out'],
  ['ETIMEOUT', 'timed-out'],
  ['EMFILE', 'too-many-open'],
  ['ESERVFAIL', 'failed'],
])('answers %s of the resolver with %s', (code, fault) => {
  const { told, resolve, failNext } = startResolver()
  resolve(1, 'seed.example')
  failNext(code)
  expect(told).toEqual([{ kind: 'names.failed', request: 1, fault }])
})

test('answers a name without addresses as one that is not found', () => {
  const { told, resolve, answerNext } = startResolver()
  resolve(1, 'seed.example')
  answerNext([])
  expect(told).toEqual([{ kind: 'names.failed', request: 1, fault: 'not-found' }])
})

test('answers literals itself, and refuses what can be no name', async () => {
  const { told, resolve, open } = startResolver()
  resolve(1, '::FFFF:192.0.2.1')
  resolve(2, '')
  resolve(3, 'a'.repeat(254))
  resolve(4, 'a\0b')
  await platformUntil(() => told.length === 4, 'the answers')
  expect(told).toEqual([
    { kind: 'names.resolved', request: 1, hosts: ['192.0.2.1'] },
    { kind: 'names.failed', request: 2, fault: 'bad-address' },
    { kind: 'names.failed', request: 3, fault: 'bad-address' },
    { kind: 'names.failed', request: 4, fault: 'bad-address' },
  ])
  expect(open).toHaveLength(0)
})

test('asks two names at once, the others in their order, and refuses above its limit', async () => {
  const { told, resolve, open, answerNext } = startResolver()
  for (let request = 1; request <= 300; request++) resolve(request, `${request}.example`)
  expect(open.map(({ host }) => host)).toEqual(['1.example', '2.example'])
  await platformUntil(() => told.length === 300 - 256, 'the refusals')
  expect(told.every((input) => input.kind === 'names.failed')).toBe(true)

  const before = told.length
  while (open.length > 0) {
    expect(open.length).toBeLessThanOrEqual(2)
    answerNext(['192.0.2.1'])
  }
  const resolved = told.slice(before).map(({ request }) => request)
  expect(resolved).toEqual(Array.from({ length: 256 }, (_, index) => index + 1))
})

test('nobody is asked for a name that nobody waits for any more, and the others move up', () => {
  const { told, resolve, forget, open, answerNext } = startResolver()
  for (let request = 1; request <= 4; request++) resolve(request, `${request}.example`)
  forget(1)
  forget(3)
  forget(99)
  answerNext(['192.0.2.1'])
  expect(open.map(({ host }) => host)).toEqual(['2.example', '4.example'])
  expect(told).toEqual([])
  answerNext(['192.0.2.2'])
  answerNext(['192.0.2.4'])
  expect(told.map(({ request }) => request)).toEqual([2, 4])
  expect(open).toEqual([])
})

test('what was forgotten leaves room for as many others', () => {
  const { resolve, forget, open, answerNext } = startResolver()
  for (let request = 1; request <= 256; request++) resolve(request, `${request}.example`)
  for (let request = 3; request <= 256; request++) forget(request)
  resolve(300, 'later.example')
  answerNext(['192.0.2.1'])
  expect(open.map(({ host }) => host)).toEqual(['2.example', 'later.example'])
})

test('one look-up answers all who wait for its name, those who came while it ran among them', () => {
  const { told, resolve, forget, open, answerNext } = startResolver()
  resolve(1, 'seed.example')
  forget(1)
  resolve(2, 'seed.example')
  resolve(3, 'seed.example')
  expect(open).toHaveLength(1)
  answerNext(['192.0.2.1'])
  expect(told.map(({ request }) => request)).toEqual([2, 3])
  resolve(4, 'seed.example')
  expect(open).toHaveLength(1)
})

test('a table answers later, in the order of asking', () => {
  const queue = createDeliveryQueue()
  const table = { 'seed.example': ['192.0.2.1', '192.0.2.2'], 'dead.example': 'timed-out' } as const
  const { told, resolve } = startNames(staticNames(table, { later: queue.later }))
  resolve(1, 'seed.example')
  resolve(2, 'dead.example')
  resolve(3, 'toString')
  resolve(4, '192.0.2.9')
  expect(told).toEqual([])
  queue.run()
  expect(told).toEqual([
    { kind: 'names.resolved', request: 1, hosts: ['192.0.2.1', '192.0.2.2'] },
    { kind: 'names.failed', request: 2, fault: 'timed-out' },
    { kind: 'names.failed', request: 3, fault: 'not-found' },
    { kind: 'names.resolved', request: 4, hosts: ['192.0.2.9'] },
  ])
})

test('an onion name is not found, and nobody is asked', async () => {
  const { told, resolve, open } = startResolver()
  for (const [request, host] of ['abc.onion', 'ABC.Onion', 'sub.abc.onion.'].entries()) {
    resolve(request, host)
  }
  await platformUntil(() => told.length === 3, 'the answers')
  expect(told.map((answer) => 'fault' in answer && answer.fault)).toEqual([
    'not-found',
    'not-found',
    'not-found',
  ])
  expect(open).toEqual([])
})

test('names of a node whose streams take them are answered by themselves; the rest is resolved', () => {
  const queue = createDeliveryQueue()
  const { later } = queue
  const below = staticNames({ 'a.example': ['192.0.2.1'], 'b.example': ['192.0.2.2'] }, { later })
  const { told, resolve } = startNames(
    namesThrough({ takesName: (name) => name === 'b.example' }, below, { later }),
  )
  resolve(1, 'b.example')
  resolve(2, 'a.example')
  resolve(3, 'c.example')
  expect(told).toEqual([])
  queue.run()
  expect(told).toEqual([
    { kind: 'names.resolved', request: 1, hosts: ['b.example'] },
    { kind: 'names.resolved', request: 2, hosts: ['192.0.2.1'] },
    { kind: 'names.failed', request: 3, fault: 'not-found' },
  ])
})

test('all names are resolved where the streams say nothing of them', () => {
  const queue = createDeliveryQueue()
  const { later } = queue
  const below = staticNames({ 'a.example': ['192.0.2.1'] }, { later })
  const { told, resolve } = startNames(namesThrough({}, below, { later }))
  resolve(1, 'a.example')
  queue.run()
  expect(told).toMatchObject([{ kind: 'names.resolved', hosts: ['192.0.2.1'] }])
})
