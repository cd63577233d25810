import { describe, expect, onTestFinished, test } from 'vitest'
import { BITCOIN_NETWORKS } from '../../../codec/bitcoin/networks.ts'
import { bitcoinWire } from '../../../codec/bitcoin/wire.ts'
import type { SpokenTransports } from '../../../codec/bitcoin/wire.ts'
import { bitcoin } from '../../../protocols/bitcoin.ts'
import type { BitcoinMessage } from '../../../protocols/bitcoin.ts'
import { socks5 } from '../../../transport/socks5.ts'
import { tcp } from '../../../transport/tcp.ts'
import { startSocksRelay } from '../../support/socks-relay.ts'
import { writingInstead } from '../../support/wires.ts'
import { corePeers, expectAgreement, onlyCorePeer, UNKNOWN_COMMAND } from './agreement.ts'
import { BITCOIND, startCore } from './bitcoin-daemons.ts'
import { LOOPBACK } from './daemon.ts'
import { eventually } from './eventually.ts'
import { startOurs } from './our-node.ts'
import { startProxy } from './proxy.ts'

const TRANSPORTS = ['v1', 'v2'] as const
const regtest = (transport: SpokenTransports = 'both') => bitcoin({ network: 'regtest', transport })
const HUNDRED = 100

/** What Core is told in a row, a hundred times, and the message by which Core says that it has read all of it. */
const ASKED: Readonly<Record<string, (number: number) => BitcoinMessage>> = {
  getaddr: () => ({ type: 'getaddr' }),
  ping: (number) => ({ type: 'ping', nonce: BigInt(number) + 1n }),
  unknown: () => ({ type: 'unknown', command: UNKNOWN_COMMAND, payload: Uint8Array.of(1, 2, 3) }),
}
const LISTED_AS: Readonly<Record<string, string>> = { unknown: '*other*' }

describe.skipIf(BITCOIND === undefined)('Bitcoin Core (needs BITCOIND)', () => {
  test.for(TRANSPORTS)('that is dialled with %s sees what we see', async (transport) => {
    await using core = await startCore()
    await using ours = await startOurs({ protocol: regtest(transport) })
    ours.dial(core.address)
    await ours.whenActive()
    const peer = await expectAgreement(ours, core)
    expect(peer).toMatchObject({
      ...{ inbound: true, transport_protocol_type: transport, subver: '/Peerloom:0.1.0/' },
      ...{ services: transport === 'v2' ? '0000000000000800' : '0000000000000000' },
    })
    expect(ours.view()).toMatchObject({ type: 'manual', relay: true, height: 0 })
  })

  test.for(TRANSPORTS)('that dials with %s sees what we see', async (transport) => {
    await using core = await startCore()
    await using ours = await startOurs({ protocol: regtest() })
    await core.call('addnode', ours.address, 'onetry', transport === 'v2')
    await ours.whenActive()
    const peer = await expectAgreement(ours, core)
    expect(peer).toMatchObject({
      ...{ inbound: false, connection_type: 'manual', transport_protocol_type: transport },
    })
    expect(ours.view()).toMatchObject({ type: 'inbound', transport })
  })

  test('that was started with -connect to us is active, and comes back after its restart', async () => {
    await using ours = await startOurs()
    await using core = await startCore({ connect: ours.address })
    await ours.whenActive()
    await expectAgreement(ours, core)
    const name = ours.connectionName()
    await core.restart()
    await ours.whenEvent(
      'connection.closed',
      (event) => 'phase' in event && event.phase === 'active',
    )
    await eventually(
      () => ours.active().some((connection) => connection.name !== name),
      'another connection',
      60_000,
    )
    await expectAgreement(ours, core)
  })

  test('that was restarted is dialled again', async () => {
    await using core = await startCore()
    await using ours = await startOurs()
    ours.dial(core.address)
    await ours.whenActive()
    const name = ours.connectionName()
    await core.restart()
    await eventually(
      () => ours.active().some((connection) => connection.name !== name),
      'another connection',
      60_000,
    )
    expect(await expectAgreement(ours, core)).toMatchObject({ transport_protocol_type: 'v2' })
  })

  test('that does not speak v2 is dialled once more with v1, in the same slot, and charged with nothing', async () => {
    await using core = await startCore({ v2: false })
    await using ours = await startOurs()
    ours.dial(core.address)
    await ours.whenActive()
    expect(await expectAgreement(ours, core)).toMatchObject({ transport_protocol_type: 'v1' })
    expect(ours.view()).toMatchObject({
      type: 'manual',
      serviceNames: ['NETWORK', 'WITNESS', 'NETWORK_LIMITED'],
    })
    const closed = ours.events.filter((event) => event.type === 'connection.closed')
    expect(closed).toHaveLength(1)
    expect(ours.supervisor.peers().map(({ failures }) => failures)).toEqual([0])
  })

  test('is reached through a SOCKS5 proxy, with credentials of the connection alone', async () => {
    await using core = await startCore()
    const relay = startSocksRelay({ streams: tcp(), host: LOOPBACK, authenticates: true })
    onTestFinished(() => {
      relay.close()
    })
    await eventually(() => relay.address() !== undefined, 'the proxy to listen')
    const at = relay.address() ?? { host: LOOPBACK, port: 0 }
    const streams = socks5({ over: tcp(), ways: { otherwise: { at } } })
    await using ours = await startOurs({ streams })
    ours.dial(core.address)
    await ours.whenActive()
    await expectAgreement(ours, core)
    expect(relay.requests).toHaveLength(1)
    expect(relay.requests[0]?.user).toMatch(/./)
  })

  const microsocks = process.env['MICROSOCKS']
  test.skipIf(microsocks === undefined)(
    'is reached through another program’s SOCKS5 proxy (needs MICROSOCKS)',
    async () => {
      await using core = await startCore()
      await using proxy = await startProxy(microsocks ?? '')
      const streams = socks5({ over: tcp(), ways: { otherwise: { at: proxy } } })
      await using ours = await startOurs({ streams })
      ours.dial(core.address)
      await ours.whenActive()
      await expectAgreement(ours, core)
    },
  )

  test.for(
    TRANSPORTS.flatMap((transport) => Object.keys(ASKED).map((type) => [type, transport] as const)),
  )('takes a hundred %s over %s and stays', async ([type, transport]) => {
    await using core = await startCore()
    await using ours = await startOurs({ protocol: regtest(transport) })
    ours.dial(core.address)
    await ours.whenActive()
    await expectAgreement(ours, core)
    const name = ours.connectionName()
    const listed = LISTED_AS[type] ?? type
    const before = (await onlyCorePeer(core)).bytesrecv_per_msg[listed] ?? 0
    for (let number = 0; number < HUNDRED; number++) {
      const message = ASKED[type]?.(number)
      if (message !== undefined) expect(ours.supervisor.send(name, message)).toBe('queued')
    }
    const after = await expectAgreement(ours, core)
    const sent = (after.bytesrecv_per_msg[listed] ?? 0) - before
    expect(sent % HUNDRED).toBe(0)
    expect(sent).toBeGreaterThan(0)
    expect(ours.connectionName()).toBe(name)
  })

  test.for(TRANSPORTS)('says a hundred of each over %s, and we stay', async (transport) => {
    await using core = await startCore()
    await using ours = await startOurs({ protocol: regtest(transport) })
    ours.dial(core.address)
    await ours.whenActive()
    const { id } = await expectAgreement(ours, core)
    const name = ours.connectionName()
    for (let number = 0; number < HUNDRED; number++) {
      const nonce = number.toString(16).padStart(16, '0')
      await core.call('sendmsgtopeer', id, 'ping', nonce)
      await core.call('sendmsgtopeer', id, 'getaddr', '')
      await core.call('sendmsgtopeer', id, UNKNOWN_COMMAND, '010203')
    }
    await expectAgreement(ours, core)
    // Beside the ping that each side sends by itself.
    const pings = (HUNDRED + 1) * (transport === 'v2' ? 29 : 32)
    expect(ours.view()).toMatchObject({
      receivedBytesByMessage: { ping: pings, '*other*': HUNDRED * (transport === 'v2' ? 36 : 27) },
      sentBytesByMessage: { pong: pings },
    })
    expect(ours.connectionName()).toBe(name)
  })

  test('passes over decoys, which both sides count among the bytes and under no message', async () => {
    await using core = await startCore()
    const decoys = [0, 1, 5_000].map((bytes) => new Uint8Array(bytes))
    const protocol = {
      ...regtest('v2'),
      wire: (setup: Parameters<ReturnType<typeof regtest>['wire']>[0]) =>
        bitcoinWire({ magic: BITCOIN_NETWORKS.regtest.magic, speaks: 'v2', decoys }, setup),
    }
    await using ours = await startOurs({ protocol })
    ours.dial(core.address)
    await ours.whenActive()
    const { bytesrecv, bytesrecv_per_msg } = await expectAgreement(ours, core)
    const messages = Object.values(bytesrecv_per_msg).reduce((sum, bytes) => sum + bytes, 0)
    expect(bytesrecv - messages).toBeGreaterThan(Object.keys(bytesrecv_per_msg).length * 5_000)
  })

  test.for(TRANSPORTS)(
    'leaves after -peertimeout whoever says no version over %s',
    async (transport) => {
      await using core = await startCore({ more: ['-peertimeout=1'] })
      const protocol = writingInstead(regtest(transport), () => [])
      await using ours = await startOurs({ protocol })
      ours.dial(core.address)
      await eventually(async () => (await corePeers(core)).length === 1, 'a peer of Core')
      await ours.whenEvent('connection.closed', () => true)
      expect(ours.events.find((event) => event.type === 'connection.closed')).toMatchObject({
        ...{ phase: 'handshaking', detail: 'ended' },
      })
    },
  )
})
