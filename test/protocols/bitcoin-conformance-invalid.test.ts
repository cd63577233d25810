/** Core's p2p_invalid_messages and p2p_net_deadlock. */
import { describe, expect, test } from 'vitest'
import { encodeV1Frame } from '../../codec/bitcoin/v1-frame.ts'
import { concatBytes } from '../../codec/bytes.ts'
import { writeBytes } from '../../codec/writer.ts'
import { startPair } from '../../testing/testing.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { startStage, typesOf } from './bitcoin-stage.ts'
import type { BitcoinPeer, Stage } from './bitcoin-stage.ts'
import { changing, line, list, MAGIC, raw, regtest, silent } from './bitcoin-support.ts'
import { versionOf, VERACK } from './bitcoin-support.ts'
import { scriptedPeer } from '../../testing/scripted-peer.ts'

const LONG = { timeout: 60_000 }
const { sha256 } = chooseCrypto()
const PAYLOAD_BYTES_MAX = 4_000_000
const HEADER_BYTES = 24
const UNKNOWN = 'badmsg'
/** A string of one character. */
const ONE_CHARACTER = Uint8Array.of(1, 0x64)

const frame = (command: string, payload: Uint8Array): Uint8Array =>
  encodeV1Frame(MAGIC, sha256, command, payload.length, (writer) => {
    writeBytes(writer, payload)
  })

const otherBytes = (stage: Stage) => stage.connections()[0]?.traffic?.received['*other*'] ?? 0

/** Still there, and heard. */
function isServed(stage: Stage, peer: BitcoinPeer): boolean {
  const before = typesOf(peer).filter((type) => type === 'pong').length
  stage.say(peer, { type: 'ping', nonce: 5n })
  return typesOf(peer).filter((type) => type === 'pong').length === before + 1
}

describe('p2p_invalid_messages', () => {
  test('p2p_invalid_messages: split header', () => {
    const stage = startStage()
    const peer = stage.meet()
    const bytes = frame('ping', new Uint8Array(8).fill(1))
    peer.write(bytes.subarray(0, 12))
    stage.world.advance(100)
    peer.write(bytes.subarray(12))
    stage.world.settle()
    expect(typesOf(peer)).toContain('pong')
  })

  test('p2p_invalid_messages: duplicate version ignored', () => {
    const stage = startStage()
    const early = stage.come()
    stage.greet(early)
    stage.greet(early, { protocolVersion: 1, userAgent: '/another/' })
    stage.say(early, VERACK)
    const late = stage.meet()
    stage.greet(late, { protocolVersion: 1, userAgent: '/another/' })
    expect([stage.active(), stage.details()]).toEqual([2, []])
    const told = stage.connections().map(({ facts }) => JSON.stringify(facts, printed))
    expect(told.every((facts) => facts.includes('/peer:1/'))).toBe(true)
    expect([early, late].map((peer) => isServed(stage, peer))).toEqual([true, true])
  })

  test('p2p_invalid_messages: wrong magic disconnects', () => {
    const stage = startStage()
    const peer = stage.meet()
    peer.write(frame(UNKNOWN, ONE_CHARACTER).with(0, 0))
    stage.world.advance(2_000)
    expect([stage.details(), peer.hasEnded]).toEqual([['wrong-magic'], true])
    expect(stage.discouraged()).toBe(0)
  })

  test('p2p_invalid_messages: wrong checksum and bad command ignored and counted (26 bytes; v2: 23)', () => {
    const stage = startStage()
    const peer = stage.meet()
    peer.write(concatBytes(frame(UNKNOWN, ONE_CHARACTER).fill(0xff, 20, 24)))
    stage.world.settle()
    expect(otherBytes(stage)).toBe(26)
    peer.write(frame(UNKNOWN, ONE_CHARACTER).with(10, 0xff))
    stage.world.settle()
    expect(otherBytes(stage)).toBe(52)
    // A name that is none of ours is counted there as well.
    peer.write(frame(UNKNOWN, ONE_CHARACTER))
    stage.world.settle()
    expect(otherBytes(stage)).toBe(78)
    expect(isServed(stage, peer)).toBe(true)

    const second = startStage()
    const over2 = second.meet('v2')
    over2.wire.write([{ raw: concatBytes(Uint8Array.of(0xff), ONE_CHARACTER) }])
    second.world.settle()
    expect(otherBytes(second)).toBe(23)
    expect(isServed(second, over2)).toBe(true)
  })

  test('p2p_invalid_messages: oversize disconnects', () => {
    const stage = startStage()
    const peer = stage.meet()
    const header = frame(UNKNOWN, ONE_CHARACTER).slice(0, HEADER_BYTES)
    new DataView(header.buffer).setUint32(16, PAYLOAD_BYTES_MAX + 1, true)
    peer.write(header)
    stage.world.advance(2_000)
    expect([stage.details(), peer.hasEnded]).toEqual([['message-too-long'], true])

    const over2 = scriptedPeer(stage.world, {
      // The highest bit of the hidden length is the highest one of the length.
      protocol: changing(silent(), 'unknown', (bytes) => bytes.with(2, (bytes[2] ?? 0) ^ 0x80)),
      ...{ dials: '10.0.0.1:18444', dial: 'v2' },
    })
    stage.world.settle()
    stage.say(over2, versionOf())
    stage.say(over2, VERACK)
    expect(stage.active()).toBe(1)
    stage.say(over2, line(1))
    stage.world.advance(2_000)
    expect([stage.details(), over2.hasEnded]).toEqual([
      ['message-too-long', 'packet-too-long'],
      true,
    ])
  })

  test('p2p_invalid_messages: malformed/empty/overlong addrv2 ignored, unknown network id skipped', () => {
    const stage = startStage()
    const heard: unknown[] = []
    stage.ours.supervisor.messages('addrv2').subscribe(({ message }) => {
      heard.push(...message.entries.map(({ address }) => address))
    })
    const peer = stage.meet()
    const ipv4 = [1, 4, Uint8Array.of(9, 9, 9, 9), 0, 0] as const
    const begun = [Uint8Array.of(0x61, 0xbc, 0x66, 0x49), 1] as const
    stage.say(peer, raw('addrv2'))
    stage.say(peer, raw('addrv2', 0))
    stage.say(peer, raw('addrv2', 1, ...begun))
    // Of 513 bytes, in a network that is known, and in one that is not.
    for (const network of [1, 0x99]) {
      stage.say(peer, raw('addrv2', 1, ...begun, network, 0xfd, 1, 2, new Uint8Array(513), 0, 0))
    }
    expect(heard).toEqual([])
    const strange = [0x99, 2, Uint8Array.of(1, 2), 0, 0]
    stage.say(peer, raw('addrv2', 2, ...begun, ...strange, ...begun, ...ipv4))
    expect(heard).toMatchObject([
      { network: 'none' },
      { network: 'ipv4', bytes: Uint8Array.of(9, 9, 9, 9) },
    ])
    expect([isServed(stage, peer), stage.details()]).toEqual([true, []])
  })

  test('p2p_invalid_messages: oversized inv/getdata/headers discouraged', () => {
    const MANY = [
      [raw('inv', list(50_001, 36)), raw('inv', list(50_000, 36))],
      [raw('getdata', list(50_001, 36)), raw('getdata', list(50_000, 36))],
      [raw('headers', list(2_001, 81)), raw('headers', list(2_000, 81))],
    ] as const
    for (const [tooMany, enough] of MANY) {
      const stage = startStage()
      const peer = stage.meet()
      stage.say(peer, enough)
      expect([isServed(stage, peer), stage.discouraged()]).toEqual([true, 0])
      stage.say(peer, tooMany)
      stage.world.advance(2_000)
      expect(peer.hasEnded).toBe(true)
      expect(stage.discouraged()).toBe(1)
    }
  })

  test('p2p_invalid_messages: 80 × 4 MB junk survived while serving others', LONG, () => {
    const stage = startStage()
    const rude = stage.meet()
    const other = stage.meet()
    const junk = frame(UNKNOWN, new Uint8Array(PAYLOAD_BYTES_MAX).fill(0x62))
    for (let count = 0; count < 80; count++) {
      rude.write(junk)
      expect(isServed(stage, other)).toBe(true)
    }
    stage.world.advance(1_000)
    expect(otherBytes(stage)).toBe(80 * junk.length)
    expect([isServed(stage, rude), stage.details()]).toEqual([true, []])
  })
})

const printed = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value

describe('p2p_net_deadlock', () => {
  test.each(['v1', 'v2'] as const)(
    'p2p_net_deadlock: both sides push 4 MB messages at once without deadlock (%s)',
    LONG,
    async (transport) => {
      const pair = startPair(regtest({ transport }))
      const both = [pair.dialler, pair.listener]
      const heard = both.map(({ supervisor }) => {
        const lengths: number[] = []
        supervisor
          .messages('unknown', { views: true })
          .subscribe(({ message: { payload } }) => lengths.push(payload.length))
        return lengths
      })
      const junk = raw(UNKNOWN, new Uint8Array(PAYLOAD_BYTES_MAX).fill(0x62))
      for (const { connection, supervisor } of both) {
        expect(supervisor.send(connection, junk)).toBe('queued')
      }
      const isThere = () => heard.every(({ length }) => length === 1)
      expect(pair.world.runUntil(isThere, { withinMs: 60_000 })).toBe(true)
      expect(heard).toEqual([[PAYLOAD_BYTES_MAX], [PAYLOAD_BYTES_MAX]])
      await pair.stop()
    },
  )
})
