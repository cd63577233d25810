/**
 * Several nodes on one page, wherever they run: each has a source, which may go, come back, and stop
 * answering. What is asked of one node goes to it; what is asked of all is put together from what each
 * of them answers. Whatever is told says when its node looked at it, and which node it is that does not
 * answer now.
 * @module
 */
import { askSource } from './asked-source.ts'
import type { AskedSource } from './asked-source.ts'
import { isLastAnswer } from './last-answer.ts'
import { createLooking } from './looking.ts'
import { createMembers } from './members.ts'
import type { Member } from './members.ts'
import { mergeNetworks, mergeTables } from './merged-answers.ts'
import type {
  Answer,
  NetworkAnswer,
  NodeRow,
  Query,
  Sampled,
  StaleNode,
  TableAnswer,
} from './messages.ts'
import { platformTiming } from './pace.ts'
import type { Timing } from './pace.ts'
import { ROWS_MAX } from './queries.ts'
import type { Look, Looked } from './shared-views.ts'
import type { InspectorSource } from './source.ts'

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

/** So often it is looked, for all nodes to answer a page's first question: half a second. */
const LOOKS_WAITED = 25

/** What one node answered, and how it looked. */
interface Answered {
  readonly member: Member
  readonly answer: Answer
  readonly sampled: Sampled | undefined
}

const isDefined = <Value>(value: Value | undefined): value is Value => value !== undefined

const staleList = (stale: readonly StaleNode[]): Pick<Sampled, 'stale'> =>
  stale.length === 0 ? {} : { stale }

/** Of answers that were made at several times: the oldest time, the slowest pace. */
function sampledTogether(all: readonly Sampled[]): Partial<Sampled> {
  if (all.length === 0) return {}
  return {
    atMs: Math.min(...all.map(({ atMs }) => atMs)),
    everyMs: Math.max(...all.map(({ everyMs }) => everyMs)),
  }
}

export function manyNodes({
  timing = platformTiming,
  wallMs = () => Date.now(),
}: ManyNodesOptions = {}): ManyNodes {
  const members = createMembers({ timing, wallMs, everyMs: () => looking.everyMs })

  /** Of each node that is up, asked anew when it is another incarnation. */
  const askEach = (query: Query) => {
    const asked = new Map<Member, AskedSource>()
    return {
      answers(up: readonly Member[]): readonly Answered[] {
        for (const [member, { close }] of asked) {
          if (up.includes(member)) continue
          close()
          asked.delete(member)
        }
        return up.flatMap((member) => {
          const one = asked.get(member) ?? askSource(member.source, query)
          asked.set(member, one)
          const { last, sampled } = one
          return last !== undefined && 'answer' in last
            ? [{ member, sampled, answer: last.answer }]
            : []
        })
      },
      close() {
        for (const { close } of asked.values()) close()
      },
    }
  }

  const nodeRows = (): readonly NodeRow[] => members.read().map(members.rowOf)

  /** Waits a while for all that answer at all: one that does not keeps the others from nobody. */
  const createPatience = () => {
    let looks = 0
    return (answered: number, up: readonly Member[]): boolean =>
      answered < up.filter((member) => !members.isSilent(member)).length && looks++ < LOOKS_WAITED
  }

  const lookAtRows = (): Look => {
    const waits = createPatience()
    return {
      read() {
        const up = members.read().filter(({ isUp }) => isUp)
        if (waits(up.filter(members.hasAnswered).length, up)) return { waits: true }
        const sampled = staleList(up.map(members.staleOf).filter(isDefined))
        return { answer: { view: 'nodes', nodes: nodeRows() }, sampled }
      },
      close: () => undefined,
    }
  }

  const lookAtAll = (query: Query, merge: (answers: readonly Answer[]) => Answer): Look => {
    const views = askEach(query)
    const waits = createPatience()
    return {
      read() {
        const up = members.read().filter(({ isUp }) => isUp)
        const answered = views.answers(up)
        if (waits(answered.length, up)) return { waits: true }
        const fresh = answered.filter(({ member }) => !members.isSilent(member))
        const together = sampledTogether(fresh.map(({ sampled }) => sampled).filter(isDefined))
        const stale = up.map(members.staleOf).filter(isDefined)
        return {
          answer: merge(answered.map(({ answer }) => answer)),
          sampled: { ...together, ...staleList(stale) },
        }
      },
      close: views.close,
    }
  }

  /** Of one node; when it is back, of what it is then. */
  const lookAtOne = (node: string, query: Query): Look => {
    let asked: { readonly member: Member; readonly one: AskedSource } | undefined
    let last: ({ readonly of: Member } & Pick<AskedSource, 'last' | 'sampled'>) | undefined
    const close = (): void => {
      asked?.one.close()
      asked = undefined
    }

    const tell = (member: Member): Looked => {
      const { last: told, of, sampled } = last ?? {}
      // What was seen in a life before this one is not what it is now: it stands as it was until the node says.
      if (told === undefined || (member.isUp && of !== member)) return { waits: true }
      if ('refused' in told) return told
      const { answer } = told
      const isTree = answer.view === 'tree'
      return {
        answer: isTree ? { ...answer, node: members.rowOf(member) } : answer,
        isLast: isLastAnswer(answer),
        sampled: { ...sampled, ...staleList([members.staleOf(member)].filter(isDefined)) },
      }
    }

    return {
      read() {
        members.read()
        const member = members.get(node)
        if (member === undefined) {
          return { refused: { why: 'unknown-node', message: `there is no node ${node} here` } }
        }
        if (!member.isUp) {
          close()
          // What was seen last stays on the page until the node is back.
          return last === undefined
            ? { refused: { why: 'node-gone', message: `the node ${node} is gone` } }
            : tell(member)
        }
        if (asked !== undefined && asked.member !== member) close()
        asked ??= { member, one: askSource(member.source, query) }
        const { one } = asked
        if (one.last !== undefined) {
          last = { of: member, last: one.last, sampled: one.sampled }
        }
        return tell(member)
      },
      close,
    }
  }

  const lookOf = (query: Query): Look => {
    if ('node' in query && query.node !== undefined) return lookAtOne(query.node, query)
    switch (query.view) {
      case 'nodes':
        return lookAtRows()
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

  let looks = 0
  /** Nodes are asked of themselves for as long as anybody looks at anything. */
  const open = (query: Query): Look => {
    const { close, read } = lookOf(query)
    looks++
    return {
      read,
      close() {
        close()
        if (--looks === 0) members.rest()
      },
    }
  }

  const looking = createLooking({ timing, wallMs, open })
  return { open: looking.open, add: members.add, remove: members.remove }
}
