/**
 * Ping and pong, by BOTD's rule: at most one ping in 30 s to a peer, counted by its identity and across
 * reconnects; whoever sends more is left, and so is whoever does not answer.
 *
 * After its own start a node sends none for an interval: it does not know when it last did.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import { equalBytes } from '../../codec/bytes.ts'
import { REQUEST_ID_BYTES as ID_BYTES } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { NativeLimits } from './limits.ts'
import { createRates } from './rates.ts'

/** By identity, monotonic milliseconds. What is older than the interval is forgotten. */
export interface PingTimes {
  readonly sentMs: Map<string, number>
  readonly receivedMs: Map<string, number>
}

/** A stall of ours may have kept the pong from being read: it is read in the turn after the alarm. */
const GRACE_MS = 1_000
/** Identities of which times are kept: as many as come and go within an interval, and far more. */
const TIMES_MAX = 10_000

export const pingChild = (limits: NativeLimits): ChildSpec<NativeTypes, PingTimes> => ({
  name: 'ping',
  restart: 'permanent',
  keep: () => ({ sentMs: new Map(), receivedMs: new Map() }),
  start: (tools, kept) => startPing(limits, tools, kept),
})

interface Waiting {
  readonly view: ConnectionView<NativeTypes>
  readonly id: Uint8Array
  readonly sentMs: number
  readonly cancel: () => void
}

function startPing(
  limits: NativeLimits,
  tools: ChildTools<NativeTypes>,
  { receivedMs, sentMs }: PingTimes,
): () => void {
  const startedMs = tools.monotonicMs()
  /** The next ping of each connection, and the one that is out. */
  const nextPings = new Map<string, () => void>()
  const waiting = new Map<string, Waiting>()
  const wrongPongs = createRates(limits.pingWindowMs, limits.wrongPongsMax + 1)
  const totals = { sent: 0, answered: 0 }
  tools.show(() => ({
    counts: { connections: nextPings.size, awaited: waiting.size },
    totals: { ...totals },
  }))

  /** The newest last. */
  const note = (times: Map<string, number>, identity: string): void => {
    const nowMs = tools.monotonicMs()
    times.delete(identity)
    times.set(identity, nowMs)
    for (const [oldest, timeMs] of times) {
      if (times.size <= TIMES_MAX && nowMs - timeMs < limits.pingIntervalMs) return
      times.delete(oldest)
    }
  }

  const forget = (connection: string): void => {
    nextPings.get(connection)?.()
    nextPings.delete(connection)
    waiting.get(connection)?.cancel()
    waiting.delete(connection)
    wrongPongs.forget(connection)
  }

  const watchFor = (connection: string, afterMs: number): (() => void) => {
    const sinceMs = tools.monotonicMs()
    return tools.after(afterMs, () => {
      // Nobody is left because it is us who do not read, or because a large message goes slowly.
      const isSlow = tools.isHeld(connection) || tools.isUnderWay(connection, sinceMs)
      if (isSlow) awaitPong(connection, limits.pongMs)
      else if (afterMs > GRACE_MS) awaitPong(connection, GRACE_MS)
      else tools.close(connection, 'pong-missing')
    })
  }

  const awaitPong = (connection: string, afterMs: number): void => {
    const out = waiting.get(connection)
    if (out !== undefined) {
      waiting.set(connection, { ...out, cancel: watchFor(connection, afterMs) })
    }
  }

  const ping = (view: ConnectionView<NativeTypes>): void => {
    const { identity = '', name } = view
    const id = tools.random.bytes(ID_BYTES)
    if (tools.send(name, { type: 'ping', id }) !== 'queued') return
    totals.sent++
    note(sentMs, identity)
    const cancel = watchFor(name, limits.pongMs)
    waiting.set(name, { view, id, sentMs: tools.monotonicMs(), cancel })
  }

  const dueMs = ({ identity = '', readyMs }: ConnectionView<NativeTypes>): number => {
    const lastMs = Math.max(sentMs.get(identity) ?? startedMs, startedMs)
    return Math.max(lastMs, readyMs ?? tools.monotonicMs()) + limits.pingIntervalMs
  }

  const arm = (view: ConnectionView<NativeTypes>, afterMs: number): void => {
    const cancel = tools.after(afterMs, () => {
      nextPings.delete(view.name)
      if (!waiting.has(view.name)) ping(view)
      // What could not be sent, as on a connection that is closing, is not tried again at once.
      arm(view, limits.pingIntervalMs)
    })
    nextPings.set(view.name, cancel)
  }

  const schedule = (view: ConnectionView<NativeTypes>): void => {
    arm(view, Math.max(0, dueMs(view) - tools.monotonicMs()))
  }

  tools.watch({
    active: schedule,
    gone({ name }) {
      forget(name)
    },
  })
  tools.feed('ping', ({ message, peer: { connection, identity = '' } }) => {
    const lastMs = receivedMs.get(identity)
    if (lastMs !== undefined && tools.monotonicMs() - lastMs < limits.pingWindowMs) {
      tools.close(connection, 'ping-too-often')
      return
    }
    note(receivedMs, identity)
    tools.send(connection, { type: 'pong', id: message.id.slice() })
  })
  tools.feed('pong', ({ message, peer: { connection } }) => {
    const out = waiting.get(connection)
    if (out !== undefined && equalBytes(out.id, message.id)) {
      totals.answered++
      out.cancel()
      waiting.delete(connection)
      tools.describe(connection, { pingMs: tools.monotonicMs() - out.sentMs })
      // It may have been long under way, and the next one be faster: the peer counts when they come.
      nextPings.get(connection)?.()
      arm(out.view, limits.pingIntervalMs)
      return
    }
    if (wrongPongs.note(connection, tools.monotonicMs()) > limits.wrongPongsMax) {
      tools.close(connection, 'pongs-unasked')
    }
  })
  for (const view of tools.connections()) if (view.phase === 'active') schedule(view)
  return () => undefined
}
