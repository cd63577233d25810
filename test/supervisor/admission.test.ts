import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startAdmission } from '../support/admission.ts'
import { holds } from '../support/properties.ts'

test('ten thousand silent sockets of one group leave room for a peer of another at once', () => {
  const { admission, arrive } = startAdmission()
  for (let socket = 0; socket < 10_000; socket++) {
    arrive('flood', socket / 10)
    expect(admission.pendingInbound).toBeLessThanOrEqual(8)
  }
  expect(arrive('honest', 1_000)).toBeUndefined()
})

test('so they do where the limit of a group is the whole table, and the rate lets them', () => {
  const wide = {
    pendingPerGroup: 10_000,
    inboundPerGroup: 10_000,
    acceptedPerGroup: { count: 1e6, withinMs: 60_000 },
  }
  const { admission, arrive, displaced, open } = startAdmission(wide)
  for (let socket = 0; socket < 10_000; socket++) arrive('flood', socket / 5)
  expect(admission.pendingInbound).toBe(25)
  displaced.length = 0
  expect(arrive('honest', 3_000, 'honest')).toBeUndefined()
  expect(displaced).toHaveLength(1)
  expect(admission.pendingInbound).toBe(25)
  open.set('honest', 1)
  for (let socket = 0; socket < 1_000; socket++) arrive('flood', 3_000 + socket)
  expect(displaced).not.toContain('honest')
})

/**
 * Ten thousand sockets spread over two thousand groups, each of which comes again some time after it
 * was refused or displaced; and one honest peer. Returns how many tries that one needs.
 */
function triesAgainst(againAfterMs: number, honestFromMs: number): number {
  const GROUPS = 2_000
  const STEP_MS = 50
  const HONEST_WAITS_MS = [0, 750, 1_500, 3_000, 6_000, 12_000]
  const { admission, arrive, open, displaced } = startAdmission()
  const groupOf = new Map<string, number>()
  let outside = Array.from({ length: 10_000 }, (_, socket) => ({
    group: socket % GROUPS,
    dueMs: (socket / 10_000) * againAfterMs,
  }))
  let next = 0
  let tries = 0
  let honestDueMs = honestFromMs
  for (let nowMs = 0; ; nowMs += STEP_MS) {
    const later: typeof outside = []
    for (const socket of outside) {
      if (socket.dueMs > nowMs) {
        later.push(socket)
        continue
      }
      const name = `flood-${String(next++)}`
      const refused = arrive(`g${String(socket.group)}`, nowMs, name)
      if (admission.pendingInbound > 25) throw new Error('more are pending than may be')
      if (refused === undefined) groupOf.set(name, socket.group)
      else later.push({ ...socket, dueMs: nowMs + againAfterMs })
    }
    // The honest one comes last in the step: whatever turned over has been taken before.
    if (nowMs >= honestDueMs) {
      tries++
      if (arrive('honest', nowMs, 'honest') === undefined) return tries
      honestDueMs = nowMs + (HONEST_WAITS_MS[tries] ?? Infinity)
      if (tries === HONEST_WAITS_MS.length) return Infinity
    }
    for (const name of displaced.splice(0)) {
      const group = groupOf.get(name)
      if (group !== undefined) later.push({ group, dueMs: nowMs + againAfterMs })
      groupOf.delete(name)
    }
    expect(open.size).toBe(admission.pendingInbound)
    outside = later
  }
}

test('spread over two thousand groups that refill at once, a peer of another gets in within three tries', () => {
  expect(triesAgainst(100, 1_000)).toBeLessThanOrEqual(3)
  expect(triesAgainst(100, 5_000)).toBeLessThanOrEqual(3)
})

test('so it does where each group keeps under its rate, once each had its turn', () => {
  // 5 sockets a group, every 16 s: 18.75 a minute, 625 arrivals a second.
  expect(triesAgainst(16_000, 100_000)).toBeLessThanOrEqual(3)
})

test('a flood in which no group comes twice keeps the peer out: the test can tell', () => {
  const { arrive } = startAdmission()
  let entered = 0
  for (let nowMs = 0; nowMs < 20_000; nowMs += 50) {
    for (let group = 0; group < 200; group++) arrive(`g${String(group)}-${String(nowMs)}`, nowMs)
    if (nowMs % 1_700 === 0 && arrive(`honest-${String(nowMs)}`, nowMs) === undefined) entered++
  }
  expect(entered).toBeLessThan(3)
})

/** As `triesAgainst`, with so many knocks a millisecond, each by the next of two thousand groups. */
function triesAmidKnocks(knocksPerMs: number, honestFromMs: number): number {
  const { admission, arrive } = startAdmission({
    acceptedPerGroup: { count: 120, withinMs: 60_000 },
  })
  const waitsMs = [750, 1_500, 3_000, 6_000, 12_000]
  let [knocks, tries, honestDueMs] = [0, 0, honestFromMs]
  for (let nowMs = 0; tries < waitsMs.length; nowMs++) {
    while (knocks < nowMs * knocksPerMs) arrive(`g${String(knocks++ % 2_000)}`, nowMs)
    if (admission.pendingInbound > 25) throw new Error('more are pending than may be')
    if (nowMs < honestDueMs) continue
    if (arrive('honest', nowMs) === undefined) return tries + 1
    honestDueMs += waitsMs[tries++] ?? Infinity
  }
  return Infinity
}

test.each([5, 25, 60])('amid %i knocks a millisecond a peer gets in within three tries', (rate) => {
  const starts = [50, 400, 1_000, 2_345, 8_000, 20_000]
  const tries = starts.map((honestFromMs) => triesAmidKnocks(rate, honestFromMs))
  expect(Math.max(...tries)).toBeLessThanOrEqual(3)
})

test('where nobody is old yet, whoever knocks least displaces one of whoever knocks most', () => {
  const { arrive, displaced } = startAdmission({ pendingInbound: 2 })
  arrive('seldom', 0, 'a')
  for (const _ of [1, 2, 3]) arrive('often', 0)
  expect(arrive('new', 10, 'd')).toBeUndefined()
  expect(displaced).toEqual(['c0'])
  // One knock each: nobody has a better right.
  expect(arrive('newer', 20)).toBe('pending-full')
})

test('who is displaced has sent least, is the oldest of those, and a second old', () => {
  const { arrive, open, displaced } = startAdmission({ pendingInbound: 4 })
  arrive('g1', 0, 'talks')
  arrive('g2', 100, 'older')
  arrive('g3', 200, 'younger')
  arrive('g4', 300, 'talks more')
  open.set('talks', 10)
  open.set('talks more', 20)
  expect(arrive('g5', 999)).toBe('pending-full')
  expect(arrive('g6', 1_000, 'first')).toBeUndefined()
  expect(displaced).toEqual(['talks'])
  expect(arrive('g7', 1_300, 'second')).toBeUndefined()
  expect(arrive('g8', 1_300, 'third')).toBeUndefined()
  expect(displaced).toEqual(['talks', 'older', 'younger'])
})

test('the fullest group loses first, whatever the others have sent', () => {
  const { arrive, open, displaced } = startAdmission({ pendingInbound: 4 })
  arrive('lone', 0, 'silent')
  for (const name of ['x', 'y', 'z']) arrive('crowd', 1, name)
  open.set('x', 300)
  open.set('y', 100)
  open.set('z', 200)
  expect(arrive('new', 2_000)).toBeUndefined()
  expect(arrive('newer', 2_000)).toBeUndefined()
  expect(displaced).toEqual(['y', 'z'])
})

test('a group gains no place over one that has no more of them, but may trade one of its own', () => {
  const { arrive, displaced } = startAdmission({ pendingInbound: 2 })
  arrive('one', 0, 'a')
  arrive('two', 500, 'b')
  expect(arrive('two', 1_000)).toBe('pending-full')
  expect(arrive('two', 1_500, 'c')).toBeUndefined()
  expect(displaced).toEqual(['b'])
})

test('a group whose last connection came to nothing displaces nobody for ten minutes, but enters a free place', () => {
  const { arrive, end, displaced } = startAdmission({ pendingInbound: 1 })
  arrive('spent', 0, 'a')
  end('a', 10)
  expect(arrive('other', 20, 'b')).toBeUndefined()
  expect(arrive('spent', 2_000)).toBe('pending-full')
  expect(arrive('spent', 600_009)).toBe('pending-full')
  expect(displaced).toEqual([])
  end('b', 600_009)
  expect(arrive('spent', 600_009, 'c')).toBeUndefined()
})

test('a group that has proved good is not held back', () => {
  const { admission, arrive, end, displaced } = startAdmission({ pendingInbound: 1 })
  arrive('good', 0, 'a')
  end('a', 10)
  arrive('good', 20, 'b')
  admission.activated('b')
  arrive('other', 30, 'c')
  expect(arrive('good', 2_000)).toBeUndefined()
  expect(displaced).toEqual(['c'])
})

test('a group is heard so often a minute, refused or not', () => {
  const { arrive, end, open } = startAdmission({
    acceptedPerGroup: { count: 3, withinMs: 60_000 },
    pendingPerGroup: 1,
  })
  expect(arrive('g', 0, 'a')).toBeUndefined()
  open.set('a', 1)
  expect([arrive('g', 1_000), arrive('g', 2_000)]).toEqual(['group-full', 'group-full'])
  end('a', 2_500)
  expect(arrive('g', 3_000)).toBe('rate')
  expect(arrive('g', 59_999)).toBe('rate')
  // Those at 2 s, 3 s and 59.999 s stand against it.
  expect(arrive('g', 61_999)).toBe('rate')
  expect(arrive('h', 61_999)).toBeUndefined()
  expect(arrive('g', 121_999)).toBeUndefined()
})

test.each([
  [10, 10_000],
  [3, 90_000],
])('%i of a group come in within %i ms, in a window that slides', (count, withinMs) => {
  const { arrive, end } = startAdmission({ acceptedPerGroup: { count, withinMs } })
  const knock = (group: string, nowMs: number): string | undefined => {
    const name = `${group} at ${String(nowMs)}`
    const refused = arrive(group, nowMs, name)
    if (refused === undefined) end(name, nowMs)
    return refused
  }
  for (let number = 0; number < count; number++) {
    expect([knock('g', number), knock('h', number)]).toEqual([undefined, undefined])
  }
  expect(knock('g', withinMs - 1)).toBe('rate')
  for (let number = 0; number < count; number++) {
    expect(knock('h', withinMs + number)).toBeUndefined()
  }
  expect(knock('h', withinMs + count)).toBe('rate')
})

test('of a longer window than a minute a group is remembered to its end, though it has left', () => {
  const { admission, arrive, end } = startAdmission({
    acceptedPerGroup: { count: 1, withinMs: 3_600_000 },
  })
  expect(arrive('g', 0, 'a')).toBeUndefined()
  end('a', 0)
  // Others come meanwhile: whoever can be forgotten is.
  for (let nowMs = 1_000_000; nowMs < 1_000_010; nowMs++) arrive('h', nowMs)
  expect(arrive('g', 3_599_999)).toBe('rate')
  expect(admission.groups).toBe(2)
})

test('a group has so many connections, active ones included', () => {
  const { admission, arrive, end } = startAdmission({ pendingPerGroup: 2, inboundPerGroup: 3 })
  const answers = ['a', 'b', 'c'].map((name) => arrive('g', 0, name))
  expect(answers).toEqual([undefined, undefined, 'group-full'])
  admission.activated('a')
  expect(arrive('g', 0, 'd')).toBeUndefined()
  admission.activated('b')
  expect(arrive('g', 0)).toBe('group-full')
  end('a', 1)
  expect(arrive('g', 1)).toBeUndefined()
})

test('a full group has its oldest silent one displaced by one of its own, and nobody who has spoken', () => {
  const { arrive, displaced, open } = startAdmission({ pendingPerGroup: 3, inboundPerGroup: 3 })
  arrive('shared', 0, 'talks')
  arrive('shared', 1, 'silent')
  arrive('shared', 2, 'later')
  open.set('talks', 1)
  expect(arrive('shared', 999, 'early')).toBe('group-full')
  expect(arrive('shared', 2_000, 'one')).toBeUndefined()
  expect(arrive('shared', 2_000, 'two')).toBeUndefined()
  expect(displaced).toEqual(['silent', 'later'])
  open.set('one', 1)
  open.set('two', 1)
  expect(arrive('shared', 10_000)).toBe('group-full')
})

test('a banned host is refused before anything else is counted', () => {
  const { admission, arrive, banned } = startAdmission()
  banned.add('g/host')
  expect(arrive('g', 0)).toBe('banned')
  expect(admission.groups).toBe(0)
})

test('a discouraged host is let in while more than one slot is free', () => {
  const { arrive, discouraged, world } = startAdmission()
  discouraged.add('g/host')
  world.freeSlots = 2
  expect(arrive('g', 0)).toBeUndefined()
  world.freeSlots = 1
  expect(arrive('g', 0)).toBe('discouraged')
  expect(arrive('h', 0)).toBeUndefined()
})

test('without a slot a newcomer needs somebody to make room: an active one, else a silent one', () => {
  const { arrive, displaced, world } = startAdmission()
  arrive('one', 0, 'silent')
  world.freeSlots = 0
  expect(arrive('two', 500)).toBe('slots-full')
  world.mayEvict = true
  expect(arrive('two', 500)).toBeUndefined()
  expect(displaced).toEqual([])
  world.mayEvict = false
  expect(arrive('three', 1_000)).toBeUndefined()
  expect(displaced).toEqual(['silent'])
})

test('without handshakes left a newcomer is refused; whoever was silent gives its one back', () => {
  const { arrive, end, open } = startAdmission({}, { handshakes: { perSecond: 1, burst: 2 } })
  arrive('a', 0, 'silent')
  arrive('b', 0, 'talks')
  open.set('talks', 1)
  expect(arrive('c', 0)).toBe('handshake-budget')
  end('talks', 1)
  expect(arrive('c', 1)).toBe('handshake-budget')
  end('silent', 1)
  expect(arrive('c', 1)).toBeUndefined()
  expect(arrive('d', 1)).toBe('handshake-budget')
  expect(arrive('d', 1_000)).toBeUndefined()
})

test('who displaces a silent one has its handshake, who displaces another needs one', () => {
  const rate = { perSecond: 0.001, burst: 1 }
  const silent = startAdmission({ pendingInbound: 1 }, { handshakes: rate })
  silent.arrive('a', 0)
  expect(silent.arrive('b', 2_000)).toBeUndefined()

  const talks = startAdmission({ pendingInbound: 1 }, { handshakes: rate })
  talks.arrive('a', 0, 'talks')
  talks.open.set('talks', 1)
  expect(talks.arrive('b', 2_000)).toBe('handshake-budget')
  expect(talks.displaced).toEqual([])
  expect(talks.admission.pendingInbound).toBe(1)

  // Displaced while it is young, for its group's knocks.
  const young = startAdmission(
    { pendingInbound: 2 },
    { handshakes: { perSecond: 0.001, burst: 2 } },
  )
  young.arrive('a', 0)
  young.arrive('a', 0, 'talks')
  young.open.set('talks', 1)
  expect(young.arrive('b', 1)).toBe('handshake-budget')
  expect(young.displaced).toEqual([])
})

test('dials that are not active are counted apart, up to their limit', () => {
  const { admission } = startAdmission({ pendingOutbound: 2 })
  expect([admission.dial('a'), admission.dial('b'), admission.dial('c')]).toEqual([
    true,
    true,
    false,
  ])
  admission.activated('a')
  expect(admission.dial('c')).toBe(true)
  admission.ended('b', 0, 0)
  admission.ended('b', 0, 0)
  expect(admission.pendingOutbound).toBe(1)
  expect(admission.pendingInbound).toBe(0)
})

test('groups without a connection are forgotten, and never more are remembered than the bound', () => {
  const { admission, arrive, end } = startAdmission({}, { groupsMax: 100, groupSpentMs: 1_000 })
  for (let number = 0; number < 1_000; number++) {
    const name = `c${String(number)}`
    arrive(`g${String(number)}`, number, name)
    end(name, number)
    expect(admission.groups).toBeLessThanOrEqual(101)
  }
  for (let number = 0; number < 200; number++) arrive('last', 1e6 + number * 60_000)
  expect(admission.groups).toBeLessThanOrEqual(1)
})

test('ten thousand pending connections cost a decision little more than a hundred do', () => {
  const wide = {
    pendingPerGroup: 100_000,
    inboundPerGroup: 100_000,
    acceptedPerGroup: { count: 100_000, withinMs: 60_000 },
  }
  /** How often the bytes of a connection are asked for in a thousand decisions that displace. */
  const looksAt = (pendingInbound: number): number => {
    let looks = 0
    const receivedBytesOf = () => {
      looks++
      return 0
    }
    const { arrive, displaced } = startAdmission({ ...wide, pendingInbound }, { receivedBytesOf })
    for (let number = 0; number < pendingInbound; number++) arrive(`g${String(number % 50)}`, 0)
    arrive('warm', 2_000)
    looks = 0
    displaced.length = 0
    for (let number = 0; number < 1_000; number++) arrive(`new${String(number)}`, 2_000)
    expect(displaced.length).toBeGreaterThan(40)
    return looks
  }
  expect(looksAt(10_000)).toBeLessThanOrEqual(5_000)
})

test('whatever comes and goes, no limit is exceeded and the loser is the one that the rule names', () => {
  const limits = {
    pendingInbound: 6,
    pendingPerGroup: 4,
    inboundPerGroup: 5,
    acceptedPerGroup: { count: 1_000, withinMs: 60_000 },
  }
  const step = fc.record({
    what: fc.constantFrom('arrive', 'arrive', 'arrive', 'send', 'ready', 'end'),
    group: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    pick: fc.nat(20),
    gapMs: fc.nat(700),
  })
  holds(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { admission, arrive, end, open, displaced } = startAdmission(limits, {
        groupSpentMs: 0,
      })
      interface Entry {
        readonly group: string
        readonly startedMs: number
        readonly sequence: number
      }
      const pending = new Map<string, Entry>()
      const active = new Map<string, string>()
      let nowMs = 0
      steps.forEach(({ what, group, pick, gapMs }, sequence) => {
        nowMs += gapMs
        const names = [...pending.keys()]
        const name = names[pick % Math.max(1, names.length)]
        if (what === 'arrive') {
          const size = (one: string) =>
            [...pending.values()].filter((entry) => entry.group === one).length
          const eligible = [...pending].filter(([, entry]) => nowMs - entry.startedMs >= 1_000)
          const largest = Math.max(0, ...eligible.map(([, entry]) => size(entry.group)))
          const losers = eligible
            .filter(([, entry]) =>
              largest > size(group) ? size(entry.group) === largest : entry.group === group,
            )
            .sort(
              ([one, first], [other, second]) =>
                (open.get(one) ?? 0) - (open.get(other) ?? 0) || first.sequence - second.sequence,
            )
          const silent = eligible.find(
            ([one, entry]) => entry.group === group && (open.get(one) ?? 0) === 0,
          )
          const full = pending.size === limits.pendingInbound
          const groupFull =
            size(group) >= limits.pendingPerGroup ||
            size(group) + [...active.values()].filter((one) => one === group).length >=
              limits.inboundPerGroup
          displaced.length = 0
          const newcomer = `n${String(sequence)}`
          const refused = arrive(group, nowMs, newcomer)
          const loser = groupFull ? silent?.[0] : full ? losers[0]?.[0] : undefined
          const wantsRoom = groupFull || full
          const why = groupFull ? 'group-full' : 'pending-full'
          const expected = wantsRoom && loser === undefined ? why : undefined
          expect(refused).toBe(expected)
          expect(displaced).toEqual(loser === undefined ? [] : [loser])
          if (loser !== undefined) pending.delete(loser)
          if (refused === undefined) pending.set(newcomer, { group, startedMs: nowMs, sequence })
        } else if (what === 'send' && name !== undefined) {
          open.set(name, (open.get(name) ?? 0) + pick)
        } else if (what === 'ready' && name !== undefined) {
          admission.activated(name)
          active.set(name, pending.get(name)?.group ?? '')
          pending.delete(name)
        } else if (what === 'end') {
          const gone = name ?? [...active.keys()][0]
          if (gone !== undefined) end(gone, nowMs)
          if (gone !== undefined && !pending.delete(gone)) active.delete(gone)
        }
        expect(admission.pendingInbound).toBe(pending.size)
      })
    }),
    200,
  )
})

test('no ban and no discouragement holds for whoever is exempt, and a full node is full for it too', () => {
  const { arrive, banned, discouraged, exempt, world } = startAdmission()
  for (const set of [banned, discouraged]) set.add('vip/host')
  expect(arrive('vip', 0)).toBe('banned')
  exempt.add('vip')
  world.freeSlots = 1
  expect(arrive('vip', 0)).toBeUndefined()
  world.freeSlots = 0
  expect(arrive('vip', 0)).toBe('slots-full')
})

test('whoever is exempt is displaced by nobody: neither when it is old, nor for having knocked most', () => {
  const { arrive, displaced, exempt } = startAdmission({ pendingInbound: 2 })
  exempt.add('vip')
  arrive('vip', 0, 'vip')
  arrive('other', 0, 'other')
  expect(arrive('newcomer', 5_000)).toBeUndefined()
  expect(displaced).toEqual(['other'])
  const young = startAdmission({ pendingInbound: 1 })
  young.exempt.add('vip')
  for (let knock = 0; knock < 5; knock++) young.arrive('vip', 0, `vip ${String(knock)}`)
  expect(young.arrive('newcomer', 1)).toBe('pending-full')
  expect(young.displaced).toEqual([])
})
