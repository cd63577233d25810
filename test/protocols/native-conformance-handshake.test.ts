import { describe, expect, test } from 'vitest'
import { coalesced, oneByte } from '../../transport/memory/chunking.ts'
import { errorValues, NUMBER, rawIdentity } from '../interop/raw-native-messages.ts'
import { drawnId } from '../interop/raw-native-peer.ts'
import { codesOf, OURS, RAW, ROLES, startScene } from './native-conformance-support.ts'

const said = (text: string) => new TextEncoder().encode(text)
const line = (text: string) => [NUMBER.message, 'test/line', said(text)]
const sending = (text: string) => ({
  type: 'message' as const,
  protocol: 'test/line',
  payload: said(text),
})

describe.each(ROLES)('our node as %s', (role) => {
  test.each([
    ['as written', undefined],
    ['byte by byte', oneByte],
    ['coalesced', coalesced],
  ])(
    'H1, H3: a good handshake, %s: both know each other, and lines go both ways',
    (_, chunking) => {
      const scene = startScene()
      if (chunking !== undefined) scene.world.network.setChunking(chunking)
      const lines: string[] = []
      scene.ours.supervisor.messages('message').subscribe(({ message, peer }) => {
        lines.push(`${peer.identity ?? ''} ${new TextDecoder().decode(message.payload)}`)
      })
      const { peer } = scene.establish(role)
      expect(scene.ours.eventsOf('connection.active')).toMatchObject([{ identity: RAW.id }])
      expect(peer.theirs?.nodeId).toEqual(OURS.nodeId)
      peer.say(line('one'), line('two'))
      expect(scene.ours.supervisor.send(RAW.id, sending('three'))).toBe('queued')
      scene.world.settle()
      expect(lines).toEqual([`${RAW.id} one`, `${RAW.id} two`])
      expect(peer.heardOf(NUMBER.message)).toEqual([line('three')])
      expect(peer.problems).toEqual([])
    },
  )
})

describe.each(ROLES)('our node as %s', (role) => {
  test.each([30_000, 0, -30_000])('H5: a handshake that is %i ms old is accepted', (ageMs) => {
    const scene = startScene()
    const timestampMs = BigInt(scene.wallMs() - ageMs)
    const { peer } = scene.greet(role, { fields: { timestampMs } })
    if (role === 'responder') peer.confirm()
    scene.world.settle()
    expect(peer.errors()).toEqual([])
    expect(scene.active()).toBe(1)
  })

  test.each([1, 65_535])('H6: minor version %i is accepted, and 0 applies', (minor) => {
    const scene = startScene()
    const { peer } = scene.greet(role, { fields: { minor } })
    if (role === 'responder') peer.confirm()
    scene.world.settle()
    expect(peer.problems).toEqual([])
    expect(scene.ours.supervisor.connections()).toMatchObject([
      { phase: 'active', facts: { minor: 0 } },
    ])
  })

  test('H8: no two sessions share an ephemeral key, a nonce or a session id', () => {
    const scene = startScene()
    const seen = new Set<string>()
    for (let count = 0; count < 8; count++) {
      const host = `10.0.1.${count}`
      const stream = scene.establish(role, { host, identity: rawIdentity(`raw ${count}`) })
      const { theirs, keys } = stream.peer
      if (theirs === undefined || keys === undefined) throw new Error('no handshake')
      for (const bytes of [theirs.nonce, theirs.ephemeralKey, keys.transcript]) {
        seen.add(bytes.join())
      }
    }
    expect(seen.size).toBe(24)
  })
})

test('H3: an initiator reads a record that comes in one chunk with the handshake', () => {
  const scene = startScene()
  scene.world.network.setChunking(coalesced)
  const payloads: string[] = []
  scene.ours.supervisor.messages('message').subscribe(({ message }) => {
    payloads.push(new TextDecoder().decode(message.payload))
  })
  const { peer } = scene.attract()
  peer.greet()
  peer.say(line('at once'))
  scene.world.settle()
  expect(payloads).toEqual(['at once'])
})

test('H3: a responder reads many records, and many values of one, that come in one chunk', () => {
  const scene = startScene()
  scene.world.network.setChunking(coalesced)
  const payloads: string[] = []
  scene.ours.supervisor.messages('message').subscribe(({ message }) => {
    payloads.push(new TextDecoder().decode(message.payload))
  })
  const { peer } = scene.greet('responder')
  peer.say([NUMBER.confirm], line('one'), line('two'))
  peer.say(line('three'))
  scene.world.settle()
  expect(payloads).toEqual(['one', 'two', 'three'])
})

test('H7: a responder says nothing of its own before the confirm', () => {
  const scene = startScene()
  const stream = scene.greet('responder')
  expect(scene.ours.supervisor.send(RAW.id, sending('too early'))).toBe('gone')
  scene.world.advance(20_000)
  expect(stream.peer.heard.map(({ values }) => values[0])).toEqual([NUMBER.handshake])
  expect(scene.active()).toBe(0)
  stream.peer.confirm()
  scene.world.settle()
  expect(scene.active()).toBe(1)
  expect(stream.peer.recordCount).toBeGreaterThan(0)
})

test('a listener that sends no confirm first is verified by any message, which is handled', () => {
  const scene = startScene()
  const payloads: Uint8Array[] = []
  scene.ours.supervisor.messages('message').subscribe(({ message }) => {
    payloads.push(message.payload)
  })
  const { peer } = scene.greet('responder')
  peer.say(line('no confirm'))
  scene.world.settle()
  expect(payloads).toEqual([said('no confirm')])
  expect(scene.active()).toBe(1)
})

test('a listener is verified by the answer to a direct, also where that is an Error', () => {
  const scene = startScene()
  const { peer } = scene.greet('responder')
  peer.say(errorValues(500, drawnId()))
  scene.world.settle()
  expect(scene.active()).toBe(1)
  // Its direct is no one's: it is counted as such, and ends nothing.
  expect([scene.phases(), scene.struck()]).toEqual([['active'], []])
})

/** Of some raw identities the smallest and the largest id; our node's lies between them. */
const [SMALLER, LARGER] = (() => {
  const drawn = Array.from({ length: 16 }, (_, count) => rawIdentity(`raw ${count}`))
  const sorted = drawn.sort((one, other) => (one.id < other.id ? -1 : 1))
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined || !(first.id < OURS.id && OURS.id < last.id)) {
    throw new Error('our id is not between them')
  }
  return [first, last] as const
})()

describe.each([
  ['smaller', SMALLER],
  ['larger', LARGER],
])('H4: two dials that meet, of a raw peer with the %s id', (size, identity) => {
  test('both handshakes have run: the dial of the smaller id stays', () => {
    const scene = startScene()
    const dialled = scene.attract({ identity })
    const dialling = scene.greet('responder', undefined, { identity })
    dialled.peer.greet()
    scene.world.settle()
    dialling.peer.confirm()
    scene.world.advance(10_000)
    const [stays, goes] = size === 'smaller' ? [dialling, dialled] : [dialled, dialling]
    expect([goes.state(), codesOf(goes)]).toEqual(['ended', [410]])
    expect([stays.state(), codesOf(stays)]).toEqual(['open', []])
    expect(scene.phases()).toEqual(['active'])
    expect(scene.struck()).toEqual([])
  })

  test.each(['theirs', 'ours'])('%s is verified before the other begins: it stays', (first) => {
    const scene = startScene()
    const early =
      first === 'theirs'
        ? scene.establish('responder', { identity })
        : scene.establish('initiator', { identity })
    const late = scene.greet('responder', undefined, { identity })
    scene.world.advance(10_000)
    expect([late.state(), codesOf(late)]).toEqual(['ended', [410]])
    expect([early.state(), codesOf(early)]).toEqual(['open', []])
    expect(scene.phases()).toEqual(['active'])
  })
})
