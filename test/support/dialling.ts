import { expect } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import { createDialGovernor } from '../../supervisor/dial-governor.ts'
import type { Candidate, DialGovernorOptions, DialView } from '../../supervisor/dial-governor.ts'
import { createPeers } from '../../supervisor/peers.ts'
import type { PeerAbout } from '../../supervisor/peers.ts'
import { seededRandom } from '../../transport/random.ts'

export const STRIKES = { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 }

/** What becomes of a dial, and after how long. */
type Fate =
  | { readonly how: 'fails' | 'refuses'; readonly afterMs: number }
  | { readonly how: 'active'; readonly afterMs: number; readonly forMs: number }
  | { readonly how: 'hangs' }

interface Happening {
  readonly atMs: number
  readonly run: () => void
}

export const DEAD: Fate = { how: 'fails', afterMs: 10_000 }
export const STAYS: Fate = { how: 'active', afterMs: 100, forMs: Infinity }

interface NodeOptions extends Partial<DialGovernorOptions> {
  readonly slots?: number
  readonly fill?: number
  readonly fate?: (address: string, nowMs: number) => Fate
}

/** A node that plans when it is told to, and dials as planned in a world of fates. */
export function startNode({ slots = 8, fill, fate = () => DEAD, ...options }: NodeOptions = {}) {
  const peers = createPeers({ random: seededRandom('governor'), strikes: STRIKES })
  const governor = createDialGovernor({
    ...{ peers, dialsMax: 8, random: seededRandom('rotation') },
    ...options,
  })
  const connections = new Map<
    string,
    { active: boolean; end: (verdict: 'nothing' | 'wait' | 'refuse') => void }
  >()
  const barred = new Map<string, number>()
  const dialled: { readonly address: string; readonly atMs: number }[] = []
  const left: { readonly address: string; readonly atMs: number }[] = []
  const inbound = { active: 0 }
  let happenings: Happening[] = []
  let nowMs = 0
  let planMs: number | undefined = 0

  const view = (): DialView => ({
    active: inbound.active + [...connections.values()].filter(({ active }) => active).length,
    slots: [{ name: 'outbound', free: slots - connections.size, fill }],
    isConnected: (address) => connections.has(address),
    barredMs: (address) => barred.get(address),
  })

  const later = (afterMs: number, run: () => void) => {
    if (afterMs !== Infinity) happenings.push({ atMs: nowMs + afterMs, run })
  }

  const dial = (address: string): void => {
    if (connections.has(address)) throw new Error(`${address} is dialled twice`)
    if (connections.size >= slots) throw new Error('more slots are taken than there are')
    dialled.push({ address, atMs: nowMs })
    const who: PeerAbout = {
      role: 'dialler',
      address,
      host: address,
      group: address,
      identity: undefined,
      claim: undefined,
      manual: false,
      exempt: false,
      shared: false,
    }
    let activeSinceMs: number | undefined
    const connection = {
      active: false,
      end(verdict: 'nothing' | 'wait' | 'refuse') {
        if (connections.get(address) !== connection) return
        connections.delete(address)
        const activeMs = activeSinceMs === undefined ? undefined : nowMs - activeSinceMs
        peers.ended(who, activeMs, createCounters())
        peers.applyVerdict({ do: verdict }, who, { nowMs, ended: true })
        governor.ended(address, activeMs)
      },
    }
    connections.set(address, connection)
    const becomes = fate(address, nowMs)
    if (becomes.how === 'hangs') return
    later(becomes.afterMs, () => {
      if (connections.get(address) !== connection) return
      if (becomes.how !== 'active') {
        connection.end(becomes.how === 'fails' ? 'wait' : 'refuse')
        return
      }
      activeSinceMs = nowMs
      connection.active = true
      peers.ready(who)
      governor.activated(address, nowMs)
      later(becomes.forMs, () => {
        connection.end('wait')
      })
    })
  }

  const plan = (): void => {
    const { dials, leave, overdue, nextMs } = governor.plan(nowMs, view())
    if (nextMs !== undefined && nextMs <= nowMs) throw new Error('it plans to plan at once')
    planMs = nextMs
    for (const { address, slot } of dials) {
      expect(slot).toBe('outbound')
      dial(address)
    }
    for (const address of overdue) connections.get(address)?.end('wait')
    for (const address of leave) {
      left.push({ address, atMs: nowMs })
      if (governor.sourceOf(address) === 'learnt') governor.forget(address)
      connections.get(address)?.end('nothing')
    }
    if (overdue.length + leave.length > 0) plan()
  }

  /** Visits each time at which something happens, and plans after each. */
  const runTo = (endMs: number): void => {
    for (;;) {
      const atMs = happenings.reduce((least, one) => Math.min(least, one.atMs), planMs ?? Infinity)
      if (atMs > endMs) break
      nowMs = Math.max(nowMs, atMs)
      const due = happenings.filter((one) => one.atMs <= nowMs)
      happenings = happenings.filter((one) => one.atMs > nowMs)
      for (const { run } of due) run()
      plan()
    }
    nowMs = endMs
  }

  const timesOf = (address: string) =>
    dialled.filter((one) => one.address === address).map(({ atMs }) => atMs)

  return {
    governor,
    peers,
    connections,
    barred,
    inbound,
    dialled,
    left,
    view,
    plan,
    runTo,
    timesOf,
  }
}

export const address = (name: string): Candidate => ({ address: name })
export const many = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => address(`${name}-${String(index)}`))
