/**
 * Metrics, health and readiness over HTTP: three paths, no body taken, one answer a connection. Whoever
 * asks is a stranger: clients are few, each has a deadline, and asking often costs no more than asking
 * now and then.
 * @module
 */
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import ipaddr from 'ipaddr.js'
import { printPlace } from '../codec/place.ts'
import { PeerloomError } from '../index.ts'
import { healthOf, readinessOf } from './health.ts'
import type { HealthAnswer } from './health.ts'
import { collectMetrics, warn } from './registry.ts'
import type { MetricsOptions } from './registry.ts'
import type { Metered } from './subject.ts'

/** Scrapers, probes and a person, all at once; more are turned away. */
const CLIENTS_MAX = 16
/** From its connection until it has its answer, all in all: the time that Prometheus gives a scrape. */
const CLIENT_MS = 10_000
/** What a scraper sends is under 1 KiB. */
const HEADER_BYTES_MAX = 8_192
/** What a timer of the platform's takes, some 24 days: it rings at once for more. */
const TIMER_MS_MAX = 2 ** 31 - 1
/** Within so long the same text is handed out: a scrape of 10,000 connections takes milliseconds. */
const FRESH_MS = 250

export interface MetricsServerOptions extends MetricsOptions {
  /** An IP address. Default: 127.0.0.1, so that nobody else can ask. */
  readonly host?: string
  /** Default: any free one. */
  readonly port?: number
  /** How long a client has from its connection until it has its answer, in milliseconds. Default: 10,000. */
  readonly clientMs?: number
  /** For how long a scrape is handed to whoever asks again, in milliseconds. Default: 250. */
  readonly freshMs?: number
}

export interface MetricsServer {
  /** Of the metrics; `health` and `ready` lie beside it. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Whether somebody on another machine can ask. */
  readonly isOpen: boolean
  /** Settles when nobody is connected and the port is free. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

const PLAIN = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

const isLoopback = (host: string): boolean =>
  ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback'

const answerOf = ({ body, isWell }: HealthAnswer): Answer => ({
  status: isWell ? 200 : 503,
  type: JSON_TYPE,
  text: `${JSON.stringify(body)}\n`,
})

/** Of the header `Host`: `[::1]:9464` gives `::1`. */
const hostOf = (header: string | undefined): string | undefined =>
  /^(?:\[(?<v6>[^\]]*)\]|(?<plain>[^:]*))(?::\d{1,5})?$/
    .exec(header ?? '')
    ?.slice(1)
    .find((host) => host !== undefined)

/** A name that leads to this machine may be anybody's: a page of theirs could read what it is told. */
function isOurs(header: string | undefined): boolean {
  const host = hostOf(header)
  return host !== undefined && (host.toLowerCase() === 'localhost' || isLoopback(host))
}

/** @throws {PeerloomError} `bad-argument` */
function checkTime(name: string, ms: number, leastMs: number): void {
  if (typeof ms === 'number' && ms >= leastMs && ms <= TIMER_MS_MAX) return
  const bounds = `from ${String(leastMs)} to ${String(TIMER_MS_MAX)} milliseconds`
  throw new PeerloomError('bad-argument', `${name} is ${bounds}, not ${String(ms)}`)
}

/**
 * Serves `/metrics`, `/health` and `/ready` of one node or several until it is closed.
 * @throws {PeerloomError} `listen-failed`: the port is taken, or the address is none of this machine;
 *   `bad-argument`: no IP address, no port, a time that is none, two nodes of one name
 */
export async function serveMetrics(
  given: Metered | readonly Metered[],
  options: MetricsServerOptions = {},
): Promise<MetricsServer> {
  const { clientMs = CLIENT_MS, freshMs = FRESH_MS, host = '127.0.0.1', port = 0 } = options
  if (!ipaddr.isValid(host)) throw new PeerloomError('bad-argument', `${host} is no IP address`)
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new PeerloomError('bad-argument', `${port} is no port`)
  }
  checkTime('clientMs', clientMs, 1)
  checkTime('freshMs', freshMs, 0)
  const nodes: readonly Metered[] = [given].flat()
  const metrics = collectMetrics(nodes, options)
  const { onFault = warn } = options

  let rendered: { readonly atMs: number; readonly text: Promise<string> } | undefined
  const render = (): Promise<string> => {
    const nowMs = performance.now()
    if (rendered === undefined || nowMs - rendered.atMs >= freshMs) {
      rendered = { atMs: nowMs, text: metrics.text() }
    }
    return rendered.text
  }

  const routes: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    '/metrics': async () => ({ status: 200, type: metrics.contentType, text: await render() }),
    '/health': () => answerOf(healthOf(nodes)),
    '/ready': () => answerOf(readinessOf(nodes)),
  }
  const answer = async ({ headers, method, url = '' }: IncomingMessage): Promise<Answer> => {
    const refuse = (status: number, sentence: string): Answer => ({
      ...{ status, type: PLAIN, text: `${sentence}\n` },
    })
    if (isLoopback(host) && !isOurs(headers.host)) return refuse(403, 'asked under another name')
    if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'there is only GET and HEAD')
    const [path = ''] = url.split('?', 1)
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    return route === undefined ? refuse(404, 'there is /metrics, /health, /ready') : route()
  }
  const respond = (
    request: IncomingMessage,
    response: ServerResponse,
    { status, text, type }: Answer,
  ): void => {
    const bytes = new TextEncoder().encode(text)
    response.writeHead(status, {
      'content-type': type,
      'content-length': bytes.length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      connection: 'close',
    })
    response.end(request.method === 'HEAD' ? undefined : bytes)
  }
  const listener: RequestListener = (request, response) => {
    answer(request).then(
      (made) => {
        respond(request, response, made)
      },
      (error: unknown) => {
        onFault(error)
        const text = 'the metrics could not be read\n'
        respond(request, response, { status: 500, type: PLAIN, text })
      },
    )
  }

  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, listener)
  server.maxConnections = CLIENTS_MAX
  server.on('connection', (socket) => {
    const deadline = setTimeout(() => {
      socket.destroy()
    }, clientMs)
    socket.once('close', () => {
      clearTimeout(deadline)
    })
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host, port, exclusive: true }, resolve)
    })
  } catch (error) {
    metrics.close()
    throw new PeerloomError('listen-failed', sentenceOf(error, { host, port }))
  }
  // One that could not be accepted; those before and after it are.
  server.removeAllListeners('error').on('error', onFault)

  // A TCP server that listens has an address of this form.
  const bound = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      metrics.close()
      server.close(() => {
        resolve()
      })
      server.closeAllConnections()
    }))
  return {
    url: `http://${printPlace({ host, port: bound.port })}/metrics`,
    ...{ host, port: bound.port, isOpen: !isLoopback(host), close },
    [Symbol.asyncDispose]: close,
  }
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EADDRNOTAVAIL: 'that is no address of this machine',
  EACCES: 'this user may not listen there',
}

function sentenceOf(error: unknown, place: { host: string; port: number }): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why = WHY[code] ?? (error instanceof Error ? error.message : String(error))
  return `cannot serve metrics on ${printPlace(place)}: ${why}`
}
