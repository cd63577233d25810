/** Core's feature_torcontrol: an onion service for a node of the Bitcoin network, from a Tor that a test plays. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { addressOf, printAddress } from '../../codec/bitcoin/address.ts'
import { createSupervisor } from '../../index.ts'
import { bitcoin } from '../../protocols/bitcoin.ts'
import { startOnionService } from '../../transport/onion-service.ts'
import type { OnionChange } from '../../transport/onion-service.ts'
import { namesThrough } from '../../transport/names.ts'
import { seededRandom } from '../../transport/random.ts'
import { socks5 } from '../../transport/socks5.ts'
import { tcp } from '../../transport/tcp.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { startSocksRelay } from '../support/socks-relay.ts'
import { virtualAfter } from '../support/socks-script.ts'
import { COOKIE, KEY, manualAfter, startController, torOf } from '../support/tor-controller.ts'
import type { Script } from '../support/tor-controller.ts'
import { platformUntil } from '../transport/support.ts'
import { ONION } from './bitcoin-addresses-support.ts'
import { plainly, serving } from './bitcoin-opening-support.ts'

const { defaultPort } = bitcoin({ network: 'regtest' })
const bytes = Uint8Array.from({ length: 32 }, (_, index) => index)
const OURS = addressOf({ network: 'onion', bytes, port: defaultPort })?.host ?? ''
const [SERVICE_ID = ''] = OURS.split('.')
const TARGET = { host: '127.0.0.1', port: defaultPort + 1 }
const SAFE = 'METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/run/tor/control.authcookie"'

/** Sets up a service of that name, in the words of a Tor; what begins so is answered otherwise. */
const tor = (answers: Readonly<Record<string, string>> = {}, auth = SAFE): Script => {
  const usual = torOf(auth)
  return (command) => {
    const known = Object.keys(answers).find((beginning) => command.startsWith(beginning))
    const answer = known === undefined ? usual(command) : answers[known]
    return answer?.replace('a'.repeat(56), SERVICE_ID)
  }
}

async function startService(script: Script, pieceBytes = 1_000_000) {
  const controller = await startController(script)
  controller.pieceBytes = pieceBytes
  const timers = manualAfter()
  const streams = tcp()
  const changes: OnionChange[] = []
  const service = startOnionService({
    ...{ virtualPort: defaultPort, target: TARGET, control: controller.address, streams },
    ...{ after: timers.after, random: seededRandom('onion') },
    readCookie: (_, answer) => setImmediate(() => answer(COOKIE)),
    onChange: (change) => changes.push(change),
  })
  onTestFinished(() => service.stop())
  const changed = (count = 1) =>
    platformUntil(() => changes.length >= count, `${String(count)} changes`)
  const faults = () =>
    changes.map((change) => (change.kind === 'failed' ? change.fault : change.kind))
  return { changed, changes, controller, faults, service, streams, timers }
}

/** Alice, who reaches onion services through a proxy, and Bob, who is one. What he is told of her. */
function startTold() {
  const world = startVirtualWorld({ seed: 'onion' })
  const { later } = world.clock.queue
  const bob = startNode(world, 'bob', '20.1.0.1', serving())
  const told: string[] = []
  bob.supervisor.messages('addrv2').subscribe(({ message }) => {
    told.push(
      ...message.entries.flatMap(({ address }) => {
        const known = addressOf(address)
        return known === undefined ? [] : [printAddress(known)]
      }),
    )
  })
  const relay = startSocksRelay({
    ...{ streams: world.network.node('10.0.0.3').streams, host: '10.0.0.3' },
    names: { [ONION]: '20.1.0.1' },
  })
  world.settle()
  const at = relay.address()
  if (at === undefined) throw new Error('the proxy does not listen')
  const { datagrams: _, store, streams: over, ...rest } = world.nodeWorld('alice', '9.9.9.9')
  const streams = socks5({
    ...{ over, later, after: virtualAfter(world.clock), random: seededRandom('proxy') },
    ways: { onion: { at } },
  })
  const alice = createSupervisor({
    protocol: plainly({ connectOnly: true, networks: ['onion'], discover: false }),
    ...{ transport: streams, store, listen: [`9.9.9.9:${String(TARGET.port)}`] },
    world: { ...rest, names: namesThrough(streams, rest.names, { later }) },
  })
  alice.start().catch(() => undefined)
  world.settle()
  /** Meets Bob anew. */
  const meet = (): readonly string[] => {
    for (const { name } of alice.connections()) alice.disconnect(name)
    world.advance(5_000)
    told.length = 0
    alice.connect(`${ONION}:18444`).catch(() => undefined)
    world.advance(5_000)
    return told
  }
  return { alice, meet }
}

describe('feature_torcontrol', () => {
  test('feature_torcontrol: PROTOCOLINFO/AUTHENTICATE/ADD_ONION dialogue with a mock', async () => {
    const { changed, changes, controller } = await startService(tor())
    await changed()
    const verbs = controller.commands.map((command) => command.split(' ')[0])
    expect(verbs).toEqual(['PROTOCOLINFO', 'AUTHCHALLENGE', 'AUTHENTICATE', 'GETINFO', 'ADD_ONION'])
    expect(controller.commands.at(-1)).toBe(
      `ADD_ONION NEW:ED25519-V3 PoWDefensesEnabled=1 Port=18444,127.0.0.1:18445`,
    )
    expect(changes).toEqual([
      {
        ...{ kind: 'published', key: KEY, proxy: { host: '127.0.0.1', port: 9_150 } },
        address: { host: OURS, port: 18_444 },
      },
    ])
  })

  test('feature_torcontrol: PROTOCOLINFO/AUTHENTICATE/ADD_ONION dialogue with a mock (peers are told where it stands, and not once it is lost)', async () => {
    const { changed, changes, controller } = await startService(tor())
    await changed()
    const { alice, meet } = startTold()
    expect(meet()).toEqual([])
    const [published] = changes
    if (published?.kind !== 'published') throw new Error('there is no service')
    alice.instruct({ reachedAt: published.address })
    expect(meet()).toEqual([`${OURS}:18444`])
    controller.hangUp()
    await changed(2)
    const [, failed] = changes
    if (failed?.kind !== 'failed' || failed.lost === undefined) throw new Error('nothing was lost')
    alice.instruct({ lost: failed.lost })
    expect(meet()).toEqual([])
    // What is no address is no instruction, and what is unknown is not lost.
    alice.instruct({ reachedAt: { host: 'no.onion', port: 1 } })
    alice.instruct({ lost: { host: 'example.org', port: 1 } })
    expect([meet(), alice.state]).toEqual([[], 'running'])
  })

  test.each([1, 3])(
    'feature_torcontrol: partial reads (%i bytes at a time)',
    async (pieceBytes) => {
      const { changed, changes } = await startService(tor(), pieceBytes)
      await changed()
      expect(changes).toMatchObject([{ kind: 'published', address: { host: OURS }, key: KEY }])
    },
  )

  test('feature_torcontrol: 512 fallback', async () => {
    const syntax = '512 Invalid argument\r\n'
    const old = await startService(tor({ 'ADD_ONION NEW:ED25519-V3 PoW': syntax }))
    await old.changed()
    expect(old.faults()).toEqual(['published'])
    expect(old.controller.commands.slice(-2)).toEqual([
      'ADD_ONION NEW:ED25519-V3 PoWDefensesEnabled=1 Port=18444,127.0.0.1:18445',
      'ADD_ONION NEW:ED25519-V3 Port=18444,127.0.0.1:18445',
    ])
    const none = await startService(tor({ ADD_ONION: syntax }))
    await none.changed()
    expect(none.faults()).toEqual(['refused-service'])
  })

  test('feature_torcontrol: line and count limits', async () => {
    const line = (length: number) => `250-${'x'.repeat(length - 4)}\r\n`
    const ending = '250 OK\r\n'
    const answered = async (answer: string) => {
      const { changed, controller, faults, streams } = await startService(
        tor({ AUTHENTICATE: answer }, 'METHODS=NULL'),
      )
      await changed()
      if (faults()[0] !== 'published') {
        expect(streams.held().streams).toBe(0)
        await platformUntil(() => controller.openCount() === 0, 'the connection to go')
      }
      return faults()
    }
    expect(await answered(line(100_000) + ending)).toEqual(['published'])
    expect(await answered(line(100_001) + ending)).toEqual(['bad-reply'])
    expect(await answered('250-x\r\n'.repeat(999) + ending)).toEqual(['published'])
    expect(await answered('250-x\r\n'.repeat(1_000) + ending)).toEqual(['bad-reply'])
  })
})
