/**
 * What a run holds every node to, looked at with each event, from time to time, and at the end of each
 * life. What is broken is reported; the run goes on.
 * @module
 */
import type { Connection } from '../../actors/connection-contract.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import { CORE_LIMITS } from '../../supervisor/limits.ts'
import type { NodeLimits } from '../../supervisor/node-contract.ts'
import type { Happening } from '../../supervisor/waits.ts'
import { heldBy } from '../account.ts'
import type { Life } from './simulated-node.ts'
import type { Violations } from './violations.ts'

type Closing = Extract<Happening, { readonly type: 'connection.closed' }>

export interface Invariants<T extends ProtocolTypes> {
  happened(life: Life<T>, happening: Happening): void
  /** Between two steps. */
  look(life: Life<T>): void
  /** It ended in good order. */
  stopped(life: Life<T>): void
}

interface Accounts {
  readonly receivedMessages: number
  readonly handledMessages: number
  readonly dropped: Readonly<Partial<Record<string, number>>>
}

function isBalanced({ dropped, handledMessages, receivedMessages }: Accounts): boolean {
  let sum = handledMessages
  for (const reason in dropped) sum += dropped[reason] ?? 0
  return sum === receivedMessages
}

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

export function createInvariants<T extends ProtocolTypes>(
  violations: Violations,
  limits: NodeLimits,
): Invariants<T> {
  const checkAccounts = (life: Life<T>, name: string, accounts: Accounts): void => {
    if (isBalanced(accounts)) return
    const { dropped, handledMessages, receivedMessages } = accounts
    violations.report(
      'accounts',
      life.of.name,
      `${name} received ${receivedMessages}, handled ${handledMessages}, dropped ${JSON.stringify(dropped)}`,
    )
  }

  const checkMax = (life: Life<T>, what: string, count: number, max: number): void => {
    if (count > max) violations.report('caps', life.of.name, `${what}: ${count} of at most ${max}`)
  }

  /** What the manifest and the limits say, of what a node says of itself. */
  const checkCaps = (life: Life<T>): void => {
    const { admission, slots } = life.of.protocol
    const { remembered, ...audit } = life.node.audit()
    const check = (what: string, count: number, max: number): void =>
      checkMax(life, what, count, max)
    check('slots', audit.slots, slotsMax(slots))
    check('pending', audit.pending, admission.pendingInbound + admission.pendingOutbound)
    check('connections', audit.connections, slotsMax(slots))
    // The bound stops the next read, and not the message at hand.
    check('creditBytes', audit.creditBytes, limits.creditBytesMax + limits.turnBytesMax)
    check('explanations', remembered['explanations'] ?? 0, limits.explanationsMax)
    check('bans', remembered['bans'] ?? 0, CORE_LIMITS.bansMax)
    check('discouraged', remembered['discouraged'] ?? 0, CORE_LIMITS.discouragedMax)
    check('groups', remembered['groups'] ?? 0, CORE_LIMITS.groupsMax)
    check('booked', remembered['booked'] ?? 0, CORE_LIMITS.addressesMax)
    const addressesMax = 2 * CORE_LIMITS.listedMax + CORE_LIMITS.learntMax
    check('addresses', remembered['addresses'] ?? 0, addressesMax + slotsMax(slots))
  }

  const checkConnection = (life: Life<T>, connection: Connection<T>): void => {
    checkAccounts(life, connection.name, connection.counters)
    const { control, gossip, requests } = limits.laneBytesMax
    const lanesMax = control + gossip + requests + limits.batchBytes
    const unsentMax = lanesMax + limits.unsentBytesMax + limits.blockedBytesMax
    checkMax(life, `unsent bytes of ${connection.name}`, connection.unsentBytes(), unsentMax)
  }

  const closed = (life: Life<T>, closing: Closing): void => {
    const { connection, detail, phase, reason } = closing
    checkAccounts(life, connection, closing)
    if (!life.open.delete(connection)) {
      violations.report('ended', life.of.name, `${connection} ended and had not begun`)
    }
    const what = `${connection} ended while ${phase}: ${detail}`
    if (reason === 'our-fault') violations.report('ended', life.of.name, what)
    if (reason === 'peer-fault') violations.report('blameless', life.of.name, what)
  }

  return {
    happened(life, happening) {
      const { name } = life.of
      switch (happening.type) {
        case 'call.settled':
        case 'connection.room':
          return
        case 'connection.started':
          life.open.add(happening.connection)
          break
        case 'connection.closed':
          closed(life, happening)
          break
        case 'peer.struck':
          violations.report('blameless', name, `${happening.subject} got a strike`)
          return
        case 'fault':
          violations.report('sound', name, `${happening.where} threw ${textOf(happening.error)}`)
          return
        case 'node.failed':
          violations.report('sound', name, `failed: ${happening.fault}: ${happening.message}`)
          return
        case 'child.restarted':
        case 'child.ended':
          violations.report('sound', name, `${happening.type}: ${happening.child}`)
          return
        case 'store.failed':
        case 'store.set-aside':
        case 'bans.unreadable':
        case 'addresses.unreadable':
          violations.report('sound', name, happening.type)
          return
        default:
          break
      }
      if (happening.type !== 'node.stopped') checkCaps(life)
    },
    look(life) {
      checkCaps(life)
      for (const connection of life.node.connections()) checkConnection(life, connection)
      const { datagrams } = life.node
      if (datagrams !== undefined) checkAccounts(life, 'datagrams', datagrams)
    },
    stopped(life) {
      const { name } = life.of
      for (const connection of life.open) {
        violations.report('ended', name, `${connection} did not end with its node`)
      }
      const held = heldBy(life.node.audit())
      if (held.length > 0) violations.report('base-line', name, `still holds ${held.join(', ')}`)
    },
  }
}

const slotsMax = (slots: readonly { readonly max: number }[]): number =>
  slots.reduce((sum, { max }) => sum + max, 0)
