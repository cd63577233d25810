/**
 * What follows from a verdict: a strike is noted, a ban closes and is kept, whoever is discouraged is
 * closed. Verdicts come from the network's table of details; what they mean for a peer, from peers.ts.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import type { Protocol } from '../actors/protocol.ts'
import type { CloseDetail, Verdict } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { StepLoop } from '../world/step-loop.ts'
import { coveredBy } from './ban-cover.ts'
import { printBanKey } from './ban-records.ts'
import type { BanKey } from './ban-records.ts'
import type { Bans } from './bans.ts'
import type { Connections } from './connections.ts'
import type { SupervisorEvent } from './events.ts'
import type { Consequence, PeerAbout, Peers } from './peers.ts'

export interface ConsequencesOptions<T extends ProtocolTypes> {
  readonly addresses: Protocol<T>['addresses']
  readonly bans: Bans
  readonly connections: Connections<T>
  readonly loop: StepLoop
  readonly peers: Peers
  aboutOf(connection: Connection<T>): PeerAbout
  /** Whether nothing that concerns its place closes it. */
  isExempt(connection: Connection<T>): boolean
  /** Writes what changed of the bans. */
  persist(): void
  tell(event: SupervisorEvent): void
}

export interface Consequences<T extends ProtocolTypes> {
  /** True: it is to be dialled again at once. */
  apply(connection: Connection<T>, verdict: Verdict, why: string, ended: boolean): boolean
  /** A ban closes, refuses, persists, and is told. `forMs` left out: for good. */
  ban(key: BanKey, forMs: number | undefined, why: string, manual: boolean): void
}

export function createConsequences<T extends ProtocolTypes>(
  options: ConsequencesOptions<T>,
): Consequences<T> {
  const { aboutOf, addresses, bans, connections, loop, peers, persist, tell } = options

  /** Whoever has proven who he is does not answer for what others did at his address. */
  const isSpared = (connection: Connection<T>, key: BanKey, manual: boolean): boolean => {
    if (key.kind === 'identity') return false
    return options.isExempt(connection) || (!manual && connection.view.identity !== undefined)
  }

  const closeAll = (key: BanKey, detail: CloseDetail<T['detail']>, manual: boolean): void => {
    const isCovered = coveredBy(key)
    for (const connection of connections.all()) {
      const { identity, phase, remote } = connection.view
      const { host } = remote
      const claim = phase === 'handshaking' ? connection.claim : undefined
      const group = claim === undefined ? undefined : addresses.group(host)
      const isMeant = isCovered({ host, group, identity, claim })
      if (isMeant && !isSpared(connection, key, manual)) connection.leave(detail)
    }
  }

  /** A ban closes, refuses, persists, and is told. */
  const banKey = (key: BanKey, forMs: number | undefined, why: string, manual: boolean): void => {
    const { wallMs } = loop.step
    const untilMs = forMs === undefined ? undefined : wallMs + forMs
    const outcome =
      manual || untilMs === undefined
        ? bans.ban(key, { manual: true, reason: why, untilMs }, wallMs)
        : bans.ban(key, { manual: false, reason: why, untilMs }, wallMs)
    if ('refused' in outcome) {
      tell({ type: 'fault', where: 'bans', error: outcome.refused })
      return
    }
    tell({ type: 'peer.banned', subject: printBanKey(key), key, why, untilMs })
    closeAll(key, 'banned', manual)
    persist()
  }

  /** True: it is to be dialled again at once. */
  const follow = (connection: Connection<T>, consequence: Consequence, why: string): boolean => {
    switch (consequence.do) {
      case 'ban':
        banKey(consequence.key, consequence.forMs, why, false)
        connection.leave('banned')
        return false
      case 'note-strike': {
        const { key, strikes } = consequence
        tell({ type: 'peer.struck', subject: printBanKey(key), key, strikes })
        return false
      }
      case 'discourage':
        if (!aboutOf(connection).shared) {
          bans.discourage(consequence.host)
          closeAll({ kind: 'address', host: consequence.host }, 'discouraged', false)
        }
        connection.leave('discouraged')
        return false
      case 'redial':
        return true
      case 'dial-after':
      case 'refuse':
        // The governor asks the peers' records.
        return false
    }
  }

  const apply = (
    connection: Connection<T>,
    verdict: Verdict,
    why: string,
    ended: boolean,
  ): boolean => {
    const occasion = { nowMs: loop.step.monotonicMs, ended }
    let again = false
    for (const consequence of peers.applyVerdict(verdict, aboutOf(connection), occasion)) {
      again = follow(connection, consequence, why) || again
    }
    return again
  }

  return { apply, ban: banKey }
}
