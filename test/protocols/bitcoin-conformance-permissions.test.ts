import { describe, expect, test } from 'vitest'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { bitcoin, tools } from '../../protocols/bitcoin.ts'
import type { BitcoinOptions, PermissionGrant } from '../../protocols/bitcoin.ts'
import { describeConnection } from '../../protocols/bitcoin/description.ts'
import { scriptedPeer } from '../../testing/scripted-peer.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { networkAddress } from './bitcoin-addresses-support.ts'
import { raw, regtest, silent, VERACK, versionOf } from './bitcoin-support.ts'

const OURS = '10.0.0.1'
const PORT = 18_444
/** For whom Tor would hand over. */
const ONION_PORT = 18_445
/** All of one range. */
const [FRIEND, FRIEND_2, FRIEND_3] = ['10.0.2.1', '10.0.2.2', '10.0.2.3']
const FRIENDS = '10.0.2.0/24'
const STRANGER = '10.0.3.1'

/** When these worlds begin. */
const WORLD_SECONDS = 1_735_689_600

/** What an honest codec does not write: to be told of blocks in a third way. */
const DISCOURAGED: BitcoinMessage = raw('sendcmpct', 2, 2, new Uint8Array(7))

/** A node that listens at two ports, and peers that say what a test tells them to. */
function startNodeWith(options: BitcoinOptions = {}) {
  const world = startVirtualWorld({ seed: 'permissions' })
  const listen = [PORT, ONION_PORT].map((port) => `${OURS}:${String(port)}`)
  const ours = startNode(world, 'ours', OURS, regtest(options), { listen })
  world.advance(10)
  const come = (host: string, port = PORT) => {
    const peer = scriptedPeer(world, {
      ...{ protocol: silent(), dials: `${OURS}:${String(port)}`, dial: 'v1' as const, host },
    })
    world.settle()
    const say = (...messages: readonly BitcoinMessage[]) => {
      peer.say(...messages)
      world.advance(1_500)
    }
    say(versionOf())
    say(VERACK)
    return {
      say,
      peer,
      hosts: () =>
        peer.heard.flatMap((message) =>
          message.type === 'addr'
            ? message.entries.map(({ address }) => encodeHex(address.bytes))
            : [],
        ),
    }
  }
  const permissions = (): unknown =>
    ours.supervisor.connections().map((info) => describeConnection(info).fields['permissions'])
  const details = () => ours.eventsOf('connection.closed').map(({ detail }) => detail)
  const discouraged = () => ours.supervisor.audit().remembered['discouraged'] ?? 0
  return { come, details, discouraged, ours, permissions, world }
}

const grantedTo = (host: string, options: BitcoinOptions, port = PORT): unknown => {
  const { come, permissions } = startNodeWith(options)
  come(host, port)
  return permissions()
}

const ranges = (...grants: readonly PermissionGrant[]): BitcoinOptions => ({ permissions: grants })

describe('permissions', () => {
  test('p2p_permissions: permission sets result from whitelist/whitebind options and defaults (defaults)', () => {
    const usual = ['noban', 'relay', 'mempool', 'download']
    expect(grantedTo(FRIEND, ranges({ range: FRIENDS }))).toEqual([usual])
    expect(grantedTo(STRANGER, ranges({ range: FRIENDS }))).toEqual([[]])
    expect(grantedTo(FRIEND, {})).toEqual([[]])
    expect(grantedTo(FRIEND, ranges({ range: FRIENDS, allow: [] }))).toEqual([[]])
    const less = { ...ranges({ range: FRIEND }), usualPermissions: ['mempool', 'noban'] as const }
    expect(grantedTo(FRIEND, less)).toEqual([['noban', 'mempool', 'download']])
    const more = { ...less, usualPermissions: ['forcerelay', 'mempool', 'noban'] as const }
    expect(grantedTo(FRIEND, more)).toEqual([
      ['noban', 'forcerelay', 'relay', 'mempool', 'download'],
    ])
  })

  test('p2p_permissions: permission sets result from whitelist/whitebind options and defaults (what is allowed)', () => {
    const allowing = (...allow: NonNullable<PermissionGrant['allow']>) =>
      grantedTo(FRIEND, ranges({ range: FRIENDS, allow }))
    expect(allowing('noban')).toEqual([['noban', 'download']])
    expect(allowing('noban', 'mempool')).toEqual([['noban', 'mempool', 'download']])
    expect(allowing('all')).toEqual([
      ['bloomfilter', 'noban', 'forcerelay', 'relay', 'mempool', 'download', 'addr'],
    ])
    const noUsual = { ...ranges({ range: FRIENDS, allow: ['addr'] }), usualPermissions: [] }
    expect(grantedTo(FRIEND, noUsual)).toEqual([['addr']])
  })

  test('p2p_permissions: permission sets result from whitelist/whitebind options and defaults (both add up)', () => {
    const both = ranges(
      { range: FRIEND, allow: ['noban'] },
      { bind: `${OURS}:${String(ONION_PORT)}`, allow: ['bloomfilter', 'forcerelay'] },
    )
    expect(grantedTo(FRIEND, both)).toEqual([['noban', 'download']])
    expect(grantedTo(FRIEND, both, ONION_PORT)).toEqual([
      ['bloomfilter', 'noban', 'forcerelay', 'relay', 'download'],
    ])
    expect(grantedTo(STRANGER, both, ONION_PORT)).toEqual([['bloomfilter', 'forcerelay', 'relay']])
    const anyHost = ranges({ bind: `0.0.0.0:${String(PORT)}`, allow: ['addr'] })
    expect([grantedTo(STRANGER, anyHost), grantedTo(STRANGER, anyHost, ONION_PORT)]).toEqual([
      [['addr']],
      [[]],
    ])
  })

  test('p2p_permissions: permission sets result from whitelist/whitebind options and defaults (direction)', () => {
    const dialled = (direction: 'inbound' | 'outbound' | 'both') => {
      const grant = { range: FRIENDS, allow: ['noban'], direction } as const
      const world = startVirtualWorld({ seed: 'direction' })
      startNode(world, 'friend', FRIEND, regtest({ services: ['network', 'witness'] }))
      const ours = startNode(
        world,
        'ours',
        OURS,
        regtest({ ...ranges(grant), connectOnly: true }),
        {
          bootstrap: direction === 'both' ? [] : [`${FRIEND}:${String(PORT)}`],
        },
      )
      if (direction !== 'inbound') {
        ours.supervisor.connect(`${FRIEND}:${String(PORT)}`).catch(() => undefined)
      }
      world.advance(2_000)
      return ours.supervisor.connections().map(({ about, slot }) => [slot, about['permissions']])
    }
    expect(dialled('both')).toEqual([['manual', 'noban,download']])
    // Whom the application does not ask for has none, whatever the range.
    expect(dialled('inbound')).toEqual([['full-relay', undefined]])
    expect(grantedTo(FRIEND, ranges({ range: FRIENDS, direction: 'outbound' }))).toEqual([[]])
    expect(grantedTo(FRIEND, ranges({ range: FRIENDS, direction: 'both' }))).not.toEqual([[]])
  })

  test('through our onion service come by no address, and by the one at which they come in', () => {
    const target = `${OURS}:${String(ONION_PORT)}`
    const options = {
      ...ranges({ range: '10.0.0.0/8', allow: ['noban'] }, { bind: target, allow: ['addr'] }),
      onionTarget: target,
    }
    expect(grantedTo(FRIEND, options)).toEqual([['noban', 'download']])
    expect(grantedTo(FRIEND, options, ONION_PORT)).toEqual([['addr']])
  })

  test.each<[string, BitcoinOptions, RegExp]>([
    ['a name', ranges({ range: FRIEND, allow: ['oopsie' as 'addr'] }), /10\.0\.2\.1.*oopsie/],
    ['a range', ranges({ range: '127.0.0.1:230' }), /127\.0\.0\.1:230/],
    ['the bits of a range', ranges({ range: '10.0.0.0/33' }), /10\.0\.0\.0\/33/],
    ['a host name as range', ranges({ range: 'a.example' }), /a\.example/],
    ['an address of ours', ranges({ bind: '127.0.0.1/10' }), /127\.0\.0\.1\/10/],
    ['a host name of ours', ranges({ bind: 'a.example:1' }), /a\.example:1/],
    ['the usual ones', { usualPermissions: ['oopsie' as 'addr'] }, /usual.*oopsie/],
    ['the onion target', { onionTarget: 'x.onion' }, /x\.onion/],
  ])('p2p_permissions: syntax errors refused (%s)', (_, options, part) => {
    const making = () => bitcoin(options)
    expect(making).toThrow(RangeError)
    expect(making).toThrow(part)
  })

  test.each<[string, PermissionGrant | RegExp]>([
    ['127.0.0.1', { range: '127.0.0.1' }],
    ['@127.0.0.1', { range: '127.0.0.1', allow: [], direction: 'inbound' }],
    ['noban,addr@::/0', { range: '::/0', allow: ['noban', 'addr'], direction: 'inbound' }],
    ['bloom,out@1.0.0.0/8', { range: '1.0.0.0/8', allow: ['bloomfilter'], direction: 'outbound' }],
    ['in,all,out@1.1.1.1', { range: '1.1.1.1', allow: ['all'], direction: 'both' }],
    ['oopsie@127.0.0.1', /oopsie@127\.0\.0\.1.*no permission oopsie/],
    ['in,out@127.0.0.1', /says a direction/],
    ['noban@127.0.0.1:230', /127\.0\.0\.1:230/],
    ['noban@', /nothing is no IP address/],
  ])('on the command line %s is read as a range', (text, meant) => {
    const create = () => created({ whitelist: [text] }).recipe?.().settings
    if (meant instanceof RegExp) expect(create).toThrow(meant)
    else expect(create()).toMatchObject({ permissions: [meant] })
  })

  test.each<[string, PermissionGrant | RegExp]>([
    ['127.0.0.1:8333', { bind: '127.0.0.1:8333' }],
    ['addr,in@[::1]:8333', { bind: '[::1]:8333', allow: ['addr'] }],
    ['noban,out@127.0.0.1:8333', /is not dialled/],
    ['noban@127.0.0.1/10', /127\.0\.0\.1\/10/],
  ])('on the command line %s is read as an address of ours', (text, meant) => {
    const create = () => created({ whitebind: [text] }).recipe?.().settings
    if (meant instanceof RegExp) expect(create).toThrow(meant)
    else expect(create()).toMatchObject({ permissions: [meant] })
  })

  test('are a part of what a recording is replayed with, which is checked', () => {
    const options = {
      ...ranges({ range: FRIENDS, allow: ['all'], direction: 'both' }, { bind: '0.0.0.0:1' }),
      ...{ onionTarget: '127.0.0.1:1', usualPermissions: ['addr'] as const },
    }
    const recipe = bitcoin(options).recipe?.()
    if (recipe === undefined) throw new Error('there is none')
    expect(tools.remake?.(recipe).recipe?.().settings).toMatchObject(options)
    const wrongs: readonly object[] = [
      { permissions: 'all' },
      { permissions: [{}] },
      { permissions: [{ range: 5 }] },
      { permissions: [{ range: '::/0', bind: '[::]:1' }] },
      { permissions: [{ range: '::/0', allow: ['oopsie'] }] },
      { permissions: [{ range: '::/0', allow: 'all' }] },
      { permissions: [{ range: '::/0', direction: 'up' }] },
      { permissions: [{ bind: '[::]:1', direction: 'both' }] },
      { usualPermissions: 'addr' },
      { usualPermissions: ['all'] },
      { onionTarget: 5 },
    ]
    for (const wrong of wrongs) {
      const settings = { network: 'regtest', ...wrong }
      expect(() => tools.remake?.({ settings, secrets: {} })).toThrow(RangeError)
    }
  })
})

const created = (values: { whitelist?: readonly string[]; whitebind?: readonly string[] }) =>
  tools.create({ network: 'regtest', transport: 'v1', ...values }, { privateKey: undefined })

describe('whoever has noban', () => {
  const NOBAN = ranges({ range: FRIENDS, allow: ['noban'] })

  test('rpc_setban: noban permission overrides', () => {
    const { come, ours, permissions } = startNodeWith(NOBAN)
    ours.supervisor.ban('10.0.0.0/8')
    come(STRANGER)
    expect(ours.eventsOf('connection.refused')).toMatchObject([{ why: 'banned' }])
    come(FRIEND)
    expect(permissions()).toEqual([['noban', 'download']])
    ours.supervisor.unban('10.0.0.0/8')
    come('10.0.3.2')
    expect(ours.supervisor.connections()).toHaveLength(2)
  })

  test('is neither closed nor discouraged for what others are discouraged for', () => {
    const { come, details, discouraged } = startNodeWith(NOBAN)
    const [friend, stranger] = [come(FRIEND), come(STRANGER)]
    friend.say(DISCOURAGED)
    friend.say(raw('inv', 0xfd, 0x51, 0xc3, new Uint8Array(50_001 * 36)))
    expect([details(), discouraged()]).toEqual([[], 0])
    stranger.say(DISCOURAGED)
    expect([details(), discouraged()]).toEqual([['bad-announcement'], 1])
  })

  test('is left for what others are left for, and let in again', () => {
    const { come, details, discouraged, ours } = startNodeWith(NOBAN)
    come(FRIEND).say({ type: 'wtxidrelay' })
    come(FRIEND_2).say({ type: 'filterclear' })
    expect([details(), discouraged()]).toEqual([['late-negotiation', 'service-not-offered'], 0])
    come(FRIEND_3)
    expect(ours.supervisor.connections()).toHaveLength(1)
    expect(ours.supervisor.bans()).toEqual([])
  })

  test('is not evicted, and its like do not make room', () => {
    const { come, ours } = startNodeWith({ ...NOBAN, limits: { inboundMax: 1 } })
    come(FRIEND)
    come(STRANGER)
    expect(ours.eventsOf('connection.refused')).toMatchObject([{ why: 'slots-full' }])
    expect(ours.supervisor.connections()).toMatchObject([{ phase: 'active' }])
  })

  test('gets no answer to mempool, and is not left for it; with mempool nobody is', () => {
    const ends = ([['noban'], ['mempool'], ['bloomfilter'], ['addr']] as const).map((allow) => {
      const { come, details } = startNodeWith(ranges({ range: FRIEND, allow }))
      come(FRIEND).say({ type: 'mempool' })
      return details()
    })
    expect(ends).toEqual([[], [], [], ['service-not-offered']])
  })
})

describe('whoever has', () => {
  test('bloomfilter is told that filters are served, and may set one', () => {
    const { come, details } = startNodeWith(ranges({ range: FRIEND, allow: ['bloomfilter'] }))
    const [friend, stranger] = [come(FRIEND), come(STRANGER)]
    const services = [friend, stranger].map(
      ({ peer }) => peer.heard.find(({ type }) => type === 'version') as { services?: bigint },
    )
    expect(services.map(({ services: bits = 0n }) => bits & 4n)).toEqual([4n, 0n])
    friend.say({ type: 'filterclear' })
    expect(details()).toEqual([])
    stranger.say({ type: 'filterclear' })
    expect(details()).toEqual(['service-not-offered'])
  })

  test('relay may tell of transactions where nobody else may', () => {
    const options = { ...ranges({ range: FRIEND, allow: ['relay'] }), blocksOnly: true }
    const { come, details } = startNodeWith(options)
    const [friend, stranger] = [come(FRIEND), come(STRANGER)]
    const wants = [friend, stranger].map(({ peer }) =>
      peer.heard.flatMap((message) => (message.type === 'version' ? [message.relay] : [])),
    )
    expect(wants).toEqual([[true], [false]])
    const inventory: BitcoinMessage = {
      ...{ type: 'inv', entries: [{ kind: 1, hash: new Uint8Array(32) }] },
    }
    friend.say(inventory)
    expect(details()).toEqual([])
    stranger.say(inventory)
    expect(details()).toEqual(['unwanted-transaction'])
  })

  test('addr has all that it tells looked at', () => {
    const { come, ours, world } = startNodeWith(ranges({ range: FRIEND, allow: ['addr'] }))
    come(FRIEND).say(telling(1_000))
    come(STRANGER).say(telling(1_000))
    world.advance(10)
    const figures = ours.supervisor.connections().map(({ about }) => about['addressesLimited'])
    expect(figures).toEqual([0, 999])
  })

  test('p2p_getaddr_caching: permission bypass', () => {
    const { come, world } = startNodeWith(ranges({ range: FRIENDS, allow: ['addr'] }))
    come(FRIEND).say(telling(1_000))
    const ask = (one: ReturnType<typeof come>): readonly string[] => {
      one.say({ type: 'getaddr' })
      world.advance(60_000)
      return one.hosts().toSorted()
    }
    const first = ask(come(STRANGER))
    expect(first.length).toBeGreaterThan(100)
    const bypassing = ask(come(FRIEND_2))
    expect(bypassing.length).toBeGreaterThan(100)
    expect(bypassing).not.toEqual(first)
    expect(ask(come('10.0.3.2'))).toEqual(first)
    expect(ask(come(FRIEND_3))).not.toEqual(bypassing)
  })
})

describe('whoever comes in through our onion service', () => {
  const onionTarget = `${OURS}:${String(ONION_PORT)}`
  const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'

  test('is told that we are there, and not who we are elsewhere', () => {
    const { come, world } = startNodeWith({
      onionTarget,
      externalAddresses: ['1.2.3.4', ONION],
      networks: ['ipv4', 'ipv6', 'onion'],
    })
    const told = (host: string, port: number) => {
      const { peer, say } = come(host, port)
      say({ type: 'addr', entries: [] })
      world.advance(60_000)
      return peer.heard.flatMap((message) =>
        message.type === 'addr' ? message.entries.map(({ address }) => address.network) : [],
      )
    }
    // The onion address has no form that this peer reads.
    expect([told('10.0.4.1', PORT), told('10.0.4.2', ONION_PORT)]).toEqual([['ipv4'], []])
  })

  test('answers for himself alone: Tor may run on another machine, and have an address like any', () => {
    const { come, details, discouraged, ours, world } = startNodeWith({ onionTarget })
    const { peer, say } = come('10.0.6.1', ONION_PORT)
    const phases = () => ours.supervisor.connections().map(({ phase }) => phase)
    // Another one, behind the same Tor.
    peer.connect()
    world.settle()
    say(versionOf())
    say(VERACK)
    expect(phases()).toEqual(['active', 'active'])
    say(DISCOURAGED)
    expect([details(), discouraged()]).toEqual([['bad-announcement'], 0])
    expect(phases()).toEqual(['active'])
    // At the other door an address stands for its peer.
    come('10.0.6.2', PORT).say(DISCOURAGED)
    expect(discouraged()).toBe(1)
  })

  test('gets another answer than others', () => {
    const { come, world } = startNodeWith({
      ...ranges({ range: FRIEND, allow: ['addr'] }),
      onionTarget,
    })
    come(FRIEND).say(telling(1_000))
    const ask = (host: string, port: number): readonly string[] => {
      const one = come(host, port)
      one.say({ type: 'getaddr' })
      world.advance(60_000)
      return one.hosts().toSorted()
    }
    const [plainly, hidden] = [ask('10.0.5.1', PORT), ask('10.0.5.2', ONION_PORT)]
    expect(hidden.length).toBeGreaterThan(100)
    expect(hidden).not.toEqual(plainly)
    expect([ask('10.0.5.3', PORT), ask('10.0.5.4', ONION_PORT)]).toEqual([plainly, hidden])
  })
})

/** So many addresses, each of a group of its own. */
function telling(count: number): BitcoinMessage {
  const texts = Array.from(
    { length: count },
    (_, index) => `${String(30 + (index >> 8))}.${String(index & 0xff)}.1.1:8333`,
  )
  const entries = texts.map((text) => ({
    ...{ seenSeconds: WORLD_SECONDS, services: 9n, address: networkAddress(text) },
  }))
  return { type: 'addr', entries }
}
