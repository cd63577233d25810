/**
 * Ping and pong: a ping as soon as a connection is active, and two minutes after each the next one, unless
 * it is still out. Whoever does not answer for twenty minutes is left; whoever answers another ping than ours
 * is not, because the right pong may still come.
 *
 * How long the answers took is shown with the connection: `pingMs` and `minimumPingMs`; and when the last ping
 * was sent, `pingSentMs`, with whether its answer is still awaited, `awaitsPong`.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import type { BitcoinLimits } from './limits.ts'
import { drawNonce } from './node-part.ts'
import { SLOTS } from './slots.ts'

/** Peers of this version and older answer no ping, and get no answer. */
const SILENT_VERSION_MAX = 60_000
/** A stall of ours may have kept the pong from being read: it is read in the turn after the alarm. */
const GRACE_MS = 250

type Tools = ChildTools<BitcoinTypes>
type View = ConnectionView<BitcoinTypes>

interface Pinging {
  /** Of the ping that is out. */
  nonce: bigint | undefined
  sentMs: number
  minimumMs: number
  cancel: () => void
}

export const pingChild = (limits: BitcoinLimits): ChildSpec<BitcoinTypes, undefined> => ({
  name: 'ping',
  restart: 'permanent',
  keep: () => undefined,
  start: (tools) => startPing(limits, tools),
})

const answersPings = ({ facts }: View): boolean =>
  (facts?.peer?.commonVersion ?? 0) > SILENT_VERSION_MAX

function startPing(limits: BitcoinLimits, tools: Tools): () => void {
  const pinging = new Map<string, Pinging>()
  const totals = { sent: 0, answered: 0 }
  tools.show(() => {
    const awaited = [...pinging.values()].filter(({ nonce }) => nonce !== undefined).length
    return { counts: { connections: pinging.size, awaited }, totals: { ...totals } }
  })

  const ping = (name: string, one: Pinging): void => {
    one.nonce = drawNonce(tools.random)
    one.sentMs = tools.monotonicMs()
    one.cancel()
    const isSent = tools.send(name, { type: 'ping', nonce: one.nonce }) === 'queued'
    if (!isSent) {
      answered(name, one)
      return
    }
    totals.sent++
    tools.describe(name, { awaitsPong: true, pingSentMs: one.sentMs })
    awaitPong(name, one, limits.inactivityMs)
  }

  const awaitPong = (name: string, one: Pinging, afterMs: number): void => {
    one.cancel = tools.after(afterMs, () => {
      // Nobody is left because it is us who do not read.
      if (tools.isHeld(name)) awaitPong(name, one, limits.inactivityMs)
      else if (afterMs !== GRACE_MS) awaitPong(name, one, GRACE_MS)
      else tools.close(name, 'ping-timeout')
    })
  }

  /** Nothing is out any more: the next one is due so long after this one was sent. */
  const answered = (name: string, one: Pinging): void => {
    one.nonce = undefined
    one.cancel()
    const dueMs = one.sentMs + limits.pingIntervalMs - tools.monotonicMs()
    one.cancel = tools.after(Math.max(0, dueMs), () => {
      ping(name, one)
    })
  }

  const begin = (view: View): void => {
    if (view.slot === SLOTS.feeler || !answersPings(view)) return
    const one = {
      ...{ nonce: undefined, sentMs: 0, minimumMs: Infinity },
      cancel: () => undefined,
    }
    pinging.set(view.name, one)
    ping(view.name, one)
  }

  const note = (name: string, one: Pinging): void => {
    totals.answered++
    const pingMs = tools.monotonicMs() - one.sentMs
    one.minimumMs = Math.min(one.minimumMs, pingMs)
    tools.describe(name, { pingMs, minimumPingMs: one.minimumMs })
  }

  tools.watch({
    active: begin,
    gone({ name }) {
      pinging.get(name)?.cancel()
      pinging.delete(name)
    },
  })
  tools.feed('ping', ({ message: { nonce }, peer: { connection } }) => {
    const view = tools.connections().find(({ name }) => name === connection)
    if (view === undefined || !answersPings(view)) return
    tools.send(connection, { type: 'pong', nonce })
  })
  tools.feed('pong', ({ message: { nonce }, peer: { connection } }) => {
    const one = pinging.get(connection)
    if (one?.nonce === undefined) return
    if (nonce === one.nonce) note(connection, one)
    // Too short, or zero: the peer says that it will not answer this one.
    else if (nonce !== undefined && nonce !== 0n) return
    tools.describe(connection, { awaitsPong: false })
    answered(connection, one)
  })
  for (const view of tools.connections()) if (view.phase === 'active') begin(view)
  return () => undefined
}
