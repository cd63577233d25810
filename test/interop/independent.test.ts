import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import type { Delivery, Supervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { tcp } from '../../transport/tcp.ts'
import { hexOf, join, sha256 } from './raw-native-crypto.ts'
import {
  bytesIn,
  makePublication,
  NUMBER,
  publicationIdOf,
  publicationOf,
} from './raw-native-messages.ts'
import { publicationValues, rawIdentity, valuesIn } from './raw-native-messages.ts'
import { drawnId, startRawPeer } from './raw-native-peer.ts'
import type { RawPeer } from './raw-native-peer.ts'
import type { Seat } from './raw-native-virtual.ts'
import { LOOPBACK, startTcpHost } from './tcp-host.ts'
import type { PeerKind, TcpPeer } from './tcp-host.ts'

const NETWORK = 'test/interop'
const OURS = rawIdentity('interop, ours')
const RAW = rawIdentity('interop, raw')
const own = { network: NETWORK, privateKey: OURS.privateKey }
const said = (text: string) => new TextEncoder().encode(text)

const KIND: PeerKind<Seat, RawPeer> = {
  start: (role, seat, pipe) => startRawPeer({ ...seat, role, pipe, nowMs: () => Date.now() }),
  problemOf: ({ problems }) => problems.join(', '),
}
const startHost = () => startTcpHost(KIND)

/** Over real sockets, with the platform's clock. */
async function startSides(role: 'responder' | 'initiator') {
  const host = startHost()
  const supervisor = createSupervisor({
    // Locators go out as soon as they differ: the rest has the document's numbers.
    protocol: native({ ...own, limits: { locatorEveryMs: 50 } }),
    transport: tcp(),
    listen: [`${LOOPBACK}:0`],
  })
  await supervisor.start()
  const raw = await (role === 'responder'
    ? dialOurs(host, supervisor)
    : attractOurs(host, supervisor))
  return {
    ...raw,
    supervisor,
    async [Symbol.asyncDispose]() {
      await supervisor.stop()
      await host[Symbol.asyncDispose]()
    },
  }
}

const seat = { identity: RAW, network: NETWORK }

async function dialOurs(
  host: ReturnType<typeof startHost>,
  { listening }: Supervisor<NativeTypes>,
): Promise<TcpPeer<RawPeer>> {
  const raw = await host.dial(listening[0]?.port ?? 0, { ...seat, recipientId: OURS.nodeId })
  raw.peer.greet()
  await raw.until(() => raw.peer.keys !== undefined)
  raw.peer.confirm()
  return raw
}

async function attractOurs(
  host: ReturnType<typeof startHost>,
  supervisor: Supervisor<NativeTypes>,
): Promise<TcpPeer<RawPeer>> {
  const { port, next } = await host.listen(seat)
  const connected = supervisor.connect(`node://${RAW.id}@${LOOPBACK}:${port}`)
  const raw = await next()
  await raw.until(() => raw.peer.theirs !== undefined)
  raw.peer.greet()
  await connected
  await raw.until(() => raw.peer.heardOf(NUMBER.confirm).length === 1)
  return raw
}

/** The next value of an observable, from now on. */
function nextOf<Value>(source: {
  subscribe(next: (value: Value) => void): { unsubscribe(): void }
}): Promise<Value> {
  return new Promise((resolve) => {
    const subscription = source.subscribe((value) => {
      resolve(value)
      queueMicrotask(() => subscription.unsubscribe())
    })
  })
}

describe.each(['responder', 'initiator'] as const)('our node as %s, over TCP', (role) => {
  test('lines go both ways between proven identities', async () => {
    await using sides = await startSides(role)
    const { peer, supervisor, until } = sides
    const came = nextOf(supervisor.messages('message'))
    peer.say([NUMBER.message, 'test/line', said('from raw')])
    const { message, peer: from } = await came
    expect([from.identity, message.protocol]).toEqual([RAW.id, 'test/line'])
    expect(message.payload).toEqual(said('from raw'))
    const payload = said('from ours')
    supervisor.send(RAW.id, { type: 'message', protocol: 'test/line', payload })
    await until(() => peer.heardOf(NUMBER.message).length === 1)
    expect(peer.heardOf(NUMBER.message)).toEqual([[NUMBER.message, 'test/line', payload]])
    expect(peer.theirs?.nodeId).toEqual(OURS.nodeId)
    expect(peer.problems).toEqual([])
  })

  test('a megabyte goes both ways', async () => {
    await using sides = await startSides(role)
    const { peer, supervisor, until } = sides
    const payload = new Uint8Array(1_048_576).map((_, index) => index % 251)
    const came = nextOf(supervisor.messages('message'))
    peer.say([NUMBER.message, 'test/bytes', payload])
    expect(hexOf(sha256((await came).message.payload))).toBe(hexOf(sha256(payload)))
    supervisor.send(RAW.id, { type: 'message', protocol: 'test/bytes', payload })
    await until(() => peer.heardOf(NUMBER.message).length === 1)
    const [answered] = peer.heardOf(NUMBER.message)
    expect(hexOf(sha256(bytesIn(answered?.[2])))).toBe(hexOf(sha256(payload)))
    expect(peer.problems).toEqual([])
  })

  test('a direct is answered, both ways', async () => {
    await using sides = await startSides(role)
    const { peer, supervisor, until } = sides
    supervisor.answer('test/echo', ({ metadata, payload }) =>
      Promise.resolve(join(metadata ?? said(''), payload)),
    )
    const id = drawnId()
    peer.say([NUMBER.direct, id, 'test/echo', said('raw asks'), said('now ')])
    await until(() => peer.heardOf(NUMBER.response).length === 1)
    expect(peer.heardOf(NUMBER.response)).toEqual([[NUMBER.response, id, said('now raw asks')]])

    const asked = supervisor.request(RAW.id, { protocol: 'test/raw', payload: said('ours asks') })
    await until(() => peer.heardOf(NUMBER.direct).length === 1)
    const [direct] = peer.heardOf(NUMBER.direct)
    expect(direct?.slice(2)).toEqual(['test/raw', said('ours asks'), null])
    peer.say([NUMBER.response, direct?.[1] ?? null, said('raw answers')])
    await expect(asked).resolves.toEqual(said('raw answers'))
  })

  test('a broadcast is delivered once, and ours is signed as the document says', async () => {
    await using sides = await startSides(role)
    const { peer, supervisor, until } = sides
    const deliveries: Delivery[] = []
    supervisor.topic('news').subscribe((delivery) => deliveries.push(delivery))
    const came = nextOf(supervisor.topic('more'))
    const make = (topic: string, count: bigint) =>
      makePublication(NETWORK, RAW, {
        ...{ kind: 'broadcast', count, timestampMs: BigInt(Date.now()) },
        ...{ topic, payload: said('from raw') },
      })
    const made = make('news', 1n)
    peer.say(publicationValues(made), publicationValues(made))
    // What comes behind both tells that there was no second delivery.
    peer.say(publicationValues(make('more', 2n)))
    await came
    expect(deliveries).toMatchObject([
      { topic: 'news', origin: RAW.id, kind: 'broadcast', id: publicationIdOf(NETWORK, made) },
    ])
    expect(deliveries[0]?.payload).toEqual(said('from raw'))

    const report = await supervisor.publish('news', said('from ours'))
    await until(() => peer.heardOf(NUMBER.broadcast).length === 1)
    const [values] = peer.heardOf(NUMBER.broadcast)
    const ours = publicationOf(NETWORK, values ?? [])
    expect(ours).toMatchObject({ kind: 'broadcast', topic: 'news', hopsLeft: 8 })
    expect([hexOf(ours.originId), ours.payload]).toEqual([OURS.id, said('from ours')])
    expect(report).toMatchObject({ id: publicationIdOf(NETWORK, ours), queued: 1 })
    expect(peer.problems).toEqual([])
  })

  test('an item is delivered, and ours is signed, numbered and told of in a locator', async () => {
    await using sides = await startSides(role)
    const { peer, supervisor, until } = sides
    const came = nextOf(supervisor.topic('news'))
    const made = makePublication(NETWORK, RAW, {
      ...{ kind: 'item', count: 0n, timestampMs: BigInt(Date.now()) },
      ...{ topic: 'news', payload: said('kept') },
    })
    peer.say(publicationValues(made))
    const delivery = await came
    expect(delivery).toMatchObject({ origin: RAW.id, kind: 'item', number: 0n })
    expect([delivery.id, delivery.payload]).toEqual([publicationIdOf(NETWORK, made), said('kept')])

    for (const line of ['one', 'two'])
      await supervisor.publish('news', said(line), { kind: 'item' })
    await until(() => peer.heardOf(NUMBER.item).length === 2)
    const ours = peer.heardOf(NUMBER.item).map((values) => publicationOf(NETWORK, values))
    expect(ours.map(({ count, hopsLeft }) => [count, hopsLeft])).toEqual([
      [0n, 8],
      [1n, 8],
    ])
    // A range of what is held is answered with it, in its order and with no hop left.
    peer.say([NUMBER.range, OURS.nodeId, 0, 1])
    await until(() => peer.heardOf(NUMBER.item).length === 4)
    const again = peer.heardOf(NUMBER.item).slice(2)
    expect(again.map((values) => publicationOf(NETWORK, values))).toEqual(
      ours.map((item) => ({ ...item, hopsLeft: 0 })),
    )
    const runsOf = (id: Uint8Array) =>
      peer
        .heardOf(NUMBER.locator)
        .flatMap(([, origins]) => valuesIn(origins).map(valuesIn))
        .filter(([origin]) => hexOf(bytesIn(origin)) === hexOf(id))
        .map(([, runs]) => runs)
    await until(() => runsOf(OURS.nodeId).length > 0 && runsOf(RAW.nodeId).length > 0)
    expect(runsOf(RAW.nodeId).at(-1)).toEqual([0, 0])
    expect(runsOf(OURS.nodeId).at(-1)).toEqual([0, 1])
  })

  test('what our node lacks it asks for by a range', async () => {
    await using sides = await startSides(role)
    const { peer, supervisor, until } = sides
    const made = [0n, 1n, 2n].map((count) =>
      makePublication(NETWORK, RAW, {
        ...{ kind: 'item', count, timestampMs: BigInt(Date.now()) },
        ...{ topic: 'news', payload: said(`line ${count}`) },
      }),
    )
    const lines: string[] = []
    const done = new Promise<void>((resolve) => {
      supervisor.topic('news').subscribe(({ by, payload }) => {
        lines.push(`${by ?? ''} ${new TextDecoder().decode(payload)}`)
        if (lines.length === 3) resolve()
      })
    })
    peer.say([NUMBER.locator, [[RAW.nodeId, [0, 2]]]])
    await until(() => peer.heardOf(NUMBER.range).length === 1)
    expect(peer.heardOf(NUMBER.range)).toEqual([[NUMBER.range, RAW.nodeId, 0, 2]])
    peer.say(...made.map((item) => publicationValues({ ...item, hopsLeft: 0 })))
    await done
    expect(lines).toEqual(['sync line 0', 'sync line 1', 'sync line 2'])
  })

  test('a ping is answered, and addresses are told to who dialled', async () => {
    await using sides = await startSides(role)
    const { peer, supervisor, until } = sides
    const id = drawnId()
    peer.say([NUMBER.ping, id])
    await until(() => peer.heardOf(NUMBER.pong).length === 1)
    expect(peer.heardOf(NUMBER.pong)).toEqual([[NUMBER.pong, id]])
    // Section 16: each tells where it can be dialled; who dialled asks once.
    await until(() => peer.heardOf(NUMBER.addresses).length > 0)
    const [told] = peer.heardOf(NUMBER.addresses)
    expect(told).toMatchObject([
      NUMBER.addresses,
      [[OURS.nodeId, LOOPBACK, supervisor.listening[0]?.port, expect.anything()]],
    ])
    if (role === 'initiator') {
      await until(() => peer.heardOf(NUMBER.getAddresses).length === 1)
      peer.say([NUMBER.addresses, []])
    } else {
      peer.say([NUMBER.getAddresses])
      await until(() => peer.heardOf(NUMBER.addresses).length === 2)
    }
    expect(peer.problems).toEqual([])
  })
})

test('the raw peer shares nothing with what it is held against', () => {
  const files = ['crypto', 'messages', 'peer'].map((part) => `raw-native-${part}`)
  for (const file of [...files, 'raw-records']) {
    const text = readFileSync(joinPath(import.meta.dirname, `${file}.ts`), 'utf8')
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, name = '']) => name)
    expect(imported.length).toBeGreaterThan(0)
    for (const name of imported)
      expect(name).toMatch(/^(?:node:crypto|msgpackr|\.\/raw-(?:native-\w+|records)\.ts)$/)
  }
})

test('H2: the document’s example comes out of this implementation, byte for byte', () => {
  const network = 'testnet/demo'
  const [alice, bob] = [rawIdentity('nn alice static'), rawIdentity('nn bob static')]
  const text = (label: string) => sha256(said(label))
  const sent: Uint8Array[] = []
  const start = (role: 'dialler' | 'listener', identity: typeof alice, label: string) =>
    startRawPeer({
      ...{ role, identity, network, recipientId: role === 'dialler' ? bob.nodeId : alice.nodeId },
      ephemeralPrivateKey: text(`nn ${label} ephemeral`),
      nowMs: () => (role === 'dialler' ? 1_700_000_000_000 : 1_700_000_000_120),
      pipe: { write: (bytes) => sent.push(bytes), end: () => undefined },
    })
  const one = start('dialler', alice, 'alice')
  const other = start('listener', bob, 'bob')
  // The nonce of a signature is the signer's own: those of the document are put in.
  const signatures = {
    alice:
      '13c6d34479c3179792e545fe381ff814ca3d75e3ee148c0a062fee4c38fbb8355d3b55d15fde6c62524f79e0f97f374dfaaadcdd3c5175ec6bd5075b27a97bed',
    bob: 'c396347e70141137de673a792e72e02dfe2009609377b039b3084d125b6e81f870c152a790ea803f48e711f3c1aa34fa4402eb49f28f8353bced20fe7bf79ede',
  }
  const forging = (label: 'alice' | 'bob') => ({
    fields: { nonce: text(`nn nonce ${label}`) },
    sent: { signature: new Uint8Array(Buffer.from(signatures[label], 'hex')) },
  })
  one.greet(forging('alice'))
  other.push(join(...sent.splice(0)))
  other.greet(forging('bob'))
  one.push(join(...sent.splice(0)))
  one.confirm()
  const confirm = join(...sent)
  const direction = (found: { material(): Uint8Array } | undefined) =>
    found && [hexOf(found.material().slice(0, 32)), hexOf(found.material().slice(32))]
  expect({
    aliceId: alice.id,
    bobId: bob.id,
    previous: hexOf(sha256(one.sentPayload ?? said(''))),
    bobsPayload: hexOf(sha256(other.sentPayload ?? said(''))),
    transcript: hexOf(one.keys?.transcript ?? said('')),
    toListener: direction(other.keys?.receiving),
    toDialler: direction(one.keys?.receiving),
    confirm: hexOf(confirm),
  }).toEqual({
    aliceId: 'fc906826e2dfcfa21480d199c7b71b0352b8401fc455dbe66bf215134255881f',
    bobId: 'b5703db61a6a2d34e8efc132a86ee82eb53d1d2f08af417ad84dfa8e47a965f5',
    previous: 'bb188cea13b421fd9a99389b7dc21f21593ee7dffa6ef4ca19b61b61712f7db6',
    bobsPayload: 'f5113bff0f153b6702f787b1e93adc25e78a10abe3a54a3e392bce9c1acbeb91',
    transcript: '370154eeeac0ff5d3903c3f29d3bd5f109043694542797d86307b052dc84496c',
    toListener: [
      'c1cc090c8600b856eeafac51bc5e6991e2a165d9e9a290fe1da082881abd0703',
      '7daf66518ed360a75ddf27e0',
    ],
    toDialler: [
      'a357bed19e888cc721e3535b6843d6c572ff55199b08a8b3271f69163c29c117',
      '2ee23ea7c700fc327c583f3d',
    ],
    confirm: '00000012ed1306952f2f9132e8883ac3f0b314ea8aa3',
  })
  expect([one.problems, other.problems]).toEqual([[], []])
  other.push(confirm)
  expect(other.heardOf(NUMBER.confirm)).toEqual([[NUMBER.confirm]])
})
