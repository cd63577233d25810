/**
 * Sending publications of one kind: to every neighbour that does not have one, or to a few drawn ones
 * where there are many. Best effort: whose lane is full does not get it, nor does who has had all that
 * it takes; nobody waits.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import { shuffled } from '../world/random.ts'
import type { ChildTools } from './child.ts'
import type { ConnectionView } from './protocol.ts'

export interface Forwarded {
  /** Neighbours that it waits to leave for. */
  readonly queued: number
  /** Neighbours whose lane was full, or whose quota was used up. */
  readonly dropped: number
}

export interface PassedOn extends Forwarded {
  /** Names of the connections of those whose quota was used up. */
  readonly lacking: ReadonlySet<string>
}

export interface ForwardLimits {
  /** With more neighbours than this, so many drawn ones get it. */
  readonly forwardToAllMax: number
  readonly forwardToSome: number
}

type Neighbour = Pick<ConnectionView<ProtocolTypes>, 'identity' | 'name'>

/** Who sends over these connections, by identity where there is one. */
export const sourcesOf = (connections: readonly Neighbour[]): ReadonlySet<string> =>
  new Set(connections.map(({ identity, name }) => identity ?? name))

/**
 * How many a neighbour takes. Who passes on what each of many neighbours may send it has more than it
 * may send to any of them, without a fault of its own.
 *
 * `source` is who sent it first, by identity where it has one; undefined: it is our own. `here` are all who
 * may send now.
 */
export interface Quota {
  isUsedUp(neighbour: Neighbour, source: string | undefined, here: ReadonlySet<string>): boolean
  /** One more waits to leave for it. */
  note(neighbour: Neighbour, source: string | undefined): void
}

export interface ForwardingOptions {
  readonly limits: ForwardLimits
  readonly quota: Quota
}

export interface Forwarding<Message> {
  /** To every neighbour: what an origin does. */
  sendToAll(message: Message): Forwarded
  /**
   * To those who neither sent it nor are its origin.
   *
   * @param known.senders names of connections
   * @param known.source who sent it first, by identity where it has one: its connection may be gone
   * @param known.origin an identity
   * @param known.only names of connections; left out: to whoever lacks it, of a crowd to a few
   */
  passOn(
    message: Message,
    known: {
      readonly senders: ReadonlySet<string>
      readonly source: string
      readonly origin: string
      readonly only?: ReadonlySet<string>
    },
  ): PassedOn
}

type Sending<T extends ProtocolTypes> = Pick<
  ChildTools<T>,
  'connections' | 'random' | 'send' | 'show'
>

/** It shows how many were not sent at first because of the quota. */
export function createForwarding<T extends ProtocolTypes>(
  tools: Sending<T>,
  { limits: { forwardToAllMax, forwardToSome }, quota }: ForwardingOptions,
): Forwarding<T['message']> {
  let overQuota = 0
  tools.show(() => ({ totals: { overQuota } }))

  /** Who may be told anything: the active ones. */
  const neighbours = () => tools.connections().filter(({ phase }) => phase === 'active')

  const sendTo = (
    chosen: readonly ConnectionView<T>[],
    message: T['message'],
    source: string | undefined,
    here: ReadonlySet<string>,
  ): PassedOn => {
    const lacking = new Set<string>()
    let queued = 0
    let dropped = 0
    for (const neighbour of chosen) {
      if (quota.isUsedUp(neighbour, source, here)) {
        dropped++
        lacking.add(neighbour.name)
        continue
      }
      const outcome = tools.send(neighbour.name, message)
      if (outcome === 'queued') {
        quota.note(neighbour, source)
        queued++
      }
      if (outcome === 'full') dropped++
    }
    return { queued, dropped, lacking }
  }

  return {
    sendToAll(message) {
      const { dropped, lacking, queued } = sendTo(neighbours(), message, undefined, new Set())
      overQuota += lacking.size
      return { queued, dropped }
    },
    passOn(message, { only, origin, senders, source }) {
      const all = neighbours()
      const others = all.filter(
        ({ identity, name }) =>
          !senders.has(name) && identity !== origin && only?.has(name) !== false,
      )
      const isCrowd = only === undefined && all.length > forwardToAllMax
      const chosen = isCrowd ? shuffled(tools.random, others).slice(0, forwardToSome) : others
      const passed = sendTo(chosen, message, source, sourcesOf(all))
      // Those who are named were counted before.
      if (only === undefined) overQuota += passed.lacking.size
      return passed
    },
  }
}
