/**
 * The server that the page came from, as its parts know it: the token, which stands in the fragment of
 * the address and so in no request line; what is asked for once; and what is asked for live.
 * @module
 */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type {
  Action,
  ActionAnswer,
  ChartAnswer,
  JournalAnswer,
  JournalRequest,
} from '../messages.ts'
import type { Refusal } from '../messages.ts'
import { INSPECTOR_LIMITS } from '../limits.ts'
import { layoutChart } from '../chart-layout.ts'
import type { ChartDescription } from '../chart-description.ts'
import type { ChartGeometry } from '../chart-geometry.ts'
import { createLive } from './live.ts'
import type { Live } from './live.ts'

export interface LaidOutChart {
  readonly chart: ChartDescription
  readonly geometry: ChartGeometry
}

export interface Server {
  readonly live: Live
  /** Fetched and laid out once. @throws {Error} with a sentence for the person */
  chart(node: string, name: string): Promise<LaidOutChart>
  act(action: Action): Promise<ActionAnswer>
  journal(request: JournalRequest): Promise<JournalAnswer>
}

/** A journal may take as long as its server lets it, so that a refusal comes in time. */
const REQUEST_MS = 20_000

const isRefused = (answer: object): answer is { readonly refused: Refusal } => 'refused' in answer

export function createServer(origin: string, token: string): Server {
  const charts = new Map<string, Promise<LaidOutChart>>()

  async function request(
    path: string,
    body?: object,
    withinMs: number = REQUEST_MS,
  ): Promise<object> {
    const answer = await fetch(new URL(path, origin), {
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(withinMs),
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    return (await answer.json()) as object
  }

  async function fetchChart(node: string, name: string): Promise<LaidOutChart> {
    const path = `/charts/${encodeURIComponent(node)}/${encodeURIComponent(name)}`
    const answer = (await request(path)) as ChartAnswer | { readonly refused: Refusal }
    if (isRefused(answer)) throw new Error(answer.refused.message)
    return { chart: answer.chart, geometry: layoutChart(answer.chart) }
  }

  const liveUrl = new URL('/live', origin)
  liveUrl.protocol = liveUrl.protocol === 'https:' ? 'wss:' : 'ws:'
  return {
    live: createLive(liveUrl.href, token),
    chart(node, name) {
      const key = JSON.stringify([node, name])
      const known = charts.get(key) ?? fetchChart(node, name)
      charts.set(key, known)
      // One that failed may be asked for again.
      known.catch(() => charts.delete(key))
      return known
    },
    act: async (action) => (await request('/actions', action)) as ActionAnswer,
    journal: async (asked) =>
      (await request('/journals', asked, INSPECTOR_LIMITS.journalMs)) as JournalAnswer,
  }
}

const ServerContext = createContext<Server | undefined>(undefined)
export const ServerProvider = ServerContext.Provider

export function useServer(): Server {
  const server = useContext(ServerContext)
  if (server === undefined) throw new Error('there is no server around this part of the page')
  return server
}

const TOKEN = 'peerloom.token'
const IN_FRAGMENT = /^#token=([0-9a-f]+)/

export const isTokenGiven = (): boolean => IN_FRAGMENT.test(location.hash)

/**
 * The token of the address, which is then taken out of it; it is kept for as long as the tab is there,
 * so that the page can be loaded again.
 */
export function takeToken(): string | undefined {
  const [, given] = IN_FRAGMENT.exec(location.hash) ?? []
  if (given !== undefined) {
    sessionStorage.setItem(TOKEN, given)
    history.replaceState(null, '', '#/')
  }
  return given ?? sessionStorage.getItem(TOKEN) ?? undefined
}
