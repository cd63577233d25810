/**
 * What a running node answers. A ban or its end is a command of the node, an input like any other; it
 * is carried out before the answer leaves.
 * @module
 */
import { PeerloomError } from '../../index.ts'
import type { NodeState, ProtocolTypes, Supervisor, SupervisorEvent } from '../../index.ts'
import type { Clock } from '../../world/clock.ts'
import type { Describe } from '../description.ts'
import type { Refusal, Row } from './protocol.ts'
import { banRow, connectionRow, peerRow } from './rows.ts'
import type { Answer } from './server.ts'
import { keyOfPrinted, wordOf } from './subject.ts'

/** Its folder has an owner from before it runs until after: somebody may ask in between. */
function notRunning(state: NodeState): Refusal {
  switch (state) {
    case 'idle':
    case 'starting':
      return { error: 'the node is starting: ask again', usage: false }
    case 'stopping':
      return { error: 'the node is stopping: ask again', usage: false }
    default:
      return { error: 'the node is not running', usage: false }
  }
}

type Asked = Pick<
  Supervisor<ProtocolTypes>,
  'ban' | 'bans' | 'connections' | 'events' | 'peers' | 'state' | 'unban'
>

export function answersOf(supervisor: Asked, clock: Clock, describe: Describe): Answer {
  /** What the node told while it was asked to do something. */
  const during = (run: () => void): readonly SupervisorEvent[] => {
    const told: SupervisorEvent[] = []
    const subscription = supervisor.events.subscribe((event) => told.push(event))
    try {
      run()
    } finally {
      subscription.unsubscribe()
    }
    return told
  }

  const ban = (subject: string, forMs: number | null, why: string) => {
    const told = during(() => {
      supervisor.ban(subject, { why, ms: forMs ?? Infinity })
    })
    for (const event of told) {
      if (event.type === 'peer.banned') {
        const { subject: banned, untilMs = null, why: reason } = event
        return { rows: [{ event: 'banned', subject: banned, reason, untilMs }] }
      }
      if (event.type === 'fault' && event.where === 'bans') {
        return { error: String(event.error), usage: false }
      }
    }
    return notRunning(supervisor.state)
  }

  const unban = (subject: string): readonly Row[] =>
    during(() => {
      supervisor.unban(keyOfPrinted(subject, supervisor.bans()) ?? wordOf(subject))
    }).flatMap((event) =>
      event.type === 'peer.unbanned' ? [{ event: 'unbanned', subject: event.subject }] : [],
    )

  const peers = (): readonly Row[] => {
    const nowMs = clock.monotonicMs()
    return [
      ...supervisor.connections().map((info) => connectionRow(info, nowMs, describe(info))),
      ...supervisor.peers().map((view) => peerRow(view, nowMs)),
      ...supervisor.bans().map(banRow),
    ]
  }

  return (request) => {
    if (supervisor.state !== 'running') return notRunning(supervisor.state)
    try {
      switch (request.ask) {
        case 'peers':
          return { rows: peers() }
        case 'bans':
          return { rows: supervisor.bans().map(banRow) }
        case 'ban':
          return ban(request.subject, request.forMs, request.why)
        case 'unban':
          return { rows: unban(request.subject) }
      }
    } catch (error) {
      if (!(error instanceof PeerloomError)) throw error
      return { error: error.message, usage: error.code === 'bad-argument' }
    }
  }
}
