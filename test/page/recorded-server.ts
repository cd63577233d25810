/**
 * A server of the page for a source that is not a node's: files, charts and the live channel, under a
 * content security policy that forbids whatever is inline or from elsewhere.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import type { ChartDescription } from '../../inspector/chart-description.ts'
import type { ActionAnswer, InspectorMessage, JournalAnswer } from '../../inspector/messages.ts'
import type { InspectorSource } from '../../inspector/source.ts'

const PAGE = join(import.meta.dirname, '../../dist/inspector/page')
const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript',
  'page.css': 'text/css',
  'icon.svg': 'image/svg+xml',
}
const POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
].join('; ')

export const TOKEN = '0123456789abcdef'.repeat(4)

export interface Recorded {
  readonly source: InspectorSource
  readonly charts: Readonly<Record<string, ChartDescription>>
  /** What is given comes from the page. */
  readonly actions?: (given: unknown) => ActionAnswer
  readonly journals?: (given: unknown) => JournalAnswer
}

export interface RecordedServer {
  readonly url: string
  /** Ends every live channel, as a node that goes does. */
  cut(): void
}

export async function startRecordedServer(recorded: Recorded): Promise<RecordedServer> {
  const { actions, charts, journals, source } = recorded
  const posts = { actions, journals }
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').slice(1)) || 'index.html'
    const isTokenRight = request.headers.authorization === `Bearer ${TOKEN}`
    const json = (status: number, value: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value))
    }
    const type = TYPES[path]
    if (type !== undefined) {
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY })
      response.end(readFileSync(join(PAGE, path)))
      return
    }
    const post = path === 'actions' || path === 'journals' ? posts[path] : undefined
    const chart = path.startsWith('charts/') ? charts[path.split('/').at(-1) ?? ''] : undefined
    if (chart !== undefined && isTokenRight) json(200, { chart })
    else if (post !== undefined && isTokenRight) {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        json(200, post(JSON.parse(Buffer.concat(chunks).toString())))
      })
    } else {
      json(404, { refused: { why: 'unknown-chart', message: 'There is no such chart.' } })
    }
  })
  const live = new WebSocketServer({
    server,
    path: '/live',
    handleProtocols: (offered) =>
      offered.has('peerloom') && offered.has(`token.${TOKEN}`) ? 'peerloom' : false,
  })
  live.on('connection', (socket) => {
    const say = (message: InspectorMessage): void => {
      socket.send(JSON.stringify(message))
    }
    say({
      kind: 'hello',
      actions: actions !== undefined,
      recordDir: journals === undefined ? null : '/journals',
      version: '0.0.0',
    })
    const session = source.open(say)
    socket.on('message', (data: Buffer) => {
      session.ask(JSON.parse(data.toString()))
    })
    socket.on('close', session.close)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const cut = (): void => {
    for (const socket of live.clients) socket.terminate()
  }
  onTestFinished(() => {
    cut()
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${String(port)}/#token=${TOKEN}`, cut }
}
