/**
 * What a peer may not send on an active connection, where that needs no knowledge of blocks, transactions or
 * addresses: more than a command may hold, services that we do not offer, transactions where we want none.
 *
 * Whom the application asked for by name is left for what makes a connection useless, and not shunned.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import { INVENTORY_KINDS } from '../../codec/bitcoin/inventory.ts'
import type { InventoryEntry } from '../../codec/bitcoin/inventory.ts'
import { VIOLATION_REACTIONS } from '../../codec/bitcoin/wire-details.ts'
import type { BitcoinMisconduct, BitcoinTypes } from '../../machines/handshakes/bitcoin.ts'
import { BITCOIN_DETAILS } from './details.ts'
import { hasServices, SERVICES } from './services.ts'
import { relaysAddresses, relaysTransactions, SLOTS } from './slots.ts'

export interface ConductOptions {
  /** Ours. */
  readonly services: bigint
  readonly blocksOnly: boolean
}

type Tools = ChildTools<BitcoinTypes>

export const conductChild = (options: ConductOptions): ChildSpec<BitcoinTypes, undefined> => ({
  name: 'conduct',
  restart: 'permanent',
  keep: () => undefined,
  start: (tools) => startConduct(options, tools),
})

const BLOOM_COMMANDS = ['mempool', 'filterload', 'filteradd', 'filterclear'] as const
const FILTER_COMMANDS = ['getcfilters', 'getcfheaders', 'getcfcheckpt'] as const

const TRANSACTION_KINDS: ReadonlySet<number> = new Set([
  INVENTORY_KINDS.transaction,
  INVENTORY_KINDS.witnessTransactionId,
  INVENTORY_KINDS.transactionWithWitness,
])

const isOfTransaction = ({ kind }: InventoryEntry): boolean => TRANSACTION_KINDS.has(kind)

function startConduct({ blocksOnly, services }: ConductOptions, tools: Tools): () => void {
  const slotOf = (connection: string): string | undefined =>
    tools.connections().find(({ name }) => name === connection)?.slot

  const leave = (connection: string, detail: BitcoinMisconduct): void => {
    const { verdict } = BITCOIN_DETAILS[detail]
    const isShunned = typeof verdict !== 'function' && verdict.do === 'discourage'
    if (isShunned && slotOf(connection) === SLOTS.manual) return
    tools.close(connection, detail)
  }

  const wantsNone = (slot: string | undefined): boolean =>
    slot !== undefined && (blocksOnly || !relaysTransactions(slot))

  tools.feed('violation', ({ message: { command, detail }, peer: { connection } }) => {
    const slot = slotOf(connection)
    if (slot === undefined) return
    if ((command === 'addr' || command === 'addrv2') && !relaysAddresses(slot)) return
    if (command === 'filterload' || command === 'filteradd') {
      if (!hasServices(services, SERVICES.bloom)) {
        leave(connection, 'service-not-offered')
        return
      }
    }
    // Core passes over what it did not ask for; here the application asks, and is told of this as well.
    if (detail === 'too-many-transactions') return
    if (command === 'tx' && wantsNone(slot)) leave(connection, 'unwanted-transaction')
    else if (VIOLATION_REACTIONS[detail] !== 'ignore') leave(connection, detail)
  })
  const refuse = (
    commands: readonly ((typeof BLOOM_COMMANDS)[number] | (typeof FILTER_COMMANDS)[number])[],
    service: bigint,
  ): void => {
    if (hasServices(services, service)) return
    for (const command of commands) {
      tools.feed(command, ({ peer: { connection } }) => {
        leave(connection, 'service-not-offered')
      })
    }
  }
  refuse(BLOOM_COMMANDS, SERVICES.bloom)
  refuse(FILTER_COMMANDS, SERVICES.compactFilters)
  tools.feed('sendcmpct', ({ message: { announce }, peer: { connection } }) => {
    if (announce > 1) leave(connection, 'bad-announcement')
  })
  tools.feed('tx', ({ peer: { connection } }) => {
    if (wantsNone(slotOf(connection))) leave(connection, 'unwanted-transaction')
  })
  tools.feed('inv', ({ message: { entries }, peer: { connection } }) => {
    if (wantsNone(slotOf(connection)) && entries.some(isOfTransaction)) {
      leave(connection, 'unwanted-transaction')
    }
  })
  return () => undefined
}
