/**
 * What the demo shows: a table that is drawn again in its place and sentences, or one line of JSON an
 * event.
 * @module
 */
import { tableLines } from '../format.ts'
import type { Column } from '../format.ts'
import { print } from '../standard-output.ts'
import type { NodeTally, Summary } from './tally.ts'

export type DemoEvent =
  | {
      readonly event: 'begin'
      readonly lines: number
      readonly nodes: number
      readonly seed: string
      readonly linesPerSecond: number
      /** What a node takes of a neighbour within ten seconds; the network's usual number is 100. */
      readonly publicationsPerWindowMax: number
      readonly folder: string
    }
  /** Where all nodes are seen; or why there is no such page. */
  | { readonly event: 'inspector'; readonly url: string }
  | { readonly event: 'inspector'; readonly fault: string }
  | {
      readonly event: 'started'
      readonly node: string
      readonly pid: number
      readonly id: string
      readonly address: string
    }
  | { readonly event: 'active'; readonly node: string; readonly peer: string }
  | {
      readonly event: 'closed'
      readonly node: string
      readonly peer: string
      readonly reason: string
      readonly detail: string
    }
  | { readonly event: 'progress'; readonly published: number; readonly lines: number }
  | { readonly event: 'synced'; readonly node: string; readonly lines: number }
  | { readonly event: 'stopped'; readonly node: string; readonly pid: number }
  | { readonly event: 'killed'; readonly node: string; readonly pid: number }
  /** Its process ended, and it was not the demo that ended it. */
  | { readonly event: 'lost'; readonly node: string; readonly pid: number }
  | { readonly event: 'recovered'; readonly node: string; readonly lines: number }
  /** All that there was to show is done; the network goes on until it is told to stop. */
  | { readonly event: 'waiting' }
  | { readonly event: 'fault'; readonly node: string; readonly sentence: string }
  | ({ readonly event: 'node' } & NodeTally)
  | ({
      readonly event: 'done'
      readonly nodes: number
      readonly published: number
      /** Lines that the one that joined late holds at the end. */
      readonly synced: number
      /** The killed one came back by its own address book, and holds all. */
      readonly recovered: boolean
    } & Summary)

/** A node as the table shows it. */
export interface NodeRow {
  readonly node: string
  readonly state: string
  readonly peers: number
  readonly lines: number
}

export interface Show {
  event(event: DemoEvent): void
  end(): void
}

const many = (count: number, what: string): string =>
  `${String(count)} ${what}${count === 1 ? '' : 's'}`

function sentenceOf(event: DemoEvent): string {
  switch (event.event) {
    case 'begin':
      return `${many(event.nodes, 'node')}, ${many(event.lines, 'line')}, at most ${String(event.linesPerSecond)} a second`
    case 'inspector':
      return 'url' in event ? `the page of all nodes is ${event.url}` : event.fault
    case 'waiting':
      return 'every line is everywhere; the nodes run on until Ctrl-C'
    case 'started':
      return `${event.node} runs as process ${String(event.pid)} at ${event.address}`
    case 'active':
      return `${event.node} is connected with ${event.peer}`
    case 'closed':
      return `${event.node} lost ${event.peer}: ${event.reason} (${event.detail})`
    case 'progress':
      return `${String(event.published)} of ${many(event.lines, 'line')} published`
    case 'synced':
      return `${event.node} joined and holds ${many(event.lines, 'line')}`
    case 'stopped':
      return `${event.node} (process ${String(event.pid)}) was stopped for good`
    case 'killed':
      return `${event.node} (process ${String(event.pid)}) was killed`
    case 'lost':
      return `${event.node} (process ${String(event.pid)}) ended by itself, or somebody else killed it`
    case 'recovered':
      return `${event.node} is back from its own address book and holds ${many(event.lines, 'line')}`
    case 'fault':
      return `${event.node}: ${event.sentence}`
    case 'node':
      return `${event.node} holds ${many(event.holds, 'line')}: ${String(event.byGossip)} by gossip, ${String(event.bySync)} by sync`
    case 'done':
      return event.missing === 0 && event.duplicates === 0
        ? `done: ${many(event.published, 'line')} on every node, nothing is missing and nothing came twice`
        : `done: ${String(event.missing)} missing, ${String(event.duplicates)} twice`
  }
}

const COLUMNS: readonly Column<NodeRow>[] = [
  { title: 'node', cell: ({ node }) => node },
  { title: 'state', cell: ({ state }) => state },
  { title: 'peers', cell: ({ peers }) => String(peers), align: 'right' },
  { title: 'lines', cell: ({ lines }) => String(lines), align: 'right' },
]

/** Four times a second: faster than anybody reads. */
const DRAW_MS = 250
const HIDE_CURSOR = '\u001B[?25l'
const SHOW_CURSOR = '\u001B[?25h'

/** Who is connected with whom is too much for a person, and shown as a number. */
const IS_DETAIL: ReadonlySet<DemoEvent['event']> = new Set(['active', 'closed', 'progress'])

function startTable(rows: () => readonly NodeRow[]): Show {
  let drawn = 0
  let progress = ''
  const clear = (lines: number): string => (lines === 0 ? '' : `\u001B[${String(lines)}A\r\u001B[J`)
  const draw = (above = ''): void => {
    const lines = [...tableLines(COLUMNS, rows()), progress]
    process.stdout.write(`${clear(drawn)}${above}${lines.join('\n')}\n`)
    drawn = lines.length
  }
  const restore = (): void => {
    process.stdout.write(SHOW_CURSOR)
  }
  process.stdout.write(HIDE_CURSOR)
  process.once('exit', restore)
  const timer = setInterval(() => {
    draw()
  }, DRAW_MS)
  return {
    event(event) {
      if (event.event === 'progress') progress = sentenceOf(event)
      else if (!IS_DETAIL.has(event.event)) draw(`${sentenceOf(event)}\n`)
    },
    end() {
      clearInterval(timer)
      draw()
      process.off('exit', restore)
      restore()
    },
  }
}

export function startShow(isJson: boolean, rows: () => readonly NodeRow[]): Show {
  if (!isJson && process.stdout.isTTY) return startTable(rows)
  return {
    event(event) {
      if (isJson) print(JSON.stringify(event))
      else print(sentenceOf(event))
    },
    end: () => undefined,
  }
}
