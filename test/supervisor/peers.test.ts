import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import type { Verdict } from '../../machines/reasons.ts'
import { createPeers } from '../../supervisor/peers.ts'
import type { PeerAbout, PeersOptions } from '../../supervisor/peers.ts'
import { seededRandom } from '../../transport/random.ts'
import { holds } from '../support/properties.ts'

const STRIKES = { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 }
const HOUR_MS = 3_600_000

const about = (overrides: Partial<PeerAbout> = {}): PeerAbout => ({
  role: 'dialler',
  address: '10.0.0.1:1',
  host: '10.0.0.1',
  group: '10.0',
  identity: undefined,
  claim: undefined,
  manual: false,
  exempt: false,
  shared: false,
  ...overrides,
})

const STRANGER = about({ role: 'listener', address: '10.0.0.9:50000', host: '10.0.0.9' })
const WAIT: Verdict = { do: 'wait' }
const STRIKE: Verdict = { do: 'strike', whom: 'identity' }

function startPeers(options: Partial<PeersOptions> = {}) {
  const peers = createPeers({ random: seededRandom('peers'), strikes: STRIKES, ...options })
  /** A connection that was active for so long, or never, ends with a verdict. */
  const end = (who: PeerAbout, verdict: Verdict, nowMs: number, activeMs?: number) => {
    if (activeMs !== undefined) peers.ready(who)
    peers.ended(who, activeMs, createCounters())
    return peers.applyVerdict(verdict, who, { nowMs, ended: true })
  }
  /** How long after `nowMs` the address may be dialled. */
  const waitMs = (address: string, nowMs: number, identity?: string) => {
    const fromMs = peers.dialFromMs(address, identity)
    return fromMs === undefined ? undefined : fromMs - nowMs
  }
  return { peers, end, waitMs }
}

test('failures in a row wait longer and longer, up to a minute', () => {
  const { end, waitMs } = startPeers()
  const ceilings = [1, 2, 4, 8, 16, 32, 60, 60]
  let nowMs = 0
  for (const seconds of ceilings) {
    const atMs = end(about(), WAIT, nowMs)
    const wait = waitMs('10.0.0.1:1', nowMs) ?? NaN
    expect(wait).toBeGreaterThanOrEqual(seconds * 500)
    expect(wait).toBeLessThanOrEqual(seconds * 1_000)
    expect(atMs).toEqual([{ do: 'dial-after', address: '10.0.0.1:1', atMs: nowMs + wait }])
    nowMs += wait
  }
})

test('a connection that was active for a minute clears the failures before it, a shorter one does not', () => {
  const { peers, end } = startPeers()
  for (let failure = 0; failure < 5; failure++) end(about(), WAIT, 0)
  end(about(), WAIT, 0, 59_999)
  expect(peers.list()[0]?.failures).toBe(6)
  end(about(), WAIT, 0, 60_000)
  expect(peers.list()[0]?.failures).toBe(1)
})

test('failures before a proof count against the address, never against the identity that it names', () => {
  const { end, waitMs } = startPeers()
  for (let failure = 0; failure < 8; failure++) {
    end(about({ address: 'alice@wrong', claim: 'alice' }), WAIT, 0)
  }
  expect(waitMs('alice@wrong', 0, 'alice')).toBeGreaterThan(0)
  expect(waitMs('alice@right', 0, 'alice')).toBe(0)
})

test('failures after a proof hold for each address of the identity', () => {
  const { peers, end, waitMs } = startPeers()
  end(about({ address: 'one', identity: 'alice' }), WAIT, 0, 10)
  expect(peers.identityAt('one')).toBe('alice')
  expect(waitMs('one', 0)).toBeGreaterThanOrEqual(500)
  expect(waitMs('two', 0, 'alice')).toBe(waitMs('one', 0))
})

test('a stated wait holds as long as it says, charges no failure, and is not cleared by isolation', () => {
  const { peers, end, waitMs } = startPeers()
  end(about(), WAIT, 0)
  end(about(), { do: 'wait', ms: HOUR_MS }, 1_000)
  expect(peers.list()[0]?.failures).toBe(1)
  expect(waitMs('10.0.0.1:1', 1_000)).toBe(HOUR_MS)
  peers.clearBackoff()
  expect(waitMs('10.0.0.1:1', 1_000)).toBe(HOUR_MS)
})

test('isolation clears what grew from failures, and no refusal', () => {
  const { peers, end, waitMs } = startPeers()
  end(about({ address: 'failing' }), WAIT, 0)
  end(about({ address: 'refused' }), { do: 'refuse' }, 0)
  expect(waitMs('failing', 0)).toBeGreaterThan(0)
  peers.clearBackoff()
  expect(waitMs('failing', 0)).toBe(0)
  expect(waitMs('refused', 0)).toBeUndefined()
})

test('who is refused is not dialled until the application asks, at no address', () => {
  const { peers, end, waitMs } = startPeers()
  const dialled = about({ address: 'one', identity: 'alice' })
  expect(end(dialled, { do: 'refuse' }, 0, 5)).toEqual([{ do: 'refuse', address: 'one' }])
  expect([waitMs('one', 0), waitMs('two', 0, 'alice')]).toEqual([undefined, undefined])
  peers.allow('one', undefined)
  expect([waitMs('one', 0), waitMs('two', 0, 'alice')]).toEqual([0, 0])
})

test('a redial is asked for once, with nothing charged; a second in a row is a failure', () => {
  const { peers, end, waitMs } = startPeers()
  expect(end(about(), { do: 'redial' }, 0)).toEqual([{ do: 'redial', address: '10.0.0.1:1' }])
  expect(waitMs('10.0.0.1:1', 0)).toBe(0)
  expect(end(about(), { do: 'redial' }, 1)).toMatchObject([{ do: 'dial-after' }])
  expect(peers.list()[0]?.failures).toBe(1)
  expect(end(about(), { do: 'redial' }, 2)).toMatchObject([{ do: 'redial' }])
})

test('an end without consequence charges nothing, and still is not dialled in a tight loop', () => {
  const { peers, end, waitMs } = startPeers()
  for (let round = 0; round < 5; round++) {
    end(about(), { do: 'nothing' }, 0)
    expect(waitMs('10.0.0.1:1', 0)).toBeGreaterThanOrEqual(500)
    expect(waitMs('10.0.0.1:1', 0)).toBeLessThanOrEqual(1_000)
  }
  expect(peers.list()[0]?.failures).toBe(0)
})

test('three strikes within the time are a ban of the proven identity, and clear the strikes', () => {
  const { peers, end } = startPeers()
  const alice = about({ identity: 'alice', role: 'listener' })
  const key = { kind: 'identity', identity: 'alice' } as const
  const bans = [0, 1, 2, 3].map((nowMs) =>
    end(alice, STRIKE, nowMs).filter(({ do: what }) => what === 'ban'),
  )
  expect(bans).toEqual([[], [], [{ do: 'ban', key, forMs: 300_000 }], []])
  expect(peers.strikes(key, 3)).toBe(1)
})

test('a strike is forgotten after its time', () => {
  const { peers } = startPeers()
  const alice = about({ identity: 'alice' })
  const strike = (nowMs: number) =>
    peers
      .applyVerdict(STRIKE, alice, { nowMs, ended: false })
      .map((one) => (one.do === 'note-strike' ? one.strikes : one.do))
  expect([strike(0), strike(1), strike(600_001)]).toEqual([[1], [2], [1]])
})

test('each further ban within a day of the last one’s end is twice as long, up to the longest', () => {
  const { peers } = startPeers()
  const alice = about({ identity: 'alice' })
  const banOf = (nowMs: number): number => {
    const all = [0, 0, 0].flatMap(() => peers.applyVerdict(STRIKE, alice, { nowMs, ended: false }))
    return all.reduce((sum, one) => sum + (one.do === 'ban' ? one.forMs : 0), 0)
  }
  let nowMs = 0
  const lengths = Array.from({ length: 12 }, () => {
    const forMs = banOf(nowMs)
    nowMs += forMs + 1_000
    return forMs
  })
  expect(lengths.slice(0, 4)).toEqual([300_000, 600_000, 1_200_000, 2_400_000])
  expect(lengths.slice(-2)).toEqual([86_400_000, 86_400_000])
  expect(banOf(nowMs + 24 * HOUR_MS)).toBe(300_000)
})

test('who has proved nothing is charged with where it came from, never by the name it claims alone', () => {
  const { end } = startPeers()
  const impostor = { ...STRANGER, claim: 'alice' }
  const struck = [0, 1, 2].flatMap((nowMs) => end(impostor, STRIKE, nowMs))
  expect(struck.at(-1)).toEqual({
    do: 'ban',
    key: { kind: 'claim', group: '10.0', identity: 'alice' },
    forMs: 300_000,
  })
  expect(end(STRANGER, STRIKE, 3)).toEqual([])
})

test('a flood of claimed names pushes out no strike against a proven identity', () => {
  const { peers } = startPeers()
  const alice = about({ identity: 'alice' })
  peers.applyVerdict(STRIKE, alice, { nowMs: 0, ended: false })
  for (let number = 0; number < 20_000; number++) {
    const claim = `name-${String(number)}`
    const verdict: Verdict = { do: 'strike', whom: 'claim' }
    peers.applyVerdict(verdict, { ...STRANGER, claim }, { nowMs: 1, ended: false })
  }
  expect(peers.strikes({ kind: 'identity', identity: 'alice' }, 2)).toBe(1)
  expect(peers.counts().strikes).toBe(10_001)
})

test('a ban by verdict says whom and for how long, and clears the strikes', () => {
  const { peers, end } = startPeers()
  const alice = about({ identity: 'alice' })
  const key = { kind: 'identity', identity: 'alice' } as const
  end(alice, STRIKE, 0)
  expect(end(alice, { do: 'ban', ms: 5_000, whom: 'identity' }, 1)[0]).toEqual({
    do: 'ban',
    key,
    forMs: 5_000,
  })
  expect(peers.strikes(key, 1)).toBe(0)
  expect(end(alice, { do: 'ban', ms: 1, whom: 'address' }, 1)[0]).toMatchObject({
    key: { kind: 'address', host: '10.0.0.1' },
  })
})

test('discouragement names the host, but not one that an operator named', () => {
  const { end } = startPeers()
  expect(end(STRANGER, { do: 'discourage' }, 0)).toEqual([{ do: 'discourage', host: '10.0.0.9' }])
  expect(end(about({ manual: true }), { do: 'discourage' }, 0)).toMatchObject([
    { do: 'dial-after' },
  ])
})

test('a refused unit of a connection that goes on strikes, and changes nothing about dialling', () => {
  const { peers, waitMs } = startPeers()
  const alice = about({ identity: 'alice' })
  for (const verdict of [WAIT, STRIKE, { do: 'refuse' }, { do: 'redial' }] as const) {
    const followed = peers.applyVerdict(verdict, alice, { nowMs: 0, ended: false })
    expect(followed.map((one) => one.do)).toEqual(verdict === STRIKE ? ['note-strike'] : [])
  }
  expect(waitMs('10.0.0.1:1', 0, 'alice')).toBe(0)
})

test('a stranger that came in and proved nothing leaves no record', () => {
  const { peers, end } = startPeers()
  end(STRANGER, WAIT, 0)
  end(STRANGER, { do: 'refuse' }, 0)
  expect(peers.counts()).toMatchObject({ addresses: 0, identities: 0 })
})

test('totals of all its connections survive them', () => {
  const { peers } = startPeers()
  const alice = about({ identity: 'alice' })
  for (const receivedBytes of [10, 32]) {
    peers.ready(alice)
    expect(peers.list()[0]?.activeConnections).toBe(1)
    const dropped = { refused: 2 }
    peers.ended(alice, 5, { ...createCounters(), receivedBytes, handledMessages: 1, dropped })
  }
  expect(peers.list()).toMatchObject([
    {
      identity: 'alice',
      address: '10.0.0.1:1',
      activeConnections: 0,
      totals: { receivedBytes: 42, handledMessages: 2, sentBytes: 0, dropped: { refused: 4 } },
    },
  ])
})

test('when the table is full the oldest that remembers nothing goes first', () => {
  const { peers, end, waitMs } = startPeers({ peersMax: 4 })
  end(about({ address: 'refused' }), { do: 'refuse' }, 0)
  end(about({ address: 'waiting' }), { do: 'wait', ms: HOUR_MS }, 0)
  peers.ready(about({ address: 'active' }))
  end(about({ address: 'plain' }), { do: 'redial' }, 0)
  end(about({ address: 'newcomer' }), WAIT, 0)
  expect(peers.list().map(({ address }) => address)).not.toContain('plain')
  expect([waitMs('refused', 0), waitMs('waiting', 0)]).toEqual([undefined, HOUR_MS])

  // All that is left says something: a wait goes before a refusal, an active one never.
  end(about({ address: 'second' }), { do: 'wait', ms: HOUR_MS }, 0)
  end(about({ address: 'third' }), { do: 'wait', ms: HOUR_MS }, 0)
  const left = peers.list().map(({ address }) => address)
  expect(left).toContain('refused')
  expect(left).toContain('active')
  expect(left).toHaveLength(4)
})

test('a flood of proven identities stays within the bound, and forgets nobody who is connected', () => {
  const { peers, end } = startPeers({ peersMax: 100 })
  const friends = Array.from({ length: 20 }, (_, number) =>
    about({ identity: `friend-${String(number)}` }),
  )
  for (const friend of friends) peers.ready(friend)
  for (let number = 0; number < 5_000; number++) {
    end(about({ role: 'listener', identity: `flood-${String(number)}` }), WAIT, number, 1)
    expect(peers.counts().identities).toBeLessThanOrEqual(100)
  }
  const connected = peers.list().filter(({ activeConnections }) => activeConnections === 1)
  expect(connected).toHaveLength(20)
})

test('whatever happens to it, an address is never dialled sooner than half a second after an end but for a redial', () => {
  const verdict = fc.constantFrom<Verdict>(
    { do: 'nothing' },
    { do: 'wait' },
    { do: 'wait', ms: 0 },
    { do: 'redial' },
    { do: 'strike', whom: 'identity' },
    { do: 'discourage' },
    { do: 'ban', ms: 1, whom: 'address' },
  )
  const step = fc.tuple(verdict, fc.option(fc.nat(100_000), { nil: undefined }), fc.boolean())
  holds(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { end, waitMs } = startPeers()
      let nowMs = 0
      let redialsInARow = 0
      for (const [drawn, activeMs, proven] of steps) {
        const who = proven ? about({ identity: 'alice' }) : about()
        const followed = end(who, drawn, nowMs, activeMs)
        const redialled = followed.some((one) => one.do === 'redial')
        if (!redialled || activeMs !== undefined) redialsInARow = 0
        if (redialled) redialsInARow++
        // One of the address, one of the identity that was proven there.
        expect(redialsInARow).toBeLessThanOrEqual(2)
        const wait = waitMs('10.0.0.1:1', nowMs, proven ? 'alice' : undefined) ?? 0
        if (!redialled) expect(wait).toBeGreaterThanOrEqual(500 - 1e-6)
        expect(wait).toBeLessThanOrEqual(60_000)
        nowMs += Math.max(0, wait) + 1
      }
    }),
  )
})
