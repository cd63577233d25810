import { describe, expect, test } from 'vitest'
import { lines } from '../../../examples/smallest-network.ts'
import type { ProtocolTypes } from '../../../index.ts'
import { encodeAscii } from '../../../codec/bytes.ts'
import { ATTACK_NAMES } from '../../../testing/hostile/hostile-peer.ts'
import type { AttackName, AttackReport, Manner } from '../../../testing/hostile/report.ts'
import { native } from '../../../protocols/native.ts'
import type { NativeTypes } from '../../../protocols/native.ts'
import { bound } from '../../contracts/fits/bound.ts'
import { keyed } from '../../contracts/fits/keyed.ts'
import { oneWay } from '../../contracts/fits/one-way.ts'
import { plain } from '../../contracts/fits/plain.ts'
import { sniffing } from '../../contracts/fits/sniffing.ts'
import { say } from '../../contracts/seats.ts'
import { NOTHING_HELD, startNode } from '../../support/nodes.ts'
import { startKeys, startVictim } from './victims.ts'
import type { VictimOptions } from './victims.ts'

const key = startKeys()
const LONG = { timeout: 60_000 }
const FEW = { placesMax: 8, connectionsMax: 60, messagesMax: 5_000 }

/** Networks differ in their types: what is done with one is done where it is known. */
const of =
  <T extends ProtocolTypes>(options: VictimOptions<T>) =>
  () =>
    startVictim({ attack: { sizes: FEW }, ...options })

const NATIVE: VictimOptions<NativeTypes> = {
  protocol: () => native({ network: 'test/one', privateKey: key() }),
  messages: [{ type: 'message', protocol: 'test', payload: Uint8Array.of(1, 2) }],
  address: (identity, socket) => `node://${identity}@${socket}`,
}

const VICTIMS = {
  native: of(NATIVE),
  'native, with all that is tried by default,': of({ ...NATIVE, attack: {} }),
  lines: of({ protocol: lines, messages: [{ type: 'line', bytes: encodeAscii('one') }] }),
  plain: of({ protocol: plain, messages: [say('blob', 1, 2, 3)] }),
  keyed: of({ protocol: () => keyed(key()), messages: [say('note', 1)] }),
  bound: of({ protocol: () => bound(key()), messages: [say('fetch', 1)] }),
  'one-way': of({
    protocol: () => oneWay(key()),
    messages: [say('note', 1)],
    address: (identity, socket) => `${identity}@${socket}`,
  }),
  sniffing: of({ protocol: () => sniffing(), messages: [say('line', 1)] }),
  'sniffing, of the old kind,': of({
    protocol: () => sniffing(),
    victim: sniffing(['old']),
    messages: [say('line', 1)],
  }),
}

const ALL_PASSED = ATTACK_NAMES.map((attack) => ({ attack, verdict: 'passed', because: [] }))

describe.each(Object.entries(VICTIMS))('a node of %s', (_, start) => {
  test('passes every attack, and holds nothing of them afterwards', LONG, async () => {
    const { events, peer, stop, supervisor } = start()
    const reports: AttackReport[] = []
    for await (const report of peer.attackAll()) reports.push(report)
    const outcomes = reports.map(({ attack, because, verdict }) => ({ attack, verdict, because }))
    expect(outcomes).toEqual(ALL_PASSED)
    for (const { honestAfter, honestDuring, taken } of reports) {
      expect([honestDuring?.isServed, honestAfter?.isServed]).toEqual([true, true])
      expect(taken.length).toBeGreaterThan(0)
    }
    await stop()
    expect(events.filter(({ type }) => type === 'fault')).toEqual([])
    expect(supervisor.audit()).toMatchObject(NOTHING_HELD)
  })
})

describe('a report', () => {
  const mannersOf = ({ taken }: AttackReport) => [...new Set(taken.map(({ manner }) => manner))]

  test.each<[AttackName, readonly Manner[]]>([
    ['byte-by-byte', ['active']],
    ['split', ['active']],
    ['coalesced', ['active']],
    ['oversize', ['ended']],
    ['wrong-magic', ['ended']],
    ['early-messages', ['ended']],
    ['replayed', ['ended']],
    ['reset', ['left']],
    ['half-closed', ['ended']],
    ['half-open', ['ended']],
    ['trickle', ['ended']],
    ['never-reads', ['ended', 'open']],
    ['message-flood', ['active']],
  ])('says of %s how each connection was taken', async (name, manners) => {
    expect(mannersOf(await VICTIMS.native().peer.attack(name))).toEqual(manners)
  })

  test('says after how long, and with which last bytes', async () => {
    const { peer } = VICTIMS.native()
    const [silent] = (await peer.attack('half-open')).taken
    expect(silent).toMatchObject({ manner: 'ended', afterMs: 30_000, sentBytes: 0 })
    const flood = await peer.attack('flood-from-one-host')
    const refused = flood.taken.filter(({ afterMs }) => afterMs === 0)
    // Eight pending connections of one host are let wait; the others are told why they are not.
    expect(refused).toHaveLength(flood.taken.length - 8)
    expect(refused[0]?.receivedBytes).toBeGreaterThan(0)
    expect(refused[0]?.lastBytes.length).toBe(Math.min(refused[0]?.receivedBytes ?? 0, 64))
  })

  test('names what was done on each connection, and no two are the same', async () => {
    const { taken } = await VICTIMS.native().peer.attack('wrong-magic')
    const names = taken.map(({ what }) => what)
    expect(names).toEqual(expect.arrayContaining(['an HTTP request', 'byte 0 off by a bit']))
    expect(new Set(names).size).toBe(names.length)
  })
})

test.each([
  ['that the network cannot read', () => '127.0.0.1'],
  ['with a name, wherever it leads,', (id: string) => `node://${id}@localhost:9946`],
])('an address %s is refused', (_, address) => {
  expect(() => startVictim({ ...NATIVE, address })).toThrow(RangeError)
})

test('what an attacker left behind in a world is gone with it', async () => {
  const { peer, supervisor, world } = VICTIMS.native()
  await peer.attack('flood-from-many-hosts')
  world.settle()
  expect(supervisor.connections()).toEqual([])
})

test('whom the attacked node tells its peers of is left alone', LONG, async () => {
  const { address, peer, world } = VICTIMS.native()
  const bystander = startNode(
    world,
    'bystander',
    '10.0.0.2',
    native({ network: 'test/one', privateKey: key() }),
    { bootstrap: [address] },
  )
  world.advance(120_000)
  await peer.attack('half-open')
  expect(bystander.eventsOf('connection.started')).toMatchObject([{ role: 'dialler' }])
})

test('an attack that throws leaves nothing open', async () => {
  let left = Infinity
  const { peer, supervisor, world } = startVictim({
    ...NATIVE,
    protocol() {
      if (left-- <= 0) throw new Error('there are no more keys')
      return NATIVE.protocol()
    },
  })
  await peer.attack('half-open')
  left = 0
  // It is open when the honest peer cannot be made.
  await expect(peer.attack('half-open')).rejects.toThrow('there are no more keys')
  world.settle()
  expect(supervisor.audit()).toMatchObject({ connections: 0, streams: 0 })
})
