/**
 * The processes that are measured, as the benchmark sees them. None outlives the work that they were
 * started for, nor the benchmark itself: their channel ends with it.
 * @module
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromPeer, PeerPart, ToPeer } from './peer-orders.ts'

/** A round on a slow and busy machine; more is a peer that hangs. */
const ANSWER_MS = 120_000
/** To leave by itself once its channel is closed. */
const LEAVE_MS = 5_000

export interface Peer {
  say(order: ToPeer): void
  /** What it says next, of a type. @throws {Error} a fault or the end of any of them, or the deadline */
  next<Type extends FromPeer['type']>(type: Type): Promise<Extract<FromPeer, { type: Type }>>
}

export interface Peers {
  /** Settles once it is ready; `at` is where it is. */
  start(as: PeerPart): Promise<Peer & { readonly at: string }>
}

/** What concerns all of them: one that fails ends the waiting for every other. */
interface Group {
  wrong: string | undefined
  readonly wakes: Set<() => void>
}

/** The work's outcome, once every process that it started is gone. */
export async function withPeers<Value>(work: (peers: Peers) => Promise<Value>): Promise<Value> {
  const group: Group = { wrong: undefined, wakes: new Set() }
  const stops: (() => Promise<void>)[] = []
  try {
    return await work({
      async start(as) {
        const { stop, ...peer } = startPeer(`${as.by}, ${as.part}`, group)
        stops.push(stop)
        peer.say({ type: 'begin', as })
        const { at } = await peer.next('ready')
        return { ...peer, at }
      },
    })
  } finally {
    await Promise.all(stops.map((stop) => stop()))
  }
}

function startPeer(name: string, group: Group): Peer & { stop(): Promise<void> } {
  const program = fileURLToPath(new URL('./peer.js', import.meta.url))
  const child = fork(program, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  /** What was said and nobody asked for yet. */
  let unread: FromPeer[] = []

  const wakeAll = (): void => {
    for (const wake of [...group.wakes]) wake()
  }
  const fail = (sentence: string): void => {
    group.wrong ??= `${name}: ${sentence}`
    wakeAll()
  }
  child.on('message', (told: FromPeer) => {
    if (told.type === 'fault') return fail(told.sentence)
    unread.push(told)
    wakeAll()
  })
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      fail('the process ended')
      resolve()
    })
    child.on('error', (error) => {
      fail(error.message)
      // It could not be started: there is no exit to come.
      if (child.pid === undefined) resolve()
    })
  })

  const take = <Type extends FromPeer['type']>(
    type: Type,
  ): Extract<FromPeer, { type: Type }> | undefined => {
    type Told = Extract<FromPeer, { type: Type }>
    const found = unread.find((told): told is Told => told.type === type)
    unread = unread.filter((told) => told !== found)
    return found
  }

  return {
    say(order) {
      // A channel that closed under it: the exit says what there is to say.
      child.send(order, () => undefined)
    },
    async next(type) {
      const untilMs = performance.now() + ANSWER_MS
      for (;;) {
        const found = take(type)
        if (found !== undefined) return found
        if (group.wrong !== undefined) throw new Error(group.wrong)
        const leftMs = untilMs - performance.now()
        if (leftMs <= 0) throw new Error(`${name} did not say "${type}" in time`)
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            clearTimeout(timer)
            group.wakes.delete(wake)
            resolve()
          }
          const timer = setTimeout(wake, leftMs)
          group.wakes.add(wake)
        })
      }
    },
    async stop() {
      if (child.connected) child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), LEAVE_MS)
      await gone
      clearTimeout(timer)
    },
  }
}
