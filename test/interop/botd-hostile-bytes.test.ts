import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { NOTHING_HELD } from '../support/nodes.ts'
import { encodeBody, encodeEnvelope, encodeFields, flipped } from './botd-peer-messages.ts'
import { plainFrame } from './botd-peer-messages.ts'
import type { BotdPeer } from './botd-peer.ts'
import { u32le } from './botd-peer-crypto.ts'
import { OTHER, OURS, startSides } from './botd-sides.ts'
import type { BotdTcpPeer, Sides } from './botd-sides.ts'
import { ascii, hexOf, join } from './raw-native-crypto.ts'

/** What comes to our node unsealed, wherever it is. */
const UNSEALED: readonly (readonly [string, (peer: BotdPeer) => Uint8Array])[] = [
  ['nothing', () => new Uint8Array(0)],
  ['a byte', () => Uint8Array.of(7)],
  ['zeros', () => new Uint8Array(4_096)],
  ['ones', () => new Uint8Array(4_096).fill(255)],
  ['random bytes', () => new Uint8Array(randomBytes(65_536))],
  ['the longest length, and no more', () => u32le(4_294_967_295)],
  ['a length of 4 MiB, and no more', () => u32le(4_194_320)],
  ['half of a frame', () => plainFrame(encodeFields([1, 'a'.repeat(32)])).slice(0, 20)],
  ['a frame that is no message', () => plainFrame(new Uint8Array(randomBytes(512)))],
  ['a frame of groups in groups', () => plainFrame(new Uint8Array(1_000).fill(0x0b))],
  ['a request of another protocol', () => ascii('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')],
]

/** What comes sealed, out of keys that both have. */
const SEALED: readonly (readonly [string, (peer: BotdPeer) => Uint8Array])[] = [
  ['an empty envelope', (peer) => peer.seal(encodeFields([99, 'x']))],
  ['groups in groups', (peer) => peer.seal(new Uint8Array(100_000).fill(0x0b))],
  ['a million empty pings in one', (peer) => peer.seal(pairs(1_000_000, 0x22, 0))],
  ['a million unknown fields', (peer) => peer.seal(pairs(1_000_000, 0x32, 0))],
  ['a body within a body within a body', (peer) => peer.seal(nested(1_000))],
  ['random bytes', (peer) => peer.seal(new Uint8Array(randomBytes(65_536)))],
  ['a record with a bit flipped', (peer) => flipped(peer.seal(PING), 9)],
  ['half of a record', (peer) => peer.seal(PING).slice(0, 20)],
  ['a thousand pings', (peer) => join(...Array.from({ length: 1_000 }, () => peer.seal(PING)))],
  ['a confirm too many', (peer) => join(peer.seal(confirmOf(peer)), peer.seal(confirmOf(peer)))],
]
const PING = encodeEnvelope({ kind: 'ping', id: 'p' })
const confirmOf = ({ theirAck, theirInit }: BotdPeer): Uint8Array =>
  encodeEnvelope({ kind: 'confirm', id: 'c', handshakeId: theirInit?.id ?? theirAck?.id ?? '' })
const pairs = (count: number, ...bytes: readonly number[]): Uint8Array =>
  new Uint8Array(count * bytes.length).map((_, index) => bytes[index % bytes.length] ?? 0)
const nested = (depth: number): Uint8Array => {
  let body: Uint8Array = PING
  for (let count = 0; count < depth; count++) body = encodeBody(4, body)
  return body
}

/** Brings a stranger's connection to a state of our node's. */
const STATES = {
  'that waits for an Init': ({ host, port }) => host.dial(port, OURS.publicKey),
  async 'that waits for an Ack'(sides) {
    const { next, port } = await sides.host.listen({ identity: OTHER })
    sides.supervisor
      .connect(`botd://${hexOf(OTHER.publicKey)}@127.0.0.1:${port}`)
      .catch(() => undefined)
    const came = await next()
    await came.until(() => came.peer.theirInit !== undefined)
    return came
  },
  async 'that waits for a confirm'({ host, port }) {
    const came = await host.dial(port, OURS.publicKey, { identity: OTHER })
    came.peer.init()
    await came.until(() => came.peer.keys !== undefined)
    return came
  },
  'with a session': ({ host, port }) => host.talkTo(port, OURS.publicKey, { identity: OTHER }),
} as const satisfies Readonly<Record<string, (sides: Sides) => Promise<BotdTcpPeer>>>

type State = keyof typeof STATES

const FOUND_UNSEALED = ['bad-handshake', 'ended', 'frame-length', 'left-mid-frame']
const FOUND_SEALED = [
  ...['bad-envelope', 'left-mid-frame', 'left-truncated', 'ping-too-often', 'record-too-long'],
  ...['record-too-short', 'record-unauthentic', 'wrong-confirm'],
]

/** Nobody is kept out: each attack is to come as far as its state. */
const OPEN = { acceptedPerGroupMax: 100_000, strikes: 100_000, pendingPerGroupMax: 64 }

const ALL: readonly State[] = [
  'that waits for an Init',
  'that waits for an Ack',
  'that waits for a confirm',
  'with a session',
]

describe.each(ALL)('a connection %s', (state) => {
  const isSealed = state === 'that waits for a confirm' || state === 'with a session'
  test.each(['hangs up', 'dies'])(
    'takes whatever comes from a stranger that then %s, and nothing of it stays',
    async (how) => {
      await using sides = await startSides({ limits: OPEN })
      const honest = await sides.meet('listener')
      for (const [, make] of isSealed ? [...UNSEALED, ...SEALED] : UNSEALED) {
        const before = sides.eventsOf('connection.closed').length
        const { closed, die, peer } = await STATES[state](sides)
        peer.write(make(peer))
        if (how === 'dies') die()
        else peer.hangUp()
        await closed
        await sides.eventOf('connection.closed', before + 1)
        sides.supervisor.disconnect(hexOf(OTHER.publicKey))
      }
      // Whoever has kept to the rules is served as before.
      const pingId = honest.peer.ping()
      await honest.until(() => honest.peer.heardOf('pong').length === 1)
      expect(honest.peer.heardOf('pong')).toMatchObject([{ pingId }])
      expect(sides.eventsOf('fault')).toEqual([])
      // It came as far as what it is to find; of who dies the reset may come first.
      const details = new Set(sides.eventsOf('connection.closed').map(({ detail }) => detail))
      const found = isSealed ? FOUND_SEALED : FOUND_UNSEALED
      if (how === 'hangs up') expect(found.filter((detail) => !details.has(detail))).toEqual([])
      await sides.supervisor.stop()
      expect(sides.supervisor.audit()).toMatchObject({
        ...NOTHING_HELD,
        remembered: { exchanges: 0 },
      })
    },
  )
})
