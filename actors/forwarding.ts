/**
 * Passing a publication on: to every neighbour that does not have it, or to a few drawn ones where
 * there are many. Best effort: whose lane is full does not get it, and nobody waits.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import { shuffled } from '../world/random.ts'
import type { ChildTools } from './child.ts'
import type { ConnectionView } from './protocol.ts'

export interface Forwarded {
  /** Neighbours that it waits to leave for. */
  readonly queued: number
  /** Neighbours whose lane was full. */
  readonly dropped: number
}

export interface ForwardLimits {
  /** With more neighbours than this, so many drawn ones get it. */
  readonly forwardToAllMax: number
  readonly forwardToSome: number
}

type Sending<T extends ProtocolTypes> = Pick<ChildTools<T>, 'connections' | 'send'>

/** Who may be told anything: the active ones. */
const neighboursOf = <T extends ProtocolTypes>({ connections }: Sending<T>) =>
  connections().filter(({ phase }) => phase === 'active')

/** To every neighbour: what an origin does. */
export const sendToAll = <T extends ProtocolTypes>(
  tools: Sending<T>,
  message: T['message'],
): Forwarded => sendTo(tools, neighboursOf(tools), message)

/**
 * To those who neither sent it nor are its origin.
 *
 * @param senders names of connections
 * @param origin an identity
 */
export function forward<T extends ProtocolTypes>(
  tools: Sending<T> & Pick<ChildTools<T>, 'random'>,
  message: T['message'],
  { senders, origin }: { readonly senders: ReadonlySet<string>; readonly origin: string },
  { forwardToAllMax, forwardToSome }: ForwardLimits,
): Forwarded {
  const neighbours = neighboursOf(tools)
  const lacking = neighbours.filter(
    ({ identity, name }) => !senders.has(name) && identity !== origin,
  )
  const isCrowd = neighbours.length > forwardToAllMax
  const chosen = isCrowd ? shuffled(tools.random, lacking).slice(0, forwardToSome) : lacking
  return sendTo(tools, chosen, message)
}

function sendTo<T extends ProtocolTypes>(
  { send }: Sending<T>,
  neighbours: readonly ConnectionView<T>[],
  message: T['message'],
): Forwarded {
  let queued = 0
  let dropped = 0
  for (const { name } of neighbours) {
    const outcome = send(name, message)
    if (outcome === 'queued') queued++
    if (outcome === 'full') dropped++
  }
  return { queued, dropped }
}
