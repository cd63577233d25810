/**
 * What a page and a node say to each other, as plain JSON: the one file that both sides share. Types
 * only: the page's program takes nothing else from here.
 *
 * A page asks for *views* of what it looks at. A view is the whole of what is to be seen now; it comes
 * at once and again, at most four times a second, until the page says `drop`. So an answer that is left
 * out costs nothing but its moment, and no message of a connection costs an answer.
 *
 * - WebSocket at `/live`, subprotocols `peerloom` and `token.<hex>`: the page sends `PageMessage`, one
 *   a frame as JSON text, and gets `InspectorMessage` the same way.
 * - `GET /charts/<node>/<chart>`, `POST /actions`, `POST /journals...`: with
 *   `Authorization: Bearer <hex>`; JSON both ways, a refusal is `{ refused: Refusal }` with a status
 *   from 400 on.
 *
 * Times named `...AtMs` and `atMs` are Unix milliseconds of the node that is spoken of; lengths of time
 * are milliseconds. Rates are a second's. Whatever is not known is null.
 * @module
 */
import type { ChartDescription } from './chart-description.ts'
import type { Plain } from './readable.ts'

// ---- what a page says ----------------------------------------------------------------------------

export type PageMessage =
  /** Asks for a view under a number of the page's own. The same number again: instead of the one before. */
  | { readonly kind: 'ask'; readonly id: number; readonly query: Query }
  /** The page looks at it no more. */
  | { readonly kind: 'drop'; readonly id: number }

export type Query = NodesQuery | TableQuery | NetworkQuery | ConnectionQuery | NodeQuery

export type ViewName = Query['view']

export interface NodesQuery {
  readonly view: 'nodes'
}

export type SortColumn =
  | 'name'
  | 'state'
  | 'address'
  | 'age'
  | 'received-rate'
  | 'sent-rate'
  | 'received-bytes-rate'
  | 'sent-bytes-rate'
  | 'queued'
  | 'strikes'

export interface TableQuery {
  readonly view: 'table'
  /** Left out: of all nodes together, and then `offset + limit` is 200 at most. */
  readonly node?: string
  readonly sort: SortColumn
  readonly descending: boolean
  /** Rows in which a name, address, identity or described text contains it, whatever its case. '': all. */
  readonly filter: string
  /** A state of the connection's chart (`handshaking`, `active`, ...). Left out: all. */
  readonly state?: string
  readonly offset: number
  /** 1 to 200. */
  readonly limit: number
}

/** All nodes in one picture. */
export interface NetworkQuery {
  readonly view: 'network'
}

export interface ConnectionQuery {
  readonly view: 'connection'
  readonly node: string
  readonly connection: string
}

/** Of one node: its tree, its sub-protocols, its last minutes, what it told. */
export interface NodeQuery {
  readonly view: 'tree' | 'children' | 'series' | 'log'
  readonly node: string
}

// ---- what a page is told -------------------------------------------------------------------------

export type InspectorMessage =
  /** The first. */
  | {
      readonly kind: 'hello'
      /** Whether `POST /actions` does anything (`--inspect-actions`). */
      readonly actions: boolean
      /** Whether journals can be opened, and from where: null where `--record-dir` is not given. */
      readonly recordDir: string | null
      readonly version: string
    }
  | AnswerMessage
  /** The query will not be answered; it needs no `drop`. */
  | { readonly kind: 'refused'; readonly id: number | null; readonly refused: Refusal }
  /** This page read too slowly: so many answers were left out before this one. */
  | { readonly kind: 'shed'; readonly answers: number }

export interface AnswerMessage {
  readonly kind: 'answer'
  readonly id: number
  readonly sampled: Sampled
  readonly answer: Answer
}

export type Answer =
  | NodesAnswer
  | TableAnswer
  | NetworkAnswer
  | ConnectionAnswer
  | TreeAnswer
  | ChildrenAnswer
  | SeriesAnswer
  | LogAnswer

/** What the page says of how it looks: 'every 500 ms, of 12,000 connections'. */
export interface Sampled {
  /** When it was looked. */
  readonly atMs: number
  /** How long it was since the answer before, or null with the first. */
  readonly sinceMs: number | null
  /** How often it is looked now: 250, and longer where looking would cost the node too much. */
  readonly everyMs: number
  /** Nodes of which it shows what they were. Left out: there are none. */
  readonly stale?: readonly StaleNode[]
}

export interface StaleNode {
  readonly node: string
  /** `silent`: its process is there and has not answered for some paces. `gone`: its process is. */
  readonly is: 'silent' | 'gone'
  /** When it answered last, or its process ended. */
  readonly sinceMs: number
}

export type RefusalReason =
  | 'bad-query'
  | 'unknown-node'
  | 'unknown-connection'
  | 'unknown-chart'
  | 'too-many-queries'
  | 'node-gone'
  | 'not-running'
  | 'actions-off'
  | 'journals-off'
  | 'bad-journal'
  | 'failed'

export interface Refusal {
  readonly why: RefusalReason
  /** A sentence for the person. */
  readonly message: string
}

// ---- nodes ---------------------------------------------------------------------------------------

export interface NodeRow {
  readonly node: string
  readonly protocol: string
  readonly identity: string | null
  /** Where it listens, as its network prints it. */
  readonly addresses: readonly string[]
  /** `idle`, `starting`, `running`, `stopping`, `stopped`, `failed`. */
  readonly state: string
  readonly isPaused: boolean
  /** How often it was started while this page's inspector looked: 2 after one that was killed is back. */
  readonly incarnation: number
  /** Other than `up` it is stale: what is known of it is what it was. */
  readonly is: 'up' | StaleNode['is']
  /** Since it was started, or its process ended. */
  readonly sinceMs: number
  readonly connections: number
  readonly active: number
  readonly pid: number
}

export interface NodesAnswer {
  readonly view: 'nodes'
  readonly nodes: readonly NodeRow[]
}

// ---- table ---------------------------------------------------------------------------------------

export type LaneName = 'control' | 'requests' | 'gossip'

export interface Rates {
  /** Messages, and bytes on the wire, a second; null until a connection was looked at twice. */
  readonly receivedMessages: number | null
  readonly sentMessages: number | null
  readonly receivedBytes: number | null
  readonly sentBytes: number | null
}

export interface ConnectionRow {
  /** Its stable name: `node/in-12`. */
  readonly connection: string
  readonly node: string
  /** Where its chart stands: `connecting`, `handshaking`, `active`, `closing`, `closed`. */
  readonly state: string
  /** Where its session's stands; '' where it has none. */
  readonly session: string
  readonly direction: 'in' | 'out'
  readonly slot: string
  readonly address: string
  readonly identity: string | null
  /** What the network says of it, by the title of a column: `transport` among them where it has several. */
  readonly described: Readonly<Record<string, string>>
  readonly ageMs: number
  readonly rates: Rates
  /** Bytes that wait to be sent: by lane, and what the system has not taken. */
  readonly queuedBytes: Readonly<Record<LaneName | 'socket', number>>
  /** Whether it is us who do not read it now. */
  readonly isHeld: boolean
  /** That count against it now. */
  readonly strikes: number
}

export interface TableAnswer {
  readonly view: 'table'
  /** All there are. */
  readonly total: number
  /** Those that filter and state leave. */
  readonly matching: number
  readonly states: readonly { readonly state: string; readonly count: number }[]
  /** Titles that a row has in `described`, in the network's order. */
  readonly columns: readonly string[]
  readonly rows: readonly ConnectionRow[]
}

// ---- network -------------------------------------------------------------------------------------

export interface NetworkNode {
  /** The node's name for one of ours; else the identity, or the address, of a stranger. */
  readonly id: string
  readonly label: string
  readonly is: 'ours' | 'stranger' | 'gone'
}

/** Both ends of a connection between two of our nodes are one edge. */
export interface NetworkEdge {
  readonly from: string
  readonly to: string
  /** Of the end that dialled, where it is one of ours. */
  readonly node: string
  readonly connection: string
  readonly state: string
  readonly bytesPerSecond: number | null
}

export interface NetworkAnswer {
  readonly view: 'network'
  /** At most 500, ours first. */
  readonly nodes: readonly NetworkNode[]
  /** At most 500. */
  readonly edges: readonly NetworkEdge[]
  readonly nodesLeftOut: number
  readonly edgesLeftOut: number
}

// ---- one connection ------------------------------------------------------------------------------

/** A deadline that runs. */
export interface RunningDeadline {
  /** As `DescribedTransition.id`; null for one that is no chart's (`progress`, `drain`). */
  readonly transition: string | null
  /** `connectMs`, `after 500`, `progress`. */
  readonly name: string
  /** How long it is in all; null where only the rest is known. */
  readonly ms: number | null
  readonly leftMs: number
  /** It stands still, because it is us who do not read. */
  readonly isHeld: boolean
}

/** What can happen next. */
export interface PossibleTransition {
  /** As `DescribedTransition.id`. */
  readonly transition: string
  readonly trigger: string
  /** The name of its guard; null: nothing stands in its way. */
  readonly guard: string | null
  readonly targets: readonly string[]
}

export interface ChartNow {
  /** Asked for as `GET /charts/<node>/<name>`: `connection`, or the network's name. */
  readonly name: string
  /** As the charts are written: `a.b|c.d`. */
  readonly state: string
  /** Ids of the states that are lit, as in `ChartDescription`, outer ones first. */
  readonly active: readonly string[]
  readonly deadlines: readonly RunningDeadline[]
  readonly next: readonly PossibleTransition[]
}

export interface PathEntry {
  readonly atMs: number
  readonly chart: 'connection' | 'session'
  readonly event: string
  readonly state: string
}

export interface MessageEntry {
  /** 1, 2, 3 ... since this connection is followed: whoever keeps more than one answer knows the new ones. */
  readonly number: number
  readonly atMs: number
  readonly direction: 'received' | 'sent'
  /** The network's name for it; `refused: <detail>` for a unit that was passed over. */
  readonly type: string
  /** On the wire; of a sent one by estimate. */
  readonly bytes: number
  /** Equal ones that followed each other: 1 for a single one. Bytes are of all of them. */
  readonly count: number
}

export interface Closing {
  readonly atMs: number
  readonly by: 'us' | 'peer' | 'platform'
  readonly reason: string
  readonly detail: string
  readonly phase: string
  /** What follows for the peer: `wait`, `ban`, ... */
  readonly verdict: string
  /** Why, as sentences. */
  readonly words: readonly string[]
}

export interface ConnectionAnswer {
  readonly view: 'connection'
  readonly row: ConnectionRow
  readonly charts: { readonly connection: ChartNow; readonly session: ChartNow | null }
  /** The last transitions of both, oldest first. */
  readonly path: readonly PathEntry[]
  readonly pathLeftOut: number
  /** The last messages, oldest first, at most 200. */
  readonly messages: readonly MessageEntry[]
  /** So many were passed over between them since this connection is followed. */
  readonly messagesPassedOver: number
  readonly counters: {
    readonly receivedBytes: number
    readonly sentBytes: number
    readonly receivedMessages: number
    readonly handledMessages: number
    readonly sentMessages: number
    readonly unsentMessages: number
    readonly dropped: Readonly<Record<string, number>>
  }
  /** What was found out about it: facts, and what sub-protocols noted. Bytes are hexadecimal digits. */
  readonly facts: Plain
  readonly about: Plain
  /** Null while it lives. Once it is set, this answer is the last of its kind. */
  readonly closed: Closing | null
}

/** `GET /charts/<node>/<chart>`. The page helper's geometry is added to it by the server. */
export interface ChartAnswer {
  readonly chart: ChartDescription
}

// ---- supervision, sub-protocols --------------------------------------------------------------------

export interface ChildRow {
  readonly child: string
  readonly restart: 'permanent' | 'transient' | 'temporary'
  /** `down`: it failed and is about to be started again. */
  readonly state: 'running' | 'down' | 'ended'
  readonly restarts: number
}

export interface TreeAnswer {
  readonly view: 'tree'
  readonly node: NodeRow
  readonly connections: readonly { readonly state: string; readonly count: number }[]
  readonly children: readonly ChildRow[]
  /** What is alive, by name: streams, timers, subscribers ... */
  readonly audit: Readonly<Record<string, number>>
}

/** How far something has come that has an order: blocks by height, items by number. */
export interface Progress {
  readonly what: string
  readonly done: number
  /** Null: nobody knows how many there are. */
  readonly total: number | null
  /** What is being fetched; parts do not overlap. */
  readonly window: readonly {
    readonly from: number
    /** The first behind it. */
    readonly to: number
    readonly is: 'asked' | 'arrived' | 'stored'
    readonly connection: string | null
  }[]
}

export interface ShownChild extends ChildRow {
  /** By name: `seen`, `pending`, `published` ...; what they mean is the sub-protocol's. */
  readonly counts: Readonly<Record<string, number>>
  /** By how much those that only grow did so, a second, over two seconds or more; without one until then. */
  readonly perSecond: Readonly<Record<string, number>>
  readonly progress: readonly Progress[]
}

export interface ChildrenAnswer {
  readonly view: 'children'
  readonly children: readonly ShownChild[]
}

// ---- over time -----------------------------------------------------------------------------------

export interface SeriesPoint {
  readonly atMs: number
  readonly connections: number
  readonly active: number
  /** A second's. */
  readonly receivedMessages: number
  readonly sentMessages: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly droppedMessages: number
  /** How late the event loop was since the point before: the median, and the worst. */
  readonly loopDelayMs: { readonly median: number; readonly max: number } | null
  /** Of the connections that became active since the point before. */
  readonly handshakeMs: {
    readonly count: number
    readonly median: number
    readonly max: number
  } | null
  /** How long the last ping of each active connection was under way, of those that were answered. */
  readonly pingMs: {
    readonly count: number
    readonly median: number
    /** Nine of ten are no longer. */
    readonly percentile90: number
  } | null
}

export interface SeriesAnswer {
  readonly view: 'series'
  /** One every `everyMs` by now, oldest first, at most 300. */
  readonly points: readonly SeriesPoint[]
  readonly everyMs: number
}

export interface LogEntry {
  /** 1, 2, 3 ... since the inspector was attached. */
  readonly number: number
  readonly atMs: number
  /** The supervisor's name of it: `connection.closed`, `child.restarted`, `peer.banned` ... */
  readonly type: string
  readonly connection: string | null
  /** Its fields. */
  readonly fields: Plain
}

export interface LogAnswer {
  readonly view: 'log'
  /** The last ones, oldest first, at most 200. */
  readonly entries: readonly LogEntry[]
  /** Those before, which are forgotten. */
  readonly forgotten: number
}

// ---- actions: POST /actions ------------------------------------------------------------------------

export type Action =
  | { readonly do: 'disconnect'; readonly node: string; readonly connection: string }
  /** `forMs` null: for as long as the network says. */
  | {
      readonly do: 'ban'
      readonly node: string
      readonly subject: string
      readonly forMs: number | null
    }
  | { readonly do: 'pause' | 'resume'; readonly node: string }
  /** A sub-protocol, by its supervisor's rules: it counts as a restart. */
  | { readonly do: 'restart'; readonly node: string; readonly child: string }

export type ActionAnswer = { readonly done: true } | { readonly refused: Refusal }

// ---- time travel: POST /journals ----------------------------------------------------------------

export type * from './journal-messages.ts'
