import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { describe, expect, test } from 'vitest'
import { botdIdentity, encodeEnvelope, flipped } from './botd-peer-messages.ts'
import { startBotdTcpHost } from './botd-peer-tcp.ts'
import type { BotdSeat, BotdTcpPeer } from './botd-peer-tcp.ts'
import { ID, LABEL } from './botd-peer-vectors.ts'
import type { BotdPeer } from './botd-peer.ts'
import { ascii, hexOf, join, sha256 } from './raw-native-crypto.ts'

const ALICE = botdIdentity(LABEL.aliceStatic)
const BOB = botdIdentity(LABEL.bobStatic)
const { publicKey: a } = ALICE
const { publicKey: b } = BOB

/** Both ends of one session over TCP, and what takes the sockets back. */
async function startTcpSession(seat: BotdSeat = {}) {
  const host = startBotdTcpHost()
  const listening = await host.listen({ ...seat, identity: BOB })
  const [listener, dialler] = await Promise.all([
    listening.nextSession(),
    host.talkTo(listening.port, BOB.publicKey, { ...seat, identity: ALICE }),
  ])
  return {
    ...{ dialler, listener, listening },
    sides: [
      [dialler, listener],
      [listener, dialler],
    ] as readonly (readonly [BotdTcpPeer, BotdTcpPeer])[],
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

const heardApps = (peer: BotdPeer) =>
  peer.heardOf('app').map(({ payload, type }) => [type, Buffer.from(payload).toString('latin1')])

describe.each([
  ['in chunks', {}],
  ['one byte at a time', { byteByByte: true }],
])('over TCP, %s', (_, seat) => {
  test('both prove who they are, ping, speak and leave', async () => {
    await using session = await startTcpSession({ ...seat, answersPings: true })
    const { dialler, listener, listening, sides } = session
    expect(listening.address).toBe(`botd://${hexOf(b)}@127.0.0.1:${listening.port}`)
    expect([dialler.peer.theirKey, listener.peer.theirKey]).toEqual([b, a])
    for (const [one, other] of sides) {
      const id = one.peer.ping()
      await one.until(() => one.peer.heardOf('pong').length === 1)
      const [pong] = one.peer.heardOf('pong')
      expect(pong?.pingId).toBe(id)
      expect(pong?.id).not.toBe(id)
      one.peer.app('line', ascii('hello'))
      one.peer.app('nothing', new Uint8Array(0))
      await other.until(() => other.peer.heardOf('app').length === 2)
      expect(heardApps(other.peer)).toEqual([
        ['line', 'hello'],
        ['nothing', ''],
      ])
    }
    dialler.peer.leave(9, 'bye')
    await Promise.all([dialler.closed, listener.closed])
    expect(listener.peer.heardOf('disconnecting')).toMatchObject([{ reason: 9, payload: 'bye' }])
    expect([listener.peer.end, dialler.peer.end]).toEqual(['clean', 'truncated'])
    expect([dialler.peer.problem, listener.peer.problem]).toEqual([undefined, undefined])
  })

  test('20 frames each way pass with new keys after every 4', async () => {
    await using session = await startTcpSession({ ...seat, rekeyFrames: 4 })
    const lines = Array.from({ length: 20 }, (_line, index) => ['line', `number ${index}`])
    for (const [one, other] of session.sides) {
      const first = one.peer.keys?.sending.material()
      for (const [type = '', text = ''] of lines) one.peer.app(type, ascii(text))
      await other.until(() => other.peer.heardOf('app').length === 20)
      expect(heardApps(other.peer)).toEqual(lines)
      expect(one.peer.keys?.sending.material()).not.toEqual(first)
      expect(other.peer.keys?.receiving.material()).toEqual(one.peer.keys?.sending.material())
      expect([one.peer.problem, other.peer.problem]).toEqual([undefined, undefined])
    }
  })

  test('a wrong tag, a flipped bit and a replay close, and nothing is said', async () => {
    const wrong: readonly ((frame: Uint8Array) => Uint8Array)[] = [
      (frame) => flipped(frame, -1),
      (frame) => flipped(frame, 4),
      (frame) => join(frame, frame),
    ]
    for (const change of wrong) {
      await using session = await startTcpSession(seat)
      const { dialler, listener } = session
      const plaintext = encodeEnvelope({ kind: 'ping', id: ID.ping })
      dialler.peer.write(change(dialler.peer.seal(plaintext)))
      await Promise.all([dialler.closed, listener.closed])
      expect(listener.peer.problem).toBe('a frame that does not authenticate')
      expect(dialler.peer.heard).toHaveLength(1)
    }
  })
})

test('the largest frame passes both ways', async () => {
  await using session = await startTcpSession()
  const id = 'a'.repeat(32)
  const room = encodeEnvelope({ kind: 'app', id, type: 'big', payload: new Uint8Array(4_000_000) })
  const payload = new Uint8Array(4_194_304 - (room.length - 4_000_000)).fill(7)
  for (const [one, other] of session.sides) {
    one.peer.say({ kind: 'app', id, type: 'big', payload })
    await other.until(() => other.peer.heardOf('app').length === 1)
    const [app] = other.peer.heardOf('app')
    expect(other.peer.heard.at(-1)?.frame).toHaveLength(4 + 4_194_304 + 16)
    expect(app && hexOf(sha256(app.payload))).toBe(hexOf(sha256(payload)))
  }
})

test('one byte more than the largest frame closes', async () => {
  await using session = await startTcpSession()
  const { dialler, listener } = session
  dialler.peer.write(dialler.peer.seal(new Uint8Array(4_194_305)))
  await listener.closed
  expect(listener.peer.problem).toBe('a frame of 4194321 bytes')
})

test('who dials another key than the listener’s is not answered', async () => {
  const host = startBotdTcpHost()
  await using _owner = host
  const listening = await host.listen({ identity: BOB })
  const [listener, dialler] = await Promise.all([listening.next(), host.dial(listening.port, a)])
  dialler.peer.init()
  await Promise.all([listener.closed, dialler.closed])
  expect(listener.peer.problem).toBe('meant for another one')
  expect([dialler.peer.ackPayload, dialler.peer.problem]).toEqual([undefined, undefined])
})

test('each connection has an ephemeral key of its own', async () => {
  const host = startBotdTcpHost()
  await using _owner = host
  const listening = await host.listen()
  const seen = new Set<string>()
  for (let count = 0; count < 10; count++) {
    const [listener, dialler] = await Promise.all([
      listening.nextSession(),
      host.talkTo(listening.port, b),
    ])
    for (const message of [listener.peer.theirInit, dialler.peer.theirAck])
      seen.add(hexOf(message?.ephemeralKey ?? new Uint8Array(0)))
    dialler.peer.leave(9)
  }
  expect(seen.size).toBe(20)
})

test('the peer shares nothing with what it is held against', () => {
  const files = ['', '-crypto', '-messages', '-tcp', '-vectors'].map((part) => `botd-peer${part}`)
  for (const file of [...files, 'raw-native-crypto', 'raw-records', 'tcp-host']) {
    const text = readFileSync(joinPath(import.meta.dirname, `${file}.ts`), 'utf8')
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, name = '']) => name)
    if (file !== 'botd-peer-vectors') expect(imported.length).toBeGreaterThan(0)
    for (const name of imported)
      expect(name).toMatch(
        /^(?:node:(?:crypto|net)|@bufbuild\/protobuf\/wire|\.\/(?:botd-peer(?:-\w+)?|raw-native-crypto|raw-records|tcp-host)\.ts)$/,
      )
  }
})
