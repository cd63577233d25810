/**
 * What a network's rules say of a connection that ended: what follows, and whether it is dialled once more
 * in another way.
 * @module
 */
import type { Connection, ConnectionEnding } from '../actors/connection-contract.ts'
import type { Protocol } from '../actors/protocol.ts'
import { ruleOf, verdictOf } from '../machines/reasons.ts'
import type { Verdict } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'

/** By the network's table; but how long a wait is the other side may have said. */
export function verdictAfter<T extends ProtocolTypes>(
  { details }: Pick<Protocol<T>, 'details'>,
  { detail, phase, waitMs }: ConnectionEnding<T>,
): Verdict {
  const verdict = verdictOf(ruleOf(details, detail), phase)
  return verdict.do === 'wait' && waitMs !== undefined ? { do: 'wait', ms: waitMs } : verdict
}

/** The network's own rule for one more dial of another kind, with nothing charged. */
export function otherDialAfter<T extends ProtocolTypes>(
  { redial }: Pick<Protocol<T>, 'redial'>,
  { counters, dial, ending, view: { role } }: Connection<T>,
): T['dial'] | undefined {
  if (ending === undefined) return undefined
  const { detail, phase } = ending
  const { receivedBytes, sentBytes } = counters
  return redial?.({ role, phase, detail, dial, receivedBytes, sentBytes })
}
