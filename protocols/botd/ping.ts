/**
 * Ping and pong: at most one ping in 30 s to a peer, counted by its key and across reconnects, in a
 * window that slides; whoever sends more is left without a pong, and so is whoever does not answer,
 * where that is asked for.
 *
 * After its own start a node sends none for an interval: it does not know when it last did.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import type { BotdTypes } from '../../machines/handshakes/botd.ts'
import { drawId } from './ids.ts'
import type { BotdLimits } from './limits.ts'

/** By identity, monotonic milliseconds, the newest last. What is older than a window and an interval is forgotten. */
export interface PingTimes {
  readonly sentMs: Map<string, number>
  readonly receivedMs: Map<string, number>
}

export interface PingOptions {
  readonly limits: BotdLimits
  readonly closeOnMissingPong: boolean
}

/** A stall of ours may have kept the pong from being read: it is read in the turn after the alarm. */
const GRACE_MS = 250

export const pingChild = (options: PingOptions): ChildSpec<BotdTypes, PingTimes> => ({
  name: 'ping',
  restart: 'permanent',
  keep: () => ({ sentMs: new Map(), receivedMs: new Map() }),
  start: (tools, kept) => startPing(options, tools, kept),
})

type View = ConnectionView<BotdTypes>

/** What a connection waits for. */
interface Waiting {
  readonly view: View
  /** Of the ping that is out. */
  id: string | undefined
  /** When that, or the one before it, was sent. */
  sentMs: number
  cancelPong: () => void
  cancelNext: () => void
  /** When pongs came that answer no ping, the newest last. */
  wrongPongsMs: readonly number[]
}

const nothing = (): void => undefined

function startPing(
  { closeOnMissingPong, limits }: PingOptions,
  tools: ChildTools<BotdTypes>,
  { receivedMs, sentMs }: PingTimes,
): () => void {
  const startedMs = tools.monotonicMs()
  const rememberedMs = Math.max(limits.pingIntervalMs, limits.pingWindowMs)
  const waiting = new Map<string, Waiting>()
  const totals = { sent: 0, answered: 0 }
  tools.show(() => {
    const awaited = [...waiting.values()].filter(({ id }) => id !== undefined).length
    return { counts: { connections: waiting.size, awaited }, totals: { ...totals } }
  })

  const note = (times: Map<string, number>, identity: string): void => {
    const nowMs = tools.monotonicMs()
    times.delete(identity)
    times.set(identity, nowMs)
    for (const [oldest, timeMs] of times) {
      if (times.size <= limits.pingTimesMax && nowMs - timeMs < rememberedMs) return
      times.delete(oldest)
    }
  }

  const awaitPong = (one: Waiting, afterMs: number): void => {
    const sinceMs = tools.monotonicMs()
    one.cancelPong = tools.after(afterMs, () => {
      const { name } = one.view
      // Nobody is left because it is us who do not read, or because a large message goes slowly.
      if (tools.isHeld(name) || tools.isUnderWay(name, sinceMs)) awaitPong(one, limits.pongMs)
      else if (afterMs !== GRACE_MS) awaitPong(one, GRACE_MS)
      else if (closeOnMissingPong) tools.close(name, 'pong-missing')
      // The pong may still come, late: then it is one that answers nothing.
      else one.id = undefined
    })
  }

  const ping = (one: Waiting): void => {
    const { identity = '', name } = one.view
    const id = drawId(tools.random)
    if (tools.send(name, { type: 'ping', id }) !== 'queued') return
    totals.sent++
    note(sentMs, identity)
    one.id = id
    one.sentMs = tools.monotonicMs()
    awaitPong(one, limits.pongMs)
  }

  const arm = (one: Waiting, afterMs: number): void => {
    one.cancelNext()
    one.cancelNext = tools.after(afterMs, () => {
      if (one.id === undefined) ping(one)
      // What could not be sent, as on a connection that is closing, is not tried again at once.
      arm(one, limits.pingIntervalMs)
    })
  }

  const begin = (view: View): void => {
    const { identity = '', name, readyMs } = view
    const nowMs = tools.monotonicMs()
    const lastMs = Math.max(sentMs.get(identity) ?? startedMs, startedMs, readyMs ?? nowMs)
    const one: Waiting = {
      ...{ view, id: undefined, sentMs: nowMs, wrongPongsMs: [] },
      ...{ cancelPong: nothing, cancelNext: nothing },
    }
    waiting.set(name, one)
    arm(one, Math.max(0, lastMs + limits.pingIntervalMs - nowMs))
  }

  tools.watch({
    active: begin,
    gone({ name }) {
      const one = waiting.get(name)
      one?.cancelNext()
      one?.cancelPong()
      waiting.delete(name)
    },
  })
  tools.feed('ping', ({ message, peer: { connection, identity = '' } }) => {
    const lastMs = receivedMs.get(identity) ?? -Infinity
    // One that comes too early counts as well: else every other one of them would be answered.
    note(receivedMs, identity)
    if (tools.monotonicMs() - lastMs < limits.pingWindowMs - limits.pingToleranceMs) {
      tools.close(connection, 'ping-too-often')
      return
    }
    tools.send(connection, { type: 'pong', id: drawId(tools.random), pingId: message.id })
  })
  tools.feed('pong', ({ message, peer: { connection } }) => {
    const one = waiting.get(connection)
    if (one === undefined) return
    if (one.id !== undefined && one.id === message.pingId) {
      totals.answered++
      one.id = undefined
      one.cancelPong()
      tools.describe(connection, { pingMs: tools.monotonicMs() - one.sentMs })
      // It may have been long under way, and the next one be faster: the peer counts when they come.
      arm(one, limits.pingIntervalMs)
      return
    }
    const nowMs = tools.monotonicMs()
    const recent = one.wrongPongsMs.filter((atMs) => nowMs - atMs < limits.pingWindowMs)
    one.wrongPongsMs = [...recent, nowMs]
    if (one.wrongPongsMs.length > limits.wrongPongsMax) tools.close(connection, 'pongs-unasked')
  })
  for (const view of tools.connections()) if (view.phase === 'active') begin(view)
  return () => undefined
}
