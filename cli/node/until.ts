/**
 * What `--until` waits for: `peers=N` of ours, and whatever the network names.
 * @module
 */
import type { ProtocolTools, ToolNode, UntilCondition } from '../../actors/protocol-tools.ts'
import { CommandFault } from '../command-fault.ts'

export interface Condition {
  /** As it was asked for. */
  readonly text: string
  holds(node: ToolNode): boolean
}

const FORM = /^([a-z][a-z0-9-]*)(?:=(.*))?$/
const COUNT = /^[1-9][0-9]{0,5}$/

/** Those without an identity count by connection. */
function peers(value: string | undefined): UntilCondition {
  if (value === undefined || !COUNT.test(value)) {
    return { wrong: 'peers=N needs a whole number from 1 to 999999' }
  }
  const count = Number(value)
  return {
    holds(node) {
      const active = node.connections().filter(({ phase }) => phase === 'active')
      return new Set(active.map(({ identity, name }) => identity ?? name)).size >= count
    },
  }
}

/** @throws {CommandFault} no condition of ours or of the network */
export function parseCondition(
  text: string,
  { until = {} }: Pick<ProtocolTools, 'until'>,
): Condition {
  const [, name = '', value] = FORM.exec(text) ?? []
  const conditions = { ...until, peers }
  const make = Object.hasOwn(conditions, name)
    ? (conditions as Readonly<Record<string, (value: string | undefined) => UntilCondition>>)[name]
    : undefined
  if (make === undefined) {
    const names = Object.keys(conditions).join(', ')
    throw new CommandFault(2, `--until ${text}: there is no such condition; there is: ${names}`)
  }
  const condition = make(value)
  if ('wrong' in condition) throw new CommandFault(2, `--until ${text}: ${condition.wrong}`)
  return { text, holds: condition.holds }
}
