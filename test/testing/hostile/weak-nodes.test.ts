import { describe, expect, test } from 'vitest'
import { encodeAscii } from '../../../codec/bytes.ts'
import { lines } from '../../../examples/smallest-network.ts'
import { native } from '../../../protocols/native.ts'
import type { NativeTypes } from '../../../protocols/native.ts'
import { changedWire } from '../../../testing/hostile/exchange.ts'
import { ATTACK_NAMES } from '../../../testing/hostile/hostile-peer.ts'
import type { AttackName } from '../../../testing/hostile/report.ts'
import type { Streams } from '../../../world/streams.ts'
import { plain } from '../../contracts/fits/plain.ts'
import { say } from '../../contracts/seats.ts'
import { startKeys, startVictim } from './victims.ts'
import type { VictimOptions } from './victims.ts'
import * as weak from './weak-streams.ts'

const key = startKeys()
const nativeOf = (limits = {}) => native({ network: 'test/one', privateKey: key(), limits })

const FEW = { placesMax: 6, connectionsMax: 60, messagesMax: 2_000 }

const startNative = (options: Partial<VictimOptions<NativeTypes>> = {}) =>
  startVictim<NativeTypes>({
    protocol: nativeOf,
    messages: [{ type: 'message', protocol: 'test', payload: new Uint8Array(20) }],
    address: (identity, socket) => `node://${identity}@${socket}`,
    ...options,
    attack: { sizes: FEW, ...options.attack },
  })

/** A handshake may take a day. */
const startPatient = () => startNative({ victim: nativeOf({ handshakeMs: 86_400_000 }) })
const startThrough = (through: (streams: Streams) => Streams) => () => startNative({ through })
const startPlain = (through: (streams: Streams) => Streams) => () =>
  startVictim({ protocol: plain, messages: [say('blob', 1, 2, 3)], through })

const line = (text: string) => ({ type: 'line' as const, bytes: encodeAscii(text) })
/** Whatever comes first is a greeting. */
const startRash = () =>
  startVictim({
    protocol: lines,
    victim: changedWire(lines(), (wire) => {
      let isFirst = true
      return {
        read() {
          const read = wire.read()
          if (read.kind !== 'message' || !isFirst) return read
          isFirst = false
          return { ...read, message: line('hi') }
        },
      }
    }),
    messages: [line('one')],
  })

type Start = () => Pick<ReturnType<typeof startNative>, 'peer'>

const WEAKNESSES: readonly (readonly [AttackName, string, Start, RegExp])[] = [
  ['half-open', 'waits for a day', startPatient, /says nothing: still open/],
  ['trickle', 'waits for a day', startPatient, /slowly: still open/],
  ['never-reads', 'waits for a day', startPatient, /reads nothing: still open/],
  [
    'oversize',
    'closes nothing',
    startThrough(weak.closesNothing),
    /^ff from byte 0 on: still open/,
  ],
  ['wrong-magic', 'waits for a day', startPatient, /byte 3 turned over: still open/],
  ['early-messages', 'closes nothing', startThrough(weak.closesNothing), /later .*: still open/],
  [
    'early-messages',
    'takes anything for a greeting',
    startRash,
    /^messages in place of the 1. of the handshake's: still open/,
  ],
  ['replayed', 'closes nothing', startThrough(weak.closesNothing), /earlier .*: still open/],
  ['half-closed', 'closes nothing', startThrough(weak.closesNothing), /half closed .*: still open/],
  ['reset', 'dies of resets', startThrough(weak.diesOfResets), /honest peer after it/],
  ['byte-by-byte', 'takes deliveries for units', startThrough(weak.passesOver(8)), /no session/],
  ['split', 'takes deliveries for units', startThrough(weak.passesOver(8)), /after 1 bytes: no/],
  ['coalesced', 'takes deliveries for units', startPlain(weak.endsAtMoreThan(9)), /no session/],
  ['flood-from-one-host', 'waits for a day', startPatient, /\d+ of 60 silent .*: still open/],
  ['flood-from-many-hosts', 'waits for a day', startPatient, /\d+ of 60 silent .*: still open/],
  [
    'flood-from-many-hosts',
    'takes in thirty',
    startThrough(weak.takesIn(30)),
    /honest peer during/,
  ],
  ['message-flood', 'serves one peer', startThrough(weak.busyAfter(5_000)), /honest peer during/],
]

test.each(WEAKNESSES)('%s: a node that %s is found out', async (name, _, start, because) => {
  const report = await start().peer.attack(name)
  expect(report.verdict).toBe('failed')
  expect(report.because).toContainEqual(expect.stringMatching(because))
})

test('early-messages: a greeting that an application says makes a session by right', async () => {
  const { peer } = startVictim({ protocol: lines, messages: [line('hi')] })
  expect(await peer.attack('early-messages')).toMatchObject({ verdict: 'passed', because: [] })
})

test('each attack has such a node', () => {
  expect(new Set(WEAKNESSES.map(([name]) => name))).toEqual(new Set(ATTACK_NAMES))
})

test.each(ATTACK_NAMES)('%s: a node that takes in nobody any more is found out', async (name) => {
  // One is the exchange that is recorded first.
  const { peer } = startNative({ through: weak.takesIn(1) })
  const { because, honestAfter, verdict } = await peer.attack(name)
  expect([verdict, honestAfter?.isServed]).toEqual(['failed', false])
  expect(because).toContainEqual(expect.stringMatching(/^an honest peer after it: /))
})

describe('nothing is said of', () => {
  test('an end that was not waited for as long as the network has time', async () => {
    const { peer } = startNative({ attack: { patienceMs: 5_000 } })
    expect(await peer.attack('half-open')).toMatchObject({
      verdict: 'unknown',
      because: ['a connection that says nothing: still open after 5000 ms'],
    })
  })

  test.each(['early-messages', 'message-flood'] as const)(
    '%s in a network that says nothing by itself and names no message',
    async (name) => {
      const { peer } = startVictim({ protocol: lines, messages: [] })
      expect(await peer.attack(name)).toMatchObject({ verdict: 'unknown', taken: [] })
    },
  )

  test('an honest peer that has the host of the attacker, and may be taken for it', async () => {
    const start = (hasHosts: boolean) =>
      startNative({
        through: weak.diesOfResets,
        groundOf: (ground) => ({ ...ground, hasHosts }),
      })
    expect((await start(true).peer.attack('reset')).verdict).toBe('failed')
    expect((await start(false).peer.attack('reset')).verdict).toBe('unknown')
  })

  test('a handshake that took too long to be said', async () => {
    const { peer } = startNative({
      groundOf: (ground) => ({
        ...ground,
        until: (isSo, withinMs) => ground.until(isSo, withinMs < 10 ? 1_000 : withinMs),
      }),
    })
    expect(await peer.attack('byte-by-byte')).toMatchObject({
      verdict: 'unknown',
      because: [expect.stringMatching(/it was said too slowly/)],
    })
  })

  test('an attack before which nobody came in', async () => {
    const { peer } = startNative({ through: weak.takesIn(1) })
    await peer.attack('half-closed')
    expect(await peer.attack('half-open')).toMatchObject({
      verdict: 'unknown',
      because: ['it was not made: an honest peer did not come in before it'],
      taken: [],
    })
  })
})

test('a node that was never there is no node that failed', async () => {
  const { peer } = startNative({ through: weak.takesIn(0) })
  await expect(peer.attack('half-open')).rejects.toThrow(/^no session came up with node:/)
})
