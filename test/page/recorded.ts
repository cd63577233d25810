/**
 * A source whose answers stand here, for what a page shows of a node in a state that is hard to bring
 * about: a window of blocks, strikes, an end with its reasons, names that would like to be markup.
 */
import { describeChart } from '../../inspector/chart-description.ts'
import type { ChartDescription } from '../../inspector/chart-description.ts'
import { isLastAnswer } from '../../inspector/last-answer.ts'
import { describeConnection } from '../../inspector/core-charts.ts'
import type {
  Answer,
  ConnectionAnswer,
  ConnectionRow,
  JournalAnswer,
  JournalRequest,
  NodeRow,
  PageMessage,
  PathEntry,
  Refusal,
  Query,
  SeriesPoint,
} from '../../inspector/messages.ts'
import type { InspectorSource } from '../../inspector/source.ts'
import { native } from '../../protocols/native.ts'
import { keyOf } from '../contracts/seats.ts'

/** Noon of a day. */
export const NOON_MS = 1_767_268_800_000
/** A browser that takes it for markup would run it, and the test would see it. */
export const MARKUP = '<img src=x onerror=alert(1)>'

const network = native({ network: 'test', privateKey: keyOf('listener') })

export const CHARTS: Readonly<Record<string, ChartDescription>> = {
  connection: describeConnection(network.deadlines),
  native: describeChart(network.session, { name: 'native' }),
}

const identity = (digit: string): string => digit.repeat(66)

export const NODE: NodeRow = {
  ...{ node: 'node 1', protocol: 'native', identity: identity('a'), addresses: ['127.0.0.1:7001'] },
  ...{ state: 'running', isPaused: false, incarnation: 1, is: 'up', sinceMs: NOON_MS - 90_000 },
  ...{ connections: 3, active: 2, pid: 4_711 },
}

const row = (connection: string, more: Partial<ConnectionRow>): ConnectionRow => ({
  ...{ connection, node: 'node 1', state: 'active', session: 'active', direction: 'out' },
  ...{ slot: 'full', address: '127.0.0.1:7002', identity: identity('b') },
  described: { transport: 'v2', says: MARKUP },
  ageMs: 65_000,
  rates: { receivedMessages: 12.5, sentMessages: 3, receivedBytes: 4_096, sentBytes: 900 },
  queuedBytes: { control: 0, requests: 120, gossip: 2_048, socket: 0 },
  ...{ isHeld: false, strikes: 0 },
  ...more,
})

export const ROWS: readonly ConnectionRow[] = [
  row('node 1/out-1', {}),
  row('node 1/in-2', {
    ...{ direction: 'in', slot: 'inbound', state: 'handshaking', session: 'shaking.checking' },
    ...{ address: '127.0.0.1:50123', identity: null, ageMs: 1_200, strikes: 2, isHeld: true },
    rates: { receivedMessages: null, sentMessages: null, receivedBytes: null, sentBytes: null },
  }),
  row('node 1/in-3', {
    ...{ direction: 'in', slot: 'inbound', state: 'active', address: '127.0.0.1:50200' },
    ...{ identity: identity('c'), ageMs: 7_260_000 },
  }),
]

const PATH: readonly PathEntry[] = [
  { atMs: NOON_MS - 1_200, chart: 'connection', event: 'xstate.init', state: 'handshaking' },
  { atMs: NOON_MS - 1_199, chart: 'session', event: 'xstate.init', state: 'connecting' },
  { atMs: NOON_MS - 1_190, chart: 'session', event: 'opened', state: 'shaking.awaiting' },
  { atMs: NOON_MS - 400, chart: 'session', event: 'unit', state: 'shaking.checking' },
]

const MESSAGES = [
  { atMs: NOON_MS - 400, direction: 'received', type: 'handshake', bytes: 312, count: 1 },
  { atMs: NOON_MS - 350, direction: 'sent', type: 'handshake', bytes: 298, count: 1 },
  { atMs: NOON_MS - 300, direction: 'received', type: 'broadcast', bytes: 12_480, count: 39 },
  { atMs: NOON_MS - 250, direction: 'received', type: 'refused: malformed', bytes: 17, count: 1 },
] as const

export const LIVING: ConnectionAnswer = {
  view: 'connection',
  row: ROWS[1] ?? row('node 1/in-2', {}),
  charts: {
    connection: {
      name: 'connection',
      state: 'handshaking',
      active: ['connection', 'connection.handshaking'],
      deadlines: [
        {
          transition: 'connection.handshaking: after establishMs',
          ...{ name: 'establishMs', ms: 30_000, leftMs: 28_800, isHeld: false },
        },
      ],
      next: [
        {
          transition: 'connection.handshaking: ready',
          ...{ trigger: 'ready', guard: null, targets: ['connection.active'] },
        },
      ],
    },
    session: {
      name: 'native',
      state: 'shaking.checking',
      active: ['native', 'native.shaking', 'native.shaking.checking'],
      deadlines: [
        {
          transition: 'native.shaking: after handshakeMs',
          ...{ name: 'handshakeMs', ms: 30_000, leftMs: 28_810, isHeld: false },
        },
        { transition: null, name: 'progress', ms: 60_000, leftMs: 41_000, isHeld: true },
      ],
      next: [
        {
          transition: 'native.shaking.checking: answer',
          ...{
            trigger: 'answer',
            guard: 'isAnswerToDialler',
            targets: ['native.shaking.deriving'],
          },
        },
        { transition: 'native: leave', trigger: 'leave', guard: null, targets: ['native.over'] },
      ],
    },
  },
  path: PATH,
  pathLeftOut: 0,
  messages: MESSAGES.map((message, place) => ({ ...message, number: place + 1 })),
  messagesPassedOver: 3,
  counters: {
    ...{ receivedBytes: 13_000, sentBytes: 298, receivedMessages: 41, handledMessages: 40 },
    ...{ sentMessages: 1, unsentMessages: 0, dropped: { 'no-consumer': 1 } },
  },
  facts: { transport: 'v2', sessionId: identity('d') },
  about: {},
  closed: null,
}

export const CLOSED: ConnectionAnswer = {
  ...LIVING,
  row: row('node 1/out-1', { state: 'closed' }),
  path: [...PATH, { atMs: NOON_MS, chart: 'connection', event: 'leave', state: 'closed' }],
  closed: {
    ...{ atMs: NOON_MS, by: 'us', reason: 'peer-fault', detail: 'handshake-timeout' },
    ...{ phase: 'handshaking', verdict: 'strike' },
    words: [
      'We closed it, because the handshake took longer than 30 s.',
      'Its peer has a strike more.',
    ],
  },
}

const POINTS = Array.from({ length: 60 }, (_, second): SeriesPoint => {
  const wave = 1 + Math.sin(second / 6)
  return {
    atMs: NOON_MS - (60 - second) * 1_000,
    ...{ connections: 3, active: second < 20 ? 1 : 2, droppedMessages: second === 40 ? 4 : 0 },
    ...{ receivedMessages: 40 * wave, sentMessages: 25, receivedBytes: 9_000 * wave },
    ...{ sentBytes: 4_000, loopDelayMs: { median: 1.2, max: 4 * wave } },
    handshakeMs: second % 20 === 0 ? { count: 1, median: 12, max: 19 } : null,
    pingMs: second < 20 ? null : { count: 2, median: 24, percentile90: 31 },
  }
})

/** What was asked, as a node of three connections would answer it. */
export function recordedAnswer(query: Query): Answer {
  switch (query.view) {
    case 'nodes':
      return { view: 'nodes', nodes: [NODE] }
    case 'table': {
      const { descending, filter, state } = query
      const rows = ROWS.filter(
        (one) =>
          (state === undefined || one.state === state) &&
          [one.connection, one.address].some((text) => text.includes(filter)),
      ).sort((one, other) =>
        query.sort === 'age'
          ? one.ageMs - other.ageMs
          : one.connection.localeCompare(other.connection),
      )
      return {
        ...{ view: 'table', total: ROWS.length, matching: rows.length },
        states: [
          { state: 'active', count: 2 },
          { state: 'handshaking', count: 1 },
        ],
        columns: ['transport', 'says'],
        rows: descending ? rows.reverse() : rows,
      }
    }
    case 'network':
      return {
        view: 'network',
        nodes: [
          { id: 'node 1', label: 'node 1', is: 'ours' },
          { id: 'node 2', label: 'node 2', is: 'gone' },
          ...ROWS.map(({ address }) => ({ id: address, label: address, is: 'stranger' as const })),
        ],
        edges: ROWS.map(({ address, connection, node, rates, state }) => ({
          ...{ from: 'node 1', to: address, node, connection, state },
          bytesPerSecond: rates.receivedBytes,
        })),
        ...{ nodesLeftOut: 7, edgesLeftOut: 0 },
      }
    case 'connection':
      return query.connection === 'node 1/out-1' ? CLOSED : LIVING
    case 'tree':
      return {
        view: 'tree',
        node: NODE,
        connections: [
          { state: 'active', count: 2 },
          { state: 'handshaking', count: 1 },
        ],
        children: [
          { child: 'gossip', restart: 'permanent', state: 'running', restarts: 2 },
          { child: 'items', restart: 'transient', state: 'down', restarts: 0 },
        ],
        audit: { streams: 3, timers: 7, subscribers: 1 },
      }
    case 'children':
      return {
        view: 'children',
        children: [
          {
            ...{ child: 'gossip', restart: 'permanent', state: 'running', restarts: 2 },
            counts: { seen: 1_204, pending: 3 },
            perSecond: { seen: 41.5 },
            progress: [],
          },
          {
            ...{ child: 'items', restart: 'transient', state: 'down', restarts: 0 },
            ...{ counts: { kept: 512 }, perSecond: {} },
            progress: [
              {
                ...{ what: 'items', done: 512, total: 2_000 },
                window: [
                  { from: 512, to: 640, is: 'stored', connection: null },
                  { from: 640, to: 768, is: 'arrived', connection: 'node 1/in-3' },
                  { from: 768, to: 1_024, is: 'asked', connection: 'node 1/out-1' },
                ],
              },
            ],
          },
        ],
      }
    case 'series':
      return { view: 'series', points: POINTS, everyMs: 1_000 }
    case 'log':
      return {
        view: 'log',
        entries: [
          {
            ...{ number: 8, atMs: NOON_MS - 900, type: 'child.restarted', connection: null },
            fields: { child: 'gossip', restarts: 2 },
          },
          {
            ...{ number: 9, atMs: NOON_MS, type: 'connection.closed', connection: 'node 1/out-1' },
            fields: { reason: 'peer-fault', detail: 'handshake-timeout', said: MARKUP },
          },
        ],
        forgotten: 7,
      }
  }
}

const STEPS = [
  { state: 'connecting', active: [], input: 'node.start', path: [] },
  {
    ...{ state: 'handshaking', active: [], input: 'stream.opened in-2' },
    path: [{ atMs: NOON_MS, chart: 'connection', event: 'opened', state: 'handshaking' }],
  },
  { state: 'active', active: ['connection', 'connection.active'], input: 'job 3 done', path: [] },
] as const

/** A folder with one journal, of three steps. */
export function recordedJournal(given: unknown): JournalAnswer {
  const request = given as JournalRequest
  if ('list' in request) return { files: [{ file: 'node-1.journal', bytes: 48_000 }], more: 7 }
  if ('open' in request) {
    const name = request.open === 'file' ? request.file : request.open
    if (request.open === 'bytes') {
      const message = `${request.name} is no journal: ${String(request.base64.length)} digits.`
      return { refused: { why: 'bad-journal', message } }
    }
    return {
      opened: {
        ...{ journal: 'j1', of: 'connection', name, protocol: 'native', steps: STEPS.length },
        connections: ['node 1/in-2'],
        incomplete: 'It ends in the middle of a step.',
        file: request.open === 'file' ? request.file : null,
        unforkable: request.open === 'flight' ? 'it was recorded without payloads' : null,
      },
    }
  }
  if ('fork' in request) {
    return { forked: { file: `${request.file} at ${String(request.fork)}`, copy: null } }
  }
  if ('close' in request) return { closed: true }
  const step = STEPS[request.step]
  if (step === undefined)
    return { refused: { why: 'bad-query', message: 'There is no such step.' } }
  const { active, input, path, state } = step
  const of = 'node 1/in-2'
  return {
    at: {
      ...{ journal: 'j1', step: request.step, atMs: NOON_MS + request.step * 10, input },
      charts: [{ of, chart: 'connection', state, active }],
      path: path.map((entry) => ({ ...entry, connection: of })),
      messages: [],
      ...{ chartsLeftOut: 7, leftOut: 0 },
    },
  }
}

/** Answers each query once. */
const AGAIN_MS = 1_000

/** It answers again and again, as a node does; `answers` says whether it does now, or what it refuses. */
export const recordedSourceOf = (answers: () => boolean | Refusal): InspectorSource => ({
  open(onMessage) {
    const asked = new Map<number, NodeJS.Timeout>()
    const drop = (id: number): void => {
      clearInterval(asked.get(id))
      asked.delete(id)
    }
    const answer = (id: number, query: Query): void => {
      const answered = answers()
      if (answered === false) return
      const isUnknown = query.view === 'connection' && query.connection === 'gone'
      const unknown = { why: 'unknown-connection', message: 'It is gone.' } as const
      const refused = isUnknown ? unknown : answered
      if (refused !== true) {
        drop(id)
        onMessage({ kind: 'refused', id, refused })
        return
      }
      const told = recordedAnswer(query)
      if (isLastAnswer(told)) drop(id)
      onMessage({
        ...{ kind: 'answer', id, answer: told },
        sampled: { atMs: NOON_MS, sinceMs: null, everyMs: 250 },
      })
    }
    return {
      ask(given) {
        const message = given as PageMessage
        drop(message.id)
        if (message.kind !== 'ask') return
        asked.set(message.id, setInterval(answer, AGAIN_MS, message.id, message.query))
        answer(message.id, message.query)
      },
      close() {
        for (const id of [...asked.keys()]) drop(id)
      },
    }
  },
})
