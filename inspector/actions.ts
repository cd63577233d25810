/**
 * What a page may do to a node, where its owner allowed it. What is asked is checked here, also whether
 * there is anything that it would do; what follows is a command of the node, an input like any other.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import { PeerloomError } from '../world/errors.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import type { Action, ActionAnswer, Refusal } from './messages.ts'
import { isRecord } from './queries.ts'

/** An address, an identity or a name. */
const TEXT_LENGTH_MAX = 256
/** A century. */
const BAN_MS_MAX = 3_155_760_000_000

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= TEXT_LENGTH_MAX

const isBanTime = (value: unknown): value is number | null =>
  value === null ||
  (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= BAN_MS_MAX)

/** Undefined: it is none. */
export function actionOf(given: unknown): Action | undefined {
  if (!isRecord(given)) return undefined
  const { child, connection, do: what, forMs, node, subject } = given
  if (!isText(node)) return undefined
  switch (what) {
    case 'disconnect':
      return isText(connection) ? { do: what, node, connection } : undefined
    case 'ban':
      return isText(subject) && isBanTime(forMs) ? { do: what, node, subject, forMs } : undefined
    case 'pause':
    case 'resume':
      return { do: what, node }
    case 'restart':
      return isText(child) ? { do: what, node, child } : undefined
    default:
      return undefined
  }
}

export type ActedOn<T extends ProtocolTypes> = Pick<
  Supervisor<T>,
  'actor' | 'ban' | 'disconnect' | 'inside' | 'pause' | 'restart' | 'resume' | 'state'
>

function perform<T extends ProtocolTypes>(supervisor: ActedOn<T>, action: Action): void {
  switch (action.do) {
    case 'disconnect':
      supervisor.disconnect(action.connection)
      return
    case 'ban': {
      const ms = action.forMs === null ? {} : { ms: action.forMs }
      supervisor.ban(action.subject, { ...ms, why: 'by hand, from the page' })
      return
    }
    case 'pause':
      supervisor.pause()
      return
    case 'resume':
      supervisor.resume()
      return
    case 'restart':
      supervisor.restart(action.child)
      return
  }
}

/** Before its start it can be paused: then it starts so. */
const WITHOUT_CONNECTIONS: ReadonlySet<string> = new Set(['stopping', 'stopped', 'failed'])

const refused = (why: Refusal['why'], message: string): ActionAnswer => ({
  refused: { why, message },
})

/** Why it would do nothing; what a node refuses by itself is not asked here. */
function wrongWith<T extends ProtocolTypes>(
  { inside, state }: ActedOn<T>,
  action: Action,
): ActionAnswer | undefined {
  switch (action.do) {
    case 'disconnect':
      return inside.connection(action.connection) === undefined
        ? refused('unknown-connection', `there is no connection ${action.connection} any more`)
        : undefined
    case 'pause':
    case 'resume':
      return WITHOUT_CONNECTIONS.has(state)
        ? refused('not-running', `the node is ${state}`)
        : undefined
    default:
      return undefined
  }
}

/** @returns carries out what is asked of this node */
export const createActions =
  <T extends ProtocolTypes>(supervisor: ActedOn<T>) =>
  async (given: unknown): Promise<ActionAnswer> => {
    const action = actionOf(given)
    if (action === undefined) return refused('bad-query', 'there is no such action')
    if (action.node !== supervisor.actor.id) {
      return refused('unknown-node', `there is no node ${action.node} here`)
    }
    const wrong = wrongWith(supervisor, action)
    if (wrong !== undefined) return wrong
    try {
      perform(supervisor, action)
    } catch (error) {
      if (!(error instanceof PeerloomError)) throw error
      return refused(error.code === 'not-running' ? 'not-running' : 'bad-query', error.message)
    }
    return Promise.resolve({ done: true })
  }
