import { expect, test } from 'vitest'
import type { ChildSpec } from '../../index.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { countHeld } from '../support/collected.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

type Kinds = readonly (string | undefined)[] | undefined

/** A child that takes publications of some kinds, and fails when it gets `fail`. */
const taking = (name: string, publishes: Kinds): ChildSpec<PlainTypes> => ({
  name,
  restart: 'permanent',
  keep: () => undefined,
  start(tools) {
    tools.serve({
      ...(publishes && { publishes }),
      publish({ topic }, settle) {
        if (topic === 'fail') {
          tools.after(0, () => {
            throw new Error('asked to')
          })
          return () => undefined
        }
        settle({ value: { id: name, queued: 0, dropped: 0 } })
        return () => undefined
      },
    })
    return () => undefined
  },
})

function startPublisher(...children: readonly (readonly [name: string, publishes: Kinds])[]) {
  const world = startVirtualWorld({ seed: 'kinds' })
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', {
    ...plain(),
    children: children.map(([name, publishes]) => taking(name, publishes)),
  })
  const publish = async (kind?: string, topic = 'topic') => {
    const published = supervisor.publish(
      topic,
      Uint8Array.of(1),
      kind === undefined ? {} : { kind },
    )
    // Looked at below; that it failed is known by then.
    published.catch(() => undefined)
    world.advance(1)
    return published.then(
      ({ id }) => id,
      (error: unknown) => error,
    )
  }
  return { publish, world }
}

test('a publication goes to the child that takes its kind', async () => {
  const { publish } = startPublisher(['letters', ['letter', undefined]], ['parcels', ['parcel']])
  expect([await publish('parcel'), await publish('letter'), await publish()]).toEqual([
    ...['parcels', 'letters', 'letters'],
  ])
})

test('of a kind that nobody takes it is unsupported, and the kind is named', async () => {
  const { publish } = startPublisher(['letters', ['letter']], ['parcels', ['parcel']])
  expect(await publish('pallet')).toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('pallet') as string,
  })
  expect(await publish()).toMatchObject({ code: 'unsupported' })
})

test('where a child names no kinds it takes all', async () => {
  const { publish } = startPublisher(['parcels', ['parcel']], ['all', undefined])
  expect([await publish('parcel'), await publish('pallet'), await publish()]).toEqual([
    ...['parcels', 'all', 'all'],
  ])
})

test('the usual kind stays who it was when its child was started again', async () => {
  const { publish, world } = startPublisher(['letters', [undefined]], ['parcels', ['parcel']])
  expect(await publish(undefined, 'fail')).toMatchObject({ code: 'restarting' })
  world.advance(100)
  expect([await publish(), await publish('parcel')]).toEqual(['letters', 'parcels'])
})

test('topics and handlers that no child would ever come for are refused', () => {
  const { supervisor } = startNode(startVirtualWorld({ seed: 'uses' }), 'alice', '10.0.0.1', {
    ...plain(),
    children: [{ ...taking('answering', undefined), uses: ['answer'] }],
  })
  const unsupported = expect.objectContaining({ code: 'unsupported' }) as Error
  expect(() => supervisor.topic('news')).toThrow(unsupported)
  expect(() => supervisor.validate('news', async () => 'accept')).toThrow(unsupported)
  const withdraw = supervisor.answer('upper-case', async () => undefined)
  expect(supervisor.audit().namedHandlers).toBe(1)
  withdraw()
  expect(supervisor.audit().namedHandlers).toBe(0)
})

test('a handler whose place another one took is let go of', async () => {
  const { supervisor } = startNode(startVirtualWorld({ seed: 'places' }), 'alice', '10.0.0.1', {
    ...plain(),
    children: [{ ...taking('answering', undefined), uses: ['answer'] }],
  })
  const references = Array.from({ length: 5 }, () => {
    const handler = () => Promise.resolve(undefined)
    supervisor.answer('upper-case', handler)
    return new WeakRef(handler)
  })
  expect(supervisor.audit().namedHandlers).toBe(1)
  expect(await countHeld(references)).toBe(1)
})

test.each([
  ['topic', 'answer'],
  ['answer', 'validate'],
  ['validate', 'answer'],
] as const)('a child that reaches for %s and names %s alone fails', (reached, named) => {
  const world = startVirtualWorld({ seed: 'uses' })
  const faults: string[] = []
  const delivery = {
    ...{ topic: 'news', payload: Uint8Array.of(1), id: '1', origin: 'bob', kind: 'letter' },
    timestampMs: 0,
  }
  const peer = { connection: 'bob', identity: undefined, address: '10.0.0.2:1' }
  const about = { key: 'news', connection: 'bob', bytes: 1 }
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', {
    ...plain(),
    children: [
      {
        ...{ name: 'reaching', restart: 'temporary', uses: [named], keep: () => undefined },
        start({ after, application }) {
          after(1, () => {
            if (reached === 'topic') application.deliver(delivery)
            else if (reached === 'validate') {
              application.ask('validate', { ...about, given: delivery }, () => undefined)
            } else {
              const given = {
                peer,
                protocol: 'news',
                payload: Uint8Array.of(1),
                metadata: undefined,
              }
              application.ask('answer', { ...about, given }, () => undefined)
            }
          })
          return () => undefined
        },
      },
    ],
  })
  supervisor.events.subscribe((event) => {
    if (event.type === 'fault') faults.push(String(event.error))
  })
  world.advance(1)
  expect(faults).toEqual([expect.stringContaining(`reaching does not name ${reached}`)])
})
