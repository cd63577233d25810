/**
 * What a peer may not send on an active connection, where that needs no knowledge of blocks, transactions or
 * addresses: more than a command may hold, services that we do not offer, transactions where we want none.
 *
 * Whom the application asked for by name, or the operator does not ban, is left for what makes a connection
 * useless, and not shunned.
 * @module
 */
import type { ChildSpec, ChildTools } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import { INVENTORY_KINDS } from '../../codec/bitcoin/inventory.ts'
import type { InventoryEntry } from '../../codec/bitcoin/inventory.ts'
import { VIOLATION_REACTIONS } from '../../codec/bitcoin/wire-details.ts'
import type { BitcoinMisconduct, BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { BITCOIN_DETAILS } from './details.ts'
import type { PermissionName, Permissions } from './permissions.ts'
import { hasServices, SERVICES } from './services.ts'
import { relaysAddresses, relaysTransactions, SLOTS } from './slots.ts'

export interface ConductOptions {
  /** Ours. */
  readonly services: bigint
  readonly blocksOnly: boolean
  readonly permissions: Permissions
}

type Tools = ChildTools<BitcoinTypes>
type View = ConnectionView<BitcoinTypes>

export const conductChild = (options: ConductOptions): ChildSpec<BitcoinTypes, undefined> => ({
  name: 'conduct',
  restart: 'permanent',
  keep: () => undefined,
  start: (tools) => startConduct(options, tools),
})

const BLOOM_COMMANDS = ['filterload', 'filteradd', 'filterclear'] as const
const FILTER_COMMANDS = ['getcfilters', 'getcfheaders', 'getcfcheckpt'] as const

const TRANSACTION_KINDS: ReadonlySet<number> = new Set([
  INVENTORY_KINDS.transaction,
  INVENTORY_KINDS.witnessTransactionId,
  INVENTORY_KINDS.transactionWithWitness,
])

const isOfTransaction = ({ kind }: InventoryEntry): boolean => TRANSACTION_KINDS.has(kind)

function startConduct({ blocksOnly, permissions, services }: ConductOptions, tools: Tools) {
  /** Connections that were left for what came through them, and those that were kept all the same. */
  const totals = { left: 0, spared: 0 }
  tools.show(() => ({ totals: { ...totals } }))

  const viewOf = (connection: string): View | undefined =>
    tools.connections().find(({ name }) => name === connection)

  const may = (view: View | undefined, name: PermissionName): boolean =>
    view !== undefined && permissions.of(view).has(name)

  const leave = (connection: string, detail: BitcoinMisconduct): void => {
    const { verdict } = BITCOIN_DETAILS[detail]
    const isShunned = typeof verdict !== 'function' && verdict.do === 'discourage'
    const view = isShunned ? viewOf(connection) : undefined
    if (view?.slot === SLOTS.manual || may(view, 'noban')) {
      totals.spared++
      return
    }
    totals.left++
    tools.close(connection, detail)
  }

  const wantsNone = (view: View | undefined): boolean =>
    view !== undefined && (!relaysTransactions(view.slot) || (blocksOnly && !may(view, 'relay')))

  const offersBloom = (view: View | undefined): boolean =>
    hasServices(services, SERVICES.bloom) || may(view, 'bloomfilter')

  tools.feed('violation', ({ message: { command, detail }, peer: { connection } }) => {
    const view = viewOf(connection)
    if (view === undefined) return
    if ((command === 'addr' || command === 'addrv2') && !relaysAddresses(view.slot)) return
    if (command === 'filterload' || command === 'filteradd') {
      if (!offersBloom(view)) {
        leave(connection, 'service-not-offered')
        return
      }
    }
    // Core passes over what it did not ask for; here the application asks, and is told of this as well.
    if (detail === 'too-many-transactions') return
    if (command === 'tx' && wantsNone(view)) leave(connection, 'unwanted-transaction')
    else if (VIOLATION_REACTIONS[detail] !== 'ignore') leave(connection, detail)
  })
  for (const command of BLOOM_COMMANDS) {
    tools.feed(command, ({ peer: { connection } }) => {
      if (!offersBloom(viewOf(connection))) leave(connection, 'service-not-offered')
    })
  }
  tools.feed('mempool', ({ peer: { connection } }) => {
    const view = viewOf(connection)
    if (offersBloom(view) || may(view, 'mempool') || may(view, 'noban')) return
    leave(connection, 'service-not-offered')
  })
  if (!hasServices(services, SERVICES.compactFilters)) {
    for (const command of FILTER_COMMANDS) {
      tools.feed(command, ({ peer: { connection } }) => {
        leave(connection, 'service-not-offered')
      })
    }
  }
  tools.feed('sendcmpct', ({ message: { announce }, peer: { connection } }) => {
    if (announce > 1) leave(connection, 'bad-announcement')
  })
  tools.feed('tx', ({ peer: { connection } }) => {
    if (wantsNone(viewOf(connection))) leave(connection, 'unwanted-transaction')
  })
  tools.feed('inv', ({ message: { entries }, peer: { connection } }) => {
    if (entries.some(isOfTransaction) && wantsNone(viewOf(connection))) {
      leave(connection, 'unwanted-transaction')
    }
  })
  return () => undefined
}
