/**
 * Several nodes on one page, wherever they run: each has a source, which may go and come back. What is
 * asked of one node goes to it; what is asked of all is put together from what each of them answers.
 * @module
 */
import { createLooking } from './looking.ts'
import type { Look, Looked } from './shared-views.ts'
import { mergeNetworks, mergeTables } from './merged-answers.ts'
import type { Answer, NetworkAnswer, NodeRow, Query, TableAnswer } from './messages.ts'
import { platformTiming } from './pace.ts'
import type { Timing } from './pace.ts'
import { ROWS_MAX } from './queries.ts'
import type { InspectorSession, InspectorSource } from './source.ts'

export interface ManyNodesOptions {
  readonly timing?: Timing
  wallMs?(): number
}

export interface ManyNodes extends InspectorSource {
  /** A node is there, or there again: then it is its next incarnation. */
  add(node: string, source: InspectorSource): void
  /** Its process is gone; what is known of it is what it was. */
  remove(node: string): void
}

/** What one node answers to one query, as far as it has. */
interface Asking {
  answer(): Looked | undefined
  close(): void
}

interface Member {
  readonly name: string
  source: InspectorSource
  incarnation: number
  isUp: boolean
  sinceMs: number
  /** What it told of itself last. */
  row: NodeRow | undefined
}

const ASKED_ID = 0
/** So often it is looked, for all nodes to answer a page's first question: half a second. */
const LOOKS_WAITED = 25

/** A connection that is closed is told of once more, and then not again. */
const lastOf = (looked: Looked): Looked =>
  'answer' in looked && looked.answer.view === 'connection' && looked.answer.closed !== null
    ? { answer: looked.answer, isLast: true }
    : looked

/** Asks a source one thing, from now on. */
function askSource(source: InspectorSource, query: Query): Asking {
  let last: Looked | undefined
  const session: InspectorSession = source.open((message) => {
    last = message.kind === 'answer' ? { answer: message.answer } : { refused: message.refused }
  })
  session.ask({ kind: 'ask', id: ASKED_ID, query })
  return {
    answer: () => last,
    close() {
      session.close()
    },
  }
}

export function manyNodes({
  timing = platformTiming,
  wallMs = () => Date.now(),
}: ManyNodesOptions = {}): ManyNodes {
  const members = new Map<string, Member>()

  const rowOf = ({ incarnation, isUp, name, row, sinceMs }: Member): NodeRow => ({
    ...{ node: name, protocol: '', identity: null, addresses: [], state: 'starting', pid: 0 },
    ...{ isPaused: false, ...row, incarnation, is: isUp ? 'up' : 'gone', sinceMs },
    connections: isUp ? (row?.connections ?? 0) : 0,
    active: isUp ? (row?.active ?? 0) : 0,
  })

  const noteRow = (member: Member, answer: Answer): void => {
    if (answer.view === 'nodes' && member.isUp) member.row = answer.nodes[0]
  }

  /** Of each node that is up, asked anew when it is another incarnation. */
  const askEach = (query: Query) => {
    const asked = new Map<string, { readonly incarnation: number; readonly asking: Asking }>()
    const close = (name: string): void => {
      asked.get(name)?.asking.close()
      asked.delete(name)
    }
    return {
      answers(): readonly (readonly [Member, Answer])[] {
        return [...members.values()].flatMap((member) => {
          const { incarnation, isUp, name, source } = member
          if (!isUp || asked.get(name)?.incarnation !== incarnation) close(name)
          if (!isUp) return []
          const asking = asked.get(name)?.asking ?? askSource(source, query)
          asked.set(name, { incarnation, asking })
          const looked = asking.answer()
          return looked !== undefined && 'answer' in looked ? [[member, looked.answer]] : []
        })
      },
      close() {
        for (const name of [...asked.keys()]) close(name)
      },
    }
  }

  const lookAtAll = (query: Query, merge: (answers: readonly Answer[]) => Answer): Look => {
    const rows = askEach({ view: 'nodes' })
    const views = query.view === 'nodes' ? rows : askEach(query)
    let looks = 0
    return {
      read() {
        for (const [member, answer] of rows.answers()) noteRow(member, answer)
        const answers = views.answers()
        const up = [...members.values()].filter(({ isUp }) => isUp).length
        // One that answers nothing does not keep the others from being seen.
        if (answers.length < up && looks++ < LOOKS_WAITED) return { waits: true }
        return { answer: merge(answers.map(([, answer]) => answer)) }
      },
      close() {
        rows.close()
        views.close()
      },
    }
  }

  /** Of one node; when it is back, of what it is then. */
  const lookAtOne = (node: string, query: Query): Look => {
    let asked: { readonly incarnation: number; readonly asking: Asking } | undefined
    let last: Looked | undefined
    const close = (): void => {
      asked?.asking.close()
      asked = undefined
    }
    const withRow = (looked: Looked, member: Member): Looked => {
      if (!('answer' in looked) || looked.answer.view !== 'tree') return looked
      member.row = looked.answer.node
      return { answer: { ...looked.answer, node: rowOf(member) } }
    }
    return {
      read() {
        const member = members.get(node)
        if (member === undefined) {
          return { refused: { why: 'unknown-node', message: `there is no node ${node} here` } }
        }
        if (!member.isUp) {
          close()
          // What was seen last stays on the page until the node is back.
          return last === undefined
            ? { refused: { why: 'node-gone', message: `the node ${node} is gone` } }
            : lastOf(last)
        }
        if (asked !== undefined && asked.incarnation !== member.incarnation) close()
        asked ??= { incarnation: member.incarnation, asking: askSource(member.source, query) }
        const looked = asked.asking.answer()
        if (looked !== undefined) last = withRow(looked, member)
        return last === undefined ? { waits: true } : lastOf(last)
      },
      close,
    }
  }

  const nodeRows = (): readonly NodeRow[] => [...members.values()].map(rowOf)

  const open = (query: Query): Look => {
    if ('node' in query && query.node !== undefined) return lookAtOne(query.node, query)
    switch (query.view) {
      case 'nodes':
        return lookAtAll(query, () => ({ view: 'nodes', nodes: nodeRows() }))
      case 'network':
        return lookAtAll(query, (answers) =>
          mergeNetworks(
            nodeRows(),
            answers.filter((one): one is NetworkAnswer => one.view === 'network'),
          ),
        )
      case 'table': {
        const { limit, offset } = query
        if (offset + limit > ROWS_MAX) {
          const message = `of all nodes together the first ${String(ROWS_MAX)} rows are shown`
          return {
            read: () => ({ refused: { why: 'bad-query', message } }),
            close: () => undefined,
          }
        }
        return lookAtAll({ ...query, offset: 0, limit: offset + limit }, (answers) =>
          mergeTables(
            query,
            answers.filter((one): one is TableAnswer => one.view === 'table'),
          ),
        )
      }
      default:
        throw new TypeError(`the query ${query.view} is of one node`)
    }
  }

  return {
    open: createLooking({ timing, wallMs, open }).open,
    add(node, source) {
      const before = members.get(node)
      const incarnation = (before?.incarnation ?? 0) + 1
      const row = before?.row
      members.set(node, {
        ...{ name: node, source, incarnation, isUp: true, sinceMs: wallMs(), row },
      })
    },
    remove(node) {
      const member = members.get(node)
      if (member === undefined) return
      member.isUp = false
      member.sinceMs = wallMs()
    },
  }
}
