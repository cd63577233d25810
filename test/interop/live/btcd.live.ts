import { describe, expect, test } from 'vitest'
import { bitcoin } from '../../../protocols/bitcoin.ts'
import { BTCD, startBtcd } from './bitcoin-daemons.ts'
import type { Daemon } from './daemon.ts'
import { eventually } from './eventually.ts'
import { startOurs } from './our-node.ts'
import type { OurNode } from './our-node.ts'

const TRANSPORTS = ['v1', 'v2'] as const
const regtest = (transport: (typeof TRANSPORTS)[number]) =>
  bitcoin({ network: 'regtest', transport })

/** A part of what `getpeerinfo` of btcd has of a peer. */
interface BtcdPeer {
  readonly inbound: boolean
  readonly subver: string
  readonly version: number
  readonly bytessent: number
  readonly v2_connection: boolean
}

const sumOf = (sums: unknown): number =>
  Object.values(sums ?? {}).reduce((sum: number, bytes) => sum + Number(bytes), 0)

/** What of it can be compared: btcd counts what it sends by whole messages, and half of what it does not know. */
async function expectAgreement(ours: OurNode, btcd: Daemon): Promise<BtcdPeer> {
  const peers = async () => (await btcd.call('getpeerinfo')) as readonly BtcdPeer[]
  const receivedBytes = (): number => sumOf(ours.view()['receivedBytesByMessage'])
  await eventually(ours.isPinged, 'an answer to our ping')
  await eventually(
    async () => (await peers())[0]?.bytessent === receivedBytes(),
    'both to count the same',
  ).catch(() => undefined)
  const [peer, ...others] = await peers()
  if (peer === undefined || others.length > 0) throw new Error('btcd has not one peer')
  expect({ bytessent: peer.bytessent, transport: peer.v2_connection ? 'v2' : 'v1' }).toEqual({
    bytessent: receivedBytes(),
    transport: ours.view()['transport'],
  })
  expect(peer).toMatchObject({ subver: '/Peerloom:0.1.0/', version: 70_017 })
  return peer
}

describe.skipIf(BTCD === undefined)('btcd (needs BTCD)', () => {
  test.for(TRANSPORTS)('that is dialled with %s sees what we see', async (transport) => {
    await using btcd = await startBtcd()
    await using ours = await startOurs({ protocol: regtest(transport) })
    ours.dial(btcd.address)
    await ours.whenActive()
    expect(await expectAgreement(ours, btcd)).toMatchObject({ inbound: true })
    expect(ours.view()).toMatchObject({
      type: 'manual',
      transport,
      userAgent: expect.stringMatching(/btcd/) as string,
    })
  })

  test.for(TRANSPORTS)('that dials with %s sees what we see', async (transport) => {
    // It leaves whom it dials without the service.
    await using ours = await startOurs({
      protocol: bitcoin({ network: 'regtest', services: ['network', 'witness'] }),
    })
    await using btcd = await startBtcd({ v2: transport === 'v2', connect: ours.address })
    await ours.whenActive()
    expect(await expectAgreement(ours, btcd)).toMatchObject({ inbound: false })
    expect(ours.view()).toMatchObject({ type: 'inbound', transport })
  })

  test('that does not speak v2 is dialled once more with v1', async () => {
    await using btcd = await startBtcd({ v2: false })
    await using ours = await startOurs()
    ours.dial(btcd.address)
    await ours.whenActive()
    await expectAgreement(ours, btcd)
    expect(ours.view()).toMatchObject({ type: 'manual', transport: 'v1' })
  })
})
