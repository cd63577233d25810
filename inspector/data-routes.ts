/**
 * What is asked of the inspector by requests: charts, actions, journals. Each needs the token in its
 * head; a body is bounded, and read only then.
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { concatBytes, decodeUtf8, encodeUtf8 } from '../codec/bytes.ts'
import type { Access } from './access.ts'
import type { InspectorLimits } from './limits.ts'
import type { ActionAnswer, JournalAnswer, Refusal } from './messages.ts'

export interface DataRoutes {
  /** What is drawn of a chart of a node; undefined: there is none. */
  chart(node: string, chart: string): object | undefined
  /** Left out: actions are off. What is given came from outside. */
  readonly act?: ((given: unknown) => Promise<ActionAnswer>) | undefined
  /** Left out: there is no time travel. What is given came from outside. */
  readonly journal?: ((given: unknown) => Promise<JournalAnswer>) | undefined
}

const STATUS: Readonly<Record<Refusal['why'], number>> = {
  'bad-query': 400,
  'unknown-node': 404,
  'unknown-connection': 404,
  'unknown-chart': 404,
  'too-many-queries': 429,
  'node-gone': 410,
  'not-running': 409,
  'actions-off': 403,
  'journals-off': 403,
  'bad-journal': 422,
  failed: 500,
}

function writeJson(response: ServerResponse, status: number, value: object): void {
  const bytes = encodeUtf8(JSON.stringify(value))
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
  })
  response.end(bytes)
}

const refusal = (why: Refusal['why'], message: string) => ({ refused: { why, message } })

/** Undefined: it is longer than may be, and the rest of it is not read. */
async function bodyOf(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part = chunk as Uint8Array
    bytes += part.length
    if (bytes > bytesMax) return undefined
    chunks.push(part)
  }
  return concatBytes(...chunks)
}

async function answer(
  request: IncomingMessage,
  bytesMax: number,
  take: (given: unknown) => Promise<ActionAnswer | JournalAnswer>,
): Promise<ActionAnswer | JournalAnswer> {
  const body = await bodyOf(request, bytesMax)
  if (body === undefined) return refusal('bad-query', `it is longer than ${String(bytesMax)} bytes`)
  let given: unknown
  try {
    given = JSON.parse(decodeUtf8(body) ?? '')
  } catch {
    return refusal('bad-query', 'it is no JSON')
  }
  try {
    return await take(given)
  } catch (error) {
    return refusal('failed', error instanceof Error ? error.message : String(error))
  }
}

const CHART = /^\/charts\/([^/]+)\/([^/]+)$/

/** Undefined where it is no text in percent signs. */
function decoded(part: string | undefined): string | undefined {
  try {
    return decodeURIComponent(part ?? '')
  } catch {
    return undefined
  }
}

export interface DataRoutesOptions {
  readonly access: Access
  readonly limits: InspectorLimits
  readonly routes: DataRoutes
}

/** @returns whether the request was one of these */
export function createDataRoutes({ access, limits, routes }: DataRoutesOptions) {
  let journals = 0
  const chart = (response: ServerResponse, path: string): void => {
    const [, node, name] = CHART.exec(path) ?? []
    const [ofNode, ofName] = [decoded(node), decoded(name)]
    const found =
      ofNode === undefined || ofName === undefined ? undefined : routes.chart(ofNode, ofName)
    if (found === undefined) {
      writeJson(response, 404, refusal('unknown-chart', 'there is no such chart'))
    } else writeJson(response, 200, found)
  }

  const post = async (
    request: IncomingMessage,
    response: ServerResponse,
    bytesMax: number,
    take: (given: unknown) => Promise<ActionAnswer | JournalAnswer>,
  ): Promise<void> => {
    const answered = await answer(request, bytesMax, take)
    const status = 'refused' in answered ? STATUS[answered.refused.why] : 200
    if (!request.complete) response.setHeader('connection', 'close')
    writeJson(response, status, answered)
  }

  /** A body is tens of megabytes while it is read and understood: few are at once. */
  const postJournal = async (
    request: IncomingMessage,
    response: ServerResponse,
    take: (given: unknown) => Promise<JournalAnswer>,
  ): Promise<void> => {
    if (journals >= limits.journalsAtOnceMax) {
      response.setHeader('connection', 'close')
      writeJson(response, 429, refusal('too-many-queries', 'others are asked already: try again'))
      return
    }
    /** What was opened for somebody who left meanwhile is closed: nobody knows its name. */
    const takeFor = async (given: unknown): Promise<JournalAnswer> => {
      const answered = await take(given)
      if (response.closed && 'opened' in answered) await take({ close: answered.opened.journal })
      return answered
    }
    journals++
    try {
      request.socket.setTimeout(limits.journalMs)
      await post(request, response, limits.journalBytesMax, takeFor)
    } finally {
      journals--
    }
  }

  const off = (why: 'actions-off' | 'journals-off', message: string) => () =>
    Promise.resolve(refusal(why, message))

  return async (
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<boolean> => {
    const { method } = request
    const isChart = method === 'GET' && CHART.test(path)
    const isAction = method === 'POST' && path === '/actions'
    const isJournal = method === 'POST' && path === '/journals'
    if (!isChart && !isAction && !isJournal) return false
    if (!access.hasBearer(request.headers)) {
      response.setHeader('connection', 'close')
      writeJson(response, 401, { refused: { why: 'bad-query', message: 'the token is wrong' } })
    } else if (isChart) chart(response, path)
    else if (isAction) {
      const act = routes.act ?? off('actions-off', 'actions are off: --inspect-actions')
      await post(request, response, limits.actionBytesMax, act)
    } else {
      const journal = routes.journal ?? off('journals-off', 'no journals can be opened here')
      await postJournal(request, response, journal)
    }
    return true
  }
}
