/**
 * All connections as a table that sorts and filters. Sorting and filtering are done by the node: the
 * page has only the rows that it shows.
 * @module
 */
import { useState } from 'preact/hooks'
import type { ConnectionRow, SortColumn, TableAnswer } from '../messages.ts'
import { useView } from './hooks.ts'
import {
  Address,
  ConnectionLink,
  Identity,
  NodeLink,
  Refused,
  SampledWords,
  State,
  Waiting,
} from './parts.tsx'
import { bytesRateWords, bytesWords, countWords, lengthWords, rateWords } from './words.ts'

const ROWS = 50

interface Column {
  readonly title: string
  readonly sort?: SortColumn
  /** Left out where there is little room. */
  readonly isWide?: boolean
  readonly isNumber?: boolean
  readonly cell: (row: ConnectionRow) => preact.ComponentChildren
}

const queued = ({ queuedBytes }: ConnectionRow): number =>
  Object.values(queuedBytes).reduce((sum, bytes) => sum + bytes, 0)

const queuedTitle = ({ queuedBytes }: ConnectionRow): string =>
  Object.entries(queuedBytes)
    .map(([lane, bytes]) => `${lane} ${bytesWords(bytes)}`)
    .join(', ')

const COLUMNS: readonly Column[] = [
  {
    title: 'Connection',
    sort: 'name',
    cell: ({ connection, node }) => <ConnectionLink node={node} connection={connection} />,
  },
  { title: 'Node', isWide: true, cell: ({ node }) => <NodeLink node={node} /> },
  {
    title: 'State',
    sort: 'state',
    cell: ({ isHeld, session, state }) => (
      <>
        <State state={state} />
        {isHeld ? <span class="tag">not read</span> : null}
        {session === '' ? null : <span class="under">{session}</span>}
      </>
    ),
  },
  {
    title: 'Direction',
    // Names of connections say it as well.
    isWide: true,
    cell: ({ direction, slot }) => (
      <>
        {direction}
        <span class="under">{slot}</span>
      </>
    ),
  },
  {
    title: 'Peer',
    sort: 'address',
    isWide: true,
    cell: ({ address, identity }) => (
      <>
        <Address of={address} />
        <span class="under">
          <Identity of={identity} />
        </span>
      </>
    ),
  },
  {
    title: 'Age',
    sort: 'age',
    isNumber: true,
    isWide: true,
    cell: ({ ageMs }) => lengthWords(ageMs),
  },
  {
    title: 'In /s',
    sort: 'received-rate',
    isNumber: true,
    cell: ({ rates }) => (
      <>
        {rateWords(rates.receivedMessages)}
        <span class="under">{bytesRateWords(rates.receivedBytes)}</span>
      </>
    ),
  },
  {
    title: 'Out /s',
    sort: 'sent-rate',
    isNumber: true,
    cell: ({ rates }) => (
      <>
        {rateWords(rates.sentMessages)}
        <span class="under">{bytesRateWords(rates.sentBytes)}</span>
      </>
    ),
  },
  {
    title: 'Queued',
    sort: 'queued',
    isNumber: true,
    isWide: true,
    cell: (row) => <span title={queuedTitle(row)}>{bytesWords(queued(row))}</span>,
  },
  {
    title: 'Strikes',
    sort: 'strikes',
    isNumber: true,
    isWide: true,
    cell: ({ strikes }) => countWords(strikes),
  },
]

/** Those of the network stand behind: there may be many. */
const columnsOf = ({ columns }: TableAnswer, node: string | undefined): readonly Column[] => [
  ...COLUMNS.filter(({ title }) => node === undefined || title !== 'Node'),
  ...columns.map((title): Column => ({
    title,
    isWide: true,
    cell: ({ described }) => (
      <span class="cut" title={described[title]}>
        {described[title] ?? ''}
      </span>
    ),
  })),
]

const classOf = ({ isNumber, isWide }: Column): string =>
  [isNumber === true ? 'number' : '', isWide === true ? 'wide' : ''].join(' ').trim()

interface Order {
  readonly sort: SortColumn
  readonly descending: boolean
}

function Heading(props: {
  readonly column: Column
  readonly order: Order
  readonly onOrder: (order: Order) => void
}) {
  const { column, onOrder, order } = props
  const { sort, title } = column
  if (sort === undefined) {
    return (
      <th scope="col" class={classOf(column)}>
        {title}
      </th>
    )
  }
  const isSorted = order.sort === sort
  const aria = isSorted ? (order.descending ? 'descending' : 'ascending') : 'none'
  return (
    <th scope="col" class={classOf(column)} aria-sort={aria}>
      <button
        type="button"
        onClick={() => {
          // Of numbers one wants to see the largest first.
          const descending = isSorted ? !order.descending : column.isNumber === true
          onOrder({ sort, descending })
        }}
      >
        {title}
        <span aria-hidden="true" class="arrow">
          {isSorted ? (order.descending ? '▼' : '▲') : ''}
        </span>
      </button>
    </th>
  )
}

export interface TableProps {
  /** Left out: of all nodes. */
  readonly node?: string
}

export function ConnectionsTable({ node }: TableProps) {
  const [order, setOrder] = useState<Order>({ sort: 'name', descending: false })
  const [filter, setFilter] = useState('')
  const [state, setState] = useState('')
  const [offset, setOffset] = useState(0)
  const { refused, view } = useView({
    view: 'table',
    ...order,
    ...{ filter, offset, limit: ROWS },
    ...(node === undefined ? {} : { node }),
    ...(state === '' ? {} : { state }),
  })
  const answer = view?.answer
  const last = Math.min(offset + ROWS, answer?.matching ?? 0)
  const choose = (change: () => void): void => {
    setOffset(0)
    change()
  }
  return (
    <>
      <form
        class="tools"
        role="search"
        onSubmit={(event) => {
          event.preventDefault()
        }}
      >
        <label>
          Filter
          <input
            type="search"
            placeholder="name, address, identity …"
            value={filter}
            onInput={({ currentTarget }) => {
              choose(() => {
                setFilter(currentTarget.value)
              })
            }}
          />
        </label>
        <label>
          State
          <select
            value={state}
            onChange={({ currentTarget }) => {
              choose(() => {
                setState(currentTarget.value)
              })
            }}
          >
            <option value="">all</option>
            {(answer?.states ?? []).map((one) => (
              <option key={one.state} value={one.state}>
                {`${one.state} (${countWords(one.count)})`}
              </option>
            ))}
          </select>
        </label>
        {view === undefined ? null : (
          <SampledWords sampled={view.sampled} connections={view.answer.total} />
        )}
      </form>
      <Refused refused={refused} />
      {answer === undefined ? (
        <Waiting />
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Connections">
          <table class="connections">
            <caption class="hidden">Connections</caption>
            <thead>
              <tr>
                {columnsOf(answer, node).map((column) => (
                  <Heading
                    key={column.title}
                    column={column}
                    order={order}
                    onOrder={(next) => {
                      choose(() => {
                        setOrder(next)
                      })
                    }}
                  />
                ))}
              </tr>
            </thead>
            <tbody>
              {answer.rows.map((row) => (
                <tr key={`${row.node} ${row.connection}`}>
                  {columnsOf(answer, node).map((column) => (
                    <td key={column.title} class={classOf(column)}>
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {answer.rows.length === 0 ? (
            <p class="faint empty">
              {answer.total === 0 ? 'There is no connection yet.' : 'No connection is like that.'}
            </p>
          ) : null}
        </div>
      )}
      {answer === undefined || answer.matching <= ROWS ? null : (
        <p class="pages">
          <button
            type="button"
            disabled={offset === 0}
            onClick={() => {
              setOffset(Math.max(0, offset - ROWS))
            }}
          >
            Before
          </button>
          <span>{`${countWords(offset + 1)} to ${countWords(last)} of ${countWords(answer.matching)}`}</span>
          <button
            type="button"
            disabled={last >= answer.matching}
            onClick={() => {
              setOffset(offset + ROWS)
            }}
          >
            After
          </button>
        </p>
      )}
    </>
  )
}

export function ConnectionsPage() {
  return (
    <>
      <h1>Connections</h1>
      <ConnectionsTable />
    </>
  )
}
