import { describe, expect, test } from 'vitest'
import type { AddressEntry } from '../../codec/bitcoin/addresses.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { AddressRelayOptions } from '../../protocols/bitcoin/address-relay-contract.ts'
import { addressFrom, I2P, ONION } from './bitcoin-addresses-support.ts'
import {
  DAY_MS,
  entryOf,
  HOUR_MS,
  MINUTE_MS,
  startRelay,
  textsOf,
} from './bitcoin-relay-support.ts'
import type { Puppet } from './bitcoin-relay-support.ts'
import { list, raw } from './bitcoin-support.ts'

const addr = (entries: readonly AddressEntry[]) => ({ type: 'addr', entries }) as const
const addrv2 = (entries: readonly AddressEntry[]) => ({ type: 'addrv2', entries }) as const
const bytesOf = (entries: readonly AddressEntry[]) =>
  entries.map(({ address }) => encodeHex(address.bytes)).sort()
const hosts = (count: number) => Array.from({ length: count }, (_, index) => `${100 + index}.2.1.1`)
const whoHeard = (puppets: readonly Puppet[], text: string) =>
  puppets
    .filter((puppet) => bytesOf(puppet.entries()).includes(bytesOf([entryOf(text, 0)])[0] ?? ''))
    .map(({ host }) => host)

describe('p2p_addr_relay', () => {
  test.each([
    ['over v1', {}],
    ['over v2', { transport: 'v2' }],
  ] as const)('p2p_addr_relay: relay to 2 peers (%s)', (_, setup) => {
    const { keen: keenOn, nowSeconds, world } = startRelay(setup)
    const keen = (host: string) => keenOn(host, 'transport' in setup ? setup : {})
    const puppets = hosts(9).map((host) => keen(host))
    const [teller, ...others] = puppets
    teller?.say(addr([entryOf('40.1.1.1', nowSeconds())]))
    world.advance(10 * MINUTE_MS)
    expect(whoHeard(others, '40.1.1.1')).toHaveLength(2)
    expect(teller?.entries()).toEqual([])
    teller?.say(addr([entryOf('40.1.1.1', nowSeconds())]))
    world.advance(10 * MINUTE_MS)
    expect(others.flatMap((puppet) => puppet.lengths())).toEqual([1, 1])
  })

  test.each([
    ['is more than ten minutes old', 601, 1],
    ['comes with ten others', 0, 11],
  ])('an address that %s goes to nobody', (_, agoSeconds, count) => {
    const { book, dialled, keen, nowSeconds, world } = startRelay()
    const teller = dialled('99.2.1.1', 'full-relay')
    // What it says next is no answer any more.
    teller.say(addr([]))
    const others = hosts(5).map((host) => keen(host))
    const seconds = nowSeconds() - agoSeconds
    teller.say(addr(textsOf(count).map((text) => entryOf(text, seconds))))
    world.advance(HOUR_MS)
    expect(book().size.new).toBe(count)
    expect(others.flatMap((puppet) => puppet.told)).toEqual([])
  })

  test('p2p_addr_relay: first addr after getaddr not relayed (and a full one is not the last of it)', () => {
    const { dialled, keen, nowSeconds, world } = startRelay()
    const asked = dialled('99.2.1.1', 'full-relay')
    const others = hosts(5).map((host) => keen(host))
    const heardAfter = (message: Parameters<Puppet['say']>[0]): number => {
      const before = others.flatMap(({ told }) => told).length
      asked.say(message)
      world.advance(10 * MINUTE_MS)
      return others.flatMap(({ told }) => told).length - before
    }
    expect(heardAfter(addr(textsOf(1_000).map((text) => entryOf(text, nowSeconds()))))).toBe(0)
    expect(heardAfter(addr([entryOf('40.1.1.1', nowSeconds())]))).toBe(0)
    expect(heardAfter(addr([entryOf('40.1.1.2', nowSeconds())]))).toBe(2)
  })

  test('p2p_addr_relay: works in blocks-only mode', () => {
    const { keen, nowSeconds, world } = startRelay({ blocksOnly: true })
    const [teller, ...others] = hosts(4).map((host) => keen(host))
    teller?.say(addr([entryOf('40.1.1.1', nowSeconds())]))
    world.advance(10 * MINUTE_MS)
    expect(whoHeard(others, '40.1.1.1')).toHaveLength(2)
  })

  test('p2p_addr_relay: nothing to block-only (nor of it)', () => {
    const { book, dialled, keen, nowSeconds, world } = startRelay({ own: ['1.2.3.4'] })
    const puppet = dialled('99.2.1.1', 'block-relay-only')
    const teller = keen('98.2.1.1')
    puppet.say(addr([entryOf('40.1.1.1', nowSeconds())]))
    puppet.say({ type: 'getaddr' })
    for (const text of textsOf(5)) teller.say(addr([entryOf(text, nowSeconds())]))
    world.advance(2 * DAY_MS)
    expect(puppet.told).toEqual([])
    expect(book().find('40.1.1.1:8333')).toBeUndefined()
  })

  test.each([
    ['addr', addr([])],
    ['addrv2', addrv2([])],
    ['getaddr', { type: 'getaddr' }],
  ] as const)('p2p_addr_relay: inbound only after addr activity (%s)', (_, message) => {
    const { inbound, keen, nowSeconds, world } = startRelay()
    const [silent, other] = [inbound('99.2.1.1'), inbound('98.2.1.1')]
    const teller = keen('97.2.1.1')
    const tell = (text: string) => {
      teller.say(addr([entryOf(text, nowSeconds())]))
      world.advance(10 * MINUTE_MS)
    }
    tell('40.1.1.1')
    expect([...silent.told, ...other.told]).toEqual([])
    other.say(message)
    tell('40.1.1.2')
    expect(silent.told).toEqual([])
    expect(whoHeard([other], '40.1.1.2')).toEqual([other.host])
  })

  test('p2p_addr_relay: answered once and only to inbound', () => {
    const { book, dialled, inbound, nowSeconds, world } = startRelay()
    const source = dialled('98.2.1.1', 'full-relay')
    source.say(addr(textsOf(200).map((text) => entryOf(text, nowSeconds() - 3_600))))
    const told = Math.floor(book().size.new * 0.23)
    expect(told).toBeGreaterThan(40)
    const asker = inbound('97.2.1.1')
    asker.say({ type: 'getaddr' })
    world.advance(1_000)
    expect(asker.lengths()).toEqual([told])
    const other = dialled('96.2.1.1', 'full-relay')
    for (const puppet of [asker, other]) puppet.say({ type: 'getaddr' })
    world.advance(HOUR_MS)
    expect(asker.lengths()).toEqual([told])
    expect(other.told).toEqual([])
  })

  test('p2p_addr_relay: rate limiting figures per connection type (who came in)', () => {
    const { figures, inbound, nowSeconds, world } = startRelay()
    const puppet = inbound('99.2.1.1')
    const say = (count: number) => {
      puppet.say(addr(textsOf(count).map((text) => entryOf(text, nowSeconds() - 3_600))))
    }
    say(5)
    // Connected for a second: a tenth of a token more than the one at first.
    expect(figures()).toEqual([{ addressesTaken: 1, addressesLimited: 4 }])
    world.advance(100_000)
    say(20)
    expect(figures()).toEqual([{ addressesTaken: 11, addressesLimited: 14 }])
    world.advance(DAY_MS)
    say(1_000)
    expect(figures()).toEqual([{ addressesTaken: 1_011, addressesLimited: 14 }])
    say(100)
    expect(figures()).toEqual([{ addressesTaken: 1_011, addressesLimited: 114 }])
  })

  test('p2p_addr_relay: rate limiting figures per connection type (whom we dialled)', () => {
    const { dialled, figures, nowSeconds } = startRelay()
    const puppet = dialled('99.2.1.1', 'full-relay')
    puppet.say(addr(textsOf(1_000).map((text) => entryOf(text, nowSeconds() - 3_600))))
    puppet.say(addr(textsOf(10).map((text) => entryOf(text, nowSeconds() - 3_600))))
    expect(figures()).toEqual([{ addressesTaken: 1_001, addressesLimited: 9 }])
  })

  test('of whom the operator trusts all are looked at', () => {
    const { figures, inbound, nowSeconds } = startRelay({ options: { isTrusted: () => true } })
    inbound('99.2.1.1').say(addr(textsOf(1_000).map((text) => entryOf(text, nowSeconds()))))
    expect(figures()).toEqual([{ addressesTaken: 1_000, addressesLimited: 0 }])
  })

  test('p2p_addr_relay: destination stable within 24 h, rotating over days', () => {
    const { keen, nowSeconds, world } = startRelay()
    const others = hosts(12).map((host) => keen(host))
    const daily = Array.from({ length: 6 }, (_, day) => {
      const told = (): number => others.flatMap((puppet) => puppet.told).length
      const before = new Map(others.map((puppet) => [puppet, puppet.told.length]))
      // A new teller each time: nobody among the others knows it from telling it.
      const teller = keen(`${50 + day}.3.1.1`)
      teller.say(addr([entryOf('40.1.1.1', nowSeconds())]))
      world.advance(10 * MINUTE_MS)
      const count = told()
      world.advance(6 * HOUR_MS)
      expect(told()).toBe(count)
      world.advance(18 * HOUR_MS - 10 * MINUTE_MS)
      return others
        .filter((puppet) => puppet.told.length > (before.get(puppet) ?? 0))
        .map(({ host }) => host)
    })
    expect(new Set(daily.flat()).size).toBeGreaterThan(3)
    for (const targets of daily) expect(targets.length).toBeLessThanOrEqual(2)
  })

  test('what is passed on leaves after a while of its own for each peer', () => {
    const { keen, nowSeconds, world } = startRelay()
    const others = hosts(12).map((host) => keen(host))
    const teller = keen('99.2.1.1')
    for (const text of textsOf(40)) {
      teller.say(addr([entryOf(text, nowSeconds())]))
      world.advance(10_000)
    }
    world.advance(10 * MINUTE_MS)
    const told = others.flatMap((puppet) => puppet.told)
    const count = others.reduce((sum, puppet) => sum + puppet.entries().length, 0)
    expect(count).toBe(80)
    // Some left together, at as many moments as there are messages.
    expect(told.length).toBeLessThan(80)
    expect(new Set(told.map(({ atMs }) => atMs)).size).toBe(told.length)
  })

  test('who serves no blocks is neither passed on nor kept, and counts all the same', () => {
    const { book, figures, keen, nowSeconds, world } = startRelay()
    const teller = keen('99.2.1.1')
    const other = keen('98.2.1.1')
    teller.say(addr([entryOf('40.1.1.1', nowSeconds(), 8n)]))
    teller.say(addr([entryOf('40.1.1.2', nowSeconds())]))
    world.advance(10 * MINUTE_MS)
    expect(other.told).toEqual([])
    expect(book().size.new).toBe(0)
    expect(figures()).toMatchObject([{ addressesTaken: 0, addressesLimited: 1 }, {}])
  })

  test('who is banned is neither passed on nor kept, nor told to who asks', () => {
    const { book, dialled, keen, node, nowSeconds, world } = startRelay()
    const other = keen('98.2.1.1')
    const teller = dialled('99.2.1.1', 'full-relay')
    teller.say(addr(textsOf(1).map((text) => entryOf(text, nowSeconds() - 3_600))))
    node.supervisor.ban({ kind: 'address', host: '30.0.1.1' })
    node.supervisor.ban({ kind: 'address', host: '40.1.1.1' })
    world.settle()
    teller.say(addr([entryOf('40.1.1.1', nowSeconds())]))
    other.say({ type: 'getaddr' })
    world.advance(10 * MINUTE_MS)
    expect(other.told).toEqual([])
    expect(book().size.new).toBe(1)
  })
})

describe('p2p_addr_relay', () => {
  test.each([
    ['addr', 30],
    ['addrv2', 9],
  ])('p2p_addr_relay: > 1000 entries discouraged (%s)', (command, entryBytes) => {
    const { book, inbound, node, world } = startRelay()
    const puppet = inbound('99.2.1.1')
    puppet.say(raw(command, list(1_000, entryBytes)))
    world.advance(2_000)
    expect(node.supervisor.connections()).toHaveLength(1)
    puppet.say(raw(command, list(1_001, entryBytes)))
    world.advance(2_000)
    expect(node.eventsOf('connection.closed')).toMatchObject([{ detail: 'too-many-addresses' }])
    expect(book().isKeptOut(addressFrom('99.2.1.1'))).toBe(true)
  })

  test('p2p_addr_relay: > 1000 entries discouraged (and not of a blocks-only peer)', () => {
    const { book, dialled, node, world } = startRelay()
    dialled('99.2.1.1', 'block-relay-only').say(raw('addr', list(1_001, 30)))
    world.advance(2_000)
    expect(node.supervisor.connections()).toHaveLength(1)
    expect(book().isKeptOut(addressFrom('99.2.1.1'))).toBe(false)
  })

  test.each([
    ['full-relay', 1],
    ['manual', 1],
    ['addr-fetch', 1],
    ['block-relay-only', 0],
    ['feeler', 0],
  ])('p2p_addr_relay: getaddr sent only to suitable outbound (%s, %d times)', (slot, times) => {
    expect(startRelay().dialled('99.2.1.1', slot).asked()).toBe(times)
  })

  test('p2p_addr_relay: getaddr sent only to suitable outbound (not to inbound)', () => {
    expect(startRelay().keen('99.2.1.1').asked()).toBe(0)
  })
})

describe('p2p_addrv2_relay', () => {
  test('p2p_addrv2_relay: sendaddrv2 after verack disconnects', () => {
    const { inbound, node, world } = startRelay()
    inbound('99.2.1.1').say(raw('sendaddrv2'))
    world.advance(2_000)
    expect(node.eventsOf('connection.closed')).toMatchObject([{ detail: 'late-negotiation' }])
  })

  const ALL = ['1.1.1.1', '[2a00::1]', `${ONION}:8333`, `${I2P}:0`, '[fc00::1]']

  test('p2p_addrv2_relay: > 1000 discouraged', () => {
    const { book, inbound, world } = startRelay()
    inbound('99.2.1.1').say(raw('addrv2', list(1_001, 9)))
    world.advance(2_000)
    expect(book().isKeptOut(addressFrom('99.2.1.1'))).toBe(true)
  })

  test('p2p_addrv2_relay: entries of all networks relayed and stored', () => {
    const { book, dialled, keen, nowSeconds, world } = startRelay()
    const teller = dialled('99.2.1.1', 'full-relay')
    teller.say(addrv2([]))
    const others = [keen('98.2.1.1'), keen('97.2.1.1')]
    teller.say(addrv2(ALL.map((text) => entryOf(text, nowSeconds()))))
    world.advance(10 * MINUTE_MS)
    expect(book().size.new).toBe(5)
    for (const puppet of others) {
      expect(bytesOf(puppet.entries())).toEqual(bytesOf(ALL.map((text) => entryOf(text, 0))))
      expect(puppet.told.every(({ message }) => message.type === 'addrv2')).toBe(true)
    }
  })

  test('who does not read addrv2 is told what addr has room for', () => {
    const { dialled, keen, nowSeconds, world } = startRelay()
    const teller = dialled('99.2.1.1', 'full-relay')
    teller.say(addrv2([]))
    const old = keen('98.2.1.1', { isOld: true })
    teller.say(addrv2(ALL.map((text) => entryOf(text, nowSeconds()))))
    world.advance(10 * MINUTE_MS)
    expect(bytesOf(old.entries())).toEqual(bytesOf(ALL.slice(0, 2).map((text) => entryOf(text, 0))))
    expect(old.told.every(({ message }) => message.type === 'addr')).toBe(true)
  })

  test('p2p_addrv2_relay: unreachable network not stored (and goes to one or two)', () => {
    const { book, dialled, keen, nowSeconds, world } = startRelay({ reachable: ['ipv4'] })
    const teller = dialled('99.2.1.1', 'full-relay')
    teller.say(addrv2([]))
    const others = hosts(8).map((host) => keen(host))
    const heard = Array.from({ length: 24 }, (_, index) => {
      const text = `[2a00:${(index + 1).toString(16)}::1]`
      teller.say(addrv2([entryOf(text, nowSeconds())]))
      world.advance(10 * MINUTE_MS)
      return whoHeard(others, text).length
    })
    expect(new Set(heard)).toEqual(new Set([1, 2]))
    expect(book().size.new).toBe(0)
  })
})

describe('p2p_addr_selfannouncement', () => {
  const OWN = '1.2.3.4:8333'

  test.each([
    ['whom we dialled, in addrv2', true, true],
    ['whom we dialled, in addr', true, false],
    ['who came in, in addrv2', false, true],
    ['who came in, in addr', false, false],
  ])(
    'p2p_addr_selfannouncement: first self-announcement alone and first, later combined, inbound and outbound, v1 and v2 format (the first, to %s)',
    (_, isDialled, wantsAddrV2) => {
      const { book, dialled, inbound, nowSeconds, tools, world } = startRelay({ own: [OWN] })
      for (const text of textsOf(100)) {
        book().heard(
          { network: 'ipv4', host: text.split(':')[0] ?? '', port: 8333 },
          {
            ...{ sourceGroup: Uint8Array.of(1), isOwnSource: true, marks: 9n, penaltyMs: 0 },
            seenMs: tools().wallMs(),
          },
        )
      }
      const puppet = isDialled
        ? dialled('99.2.1.1', 'full-relay', { isOld: !wantsAddrV2 })
        : inbound('99.2.1.1', { isOld: !wantsAddrV2 })
      const sinceSeconds = nowSeconds()
      if (!isDialled) puppet.say({ type: 'getaddr' })
      world.advance(1_000)
      const answered = Math.floor(book().size.new * 0.23)
      expect(puppet.lengths()).toEqual(isDialled ? [1] : [1, answered])
      const [first] = puppet.told
      expect(first?.message.type).toBe(wantsAddrV2 ? 'addrv2' : 'addr')
      const [entry] = puppet.entries()
      expect(bytesOf(puppet.entries().slice(0, 1))).toEqual(bytesOf([entryOf(OWN, 0)]))
      expect(entry).toMatchObject({ services: 0xc09n, address: { port: 8333 } })
      expect(Math.abs((entry?.seenSeconds ?? 0) - sinceSeconds)).toBeLessThanOrEqual(2)
    },
  )

  test('later words of where we are come about once a day', () => {
    const { keen, nowSeconds, world } = startRelay({ own: [OWN] })
    const puppet = keen('99.2.1.1')
    const teller = keen('98.2.1.1')
    const days = 60
    for (let half = 0; half < 24 * 2 * days; half++) {
      world.advance(HOUR_MS / 2)
      const text = textsOf(1, 30 + (half % 50))[0] ?? ''
      teller.say(addr([entryOf(text, nowSeconds())]))
    }
    const own = bytesOf([entryOf(OWN, 0)])[0] ?? ''
    const announced = puppet.told.filter(({ message }) =>
      bytesOf(message.type === 'addrv2' ? message.entries : []).includes(own),
    )
    // Of a Poisson process: four standard deviations.
    expect(Math.abs(announced.length - 1 - days)).toBeLessThan(4 * Math.sqrt(days))
  })

  test('p2p_addr_selfannouncement: first self-announcement alone and first, later combined, inbound and outbound, v1 and v2 format (a later one)', () => {
    let toPuppet = 0
    // Asked whenever it is chosen which address of ours a peer is told.
    const through: AddressRelayOptions['through'] = ({ remote }) => {
      if (remote.host === '99.2.1.1') toPuppet++
      return 'ipv4'
    }
    const { dialled, nowSeconds, world } = startRelay({ own: [OWN], options: { through } })
    const teller = dialled('98.2.1.1', 'manual')
    teller.say(addr([]))
    const puppet = dialled('99.2.1.1', 'full-relay')
    expect(puppet.lengths()).toEqual([1])
    expect(world.runUntil(() => toPuppet === 2, { withinMs: 30 * DAY_MS })).toBe(true)
    expect(puppet.lengths()).toEqual([1])
    teller.say(addr(textsOf(9).map((text) => entryOf(text, nowSeconds()))))
    world.advance(10 * MINUTE_MS)
    expect(puppet.lengths()).toEqual([1, 10])
    expect(bytesOf(puppet.entries().slice(1))).toContain(bytesOf([entryOf(OWN, 0)])[0])
  })

  test('p2p_addr_selfannouncement: explicit external onion address advertised despite onlynet', () => {
    const { keen } = startRelay({
      own: [ONION, OWN],
      reachable: ['ipv4'],
      options: { through: () => 'onion' },
    })
    const puppet = keen('99.2.1.1')
    expect(bytesOf(puppet.entries())).toEqual(bytesOf([entryOf(ONION, 0)]))
  })

  test('no word of where we are comes of a node that listens nowhere', () => {
    const { dialled, world } = startRelay({ own: [OWN], listen: [] })
    const puppet = dialled('99.2.1.1', 'full-relay')
    world.advance(3 * DAY_MS)
    expect(puppet.told).toEqual([])
  })

  test('the first word of where we are waits until blocks are caught up with, and is alone then', () => {
    let isSyncing = true
    const options = { isSyncing: () => isSyncing }
    const { dialled, world } = startRelay({ own: [OWN], options })
    const puppet = dialled('99.2.1.1', 'full-relay')
    world.advance(3 * DAY_MS)
    expect(puppet.told).toEqual([])
    isSyncing = false
    world.advance(MINUTE_MS)
    expect(puppet.lengths()).toEqual([1])
  })
})
