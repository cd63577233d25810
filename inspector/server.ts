/**
 * The inspector's server: the page's files, and what a page asks for. It listens on loopback alone, asks
 * for a token wherever there is something to see, and harms nobody when it cannot start.
 * @module
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { createAccess, SUBPROTOCOL } from './access.ts'
import type { Access } from './access.ts'
import { createDataRoutes } from './data-routes.ts'
import type { DataRoutes } from './data-routes.ts'
import { INSPECTOR_LIMITS } from './limits.ts'
import type { InspectorLimits } from './limits.ts'
import { servePage } from './page-reader.ts'
import type { Reader } from './reader.ts'
import type { InspectorSource } from './source.ts'
import { serveStately } from './stately-reader.ts'
import type { StatelyAttach } from './stately-reader.ts'
import { readStaticFiles } from './static-files.ts'

export interface InspectorServerOptions {
  readonly source: InspectorSource
  readonly routes: DataRoutes
  /** For clients of `@statelyai/inspect` at `/stately`. Left out: there are none. */
  readonly stately?: StatelyAttach
  /** Default 0: any free one. */
  readonly port?: number
  /** Where journals are opened from. */
  readonly recordDir?: string | undefined
  /** Origins of pages from elsewhere that may read, such as one under development. */
  readonly origins?: readonly string[]
  readonly limits?: Partial<InspectorLimits>
  /** Where the page's files are. Left out: the package's own. */
  readonly pageFolder?: string
  /** A client that could not be taken; the server goes on. Default: a warning of the process. */
  onFault?(error: Error): void
}

export interface InspectorServer {
  /** With the token, as a browser opens it. */
  readonly url: string
  readonly port: number
  /** What `createWebSocketReceiver` of `@statelyai/inspect` is given as `server`. */
  readonly statelyUrl: string
  /** Settles when nobody is connected and the port is free, which is in a bounded time. */
  close(): Promise<void>
}

const HOST = '127.0.0.1'
const VERSION = '1'
const PAGE_FOLDER = fileURLToPath(new URL('./page/', import.meta.url))

const headersFor = (port: number): Readonly<Record<string, string>> => {
  const sockets = `ws://127.0.0.1:${String(port)} ws://localhost:${String(port)}`
  return {
    'content-security-policy': [
      "default-src 'none'",
      ...["script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'"],
      `connect-src 'self' ${sockets}`,
      ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  }
}

function writeText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}

/** To a WebSocket that is not one yet. */
const refusalOf = (status: string, sentence: string): string =>
  `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\n` +
  `content-length: ${String(sentence.length + 1)}\r\n\r\n${sentence}\n`

function warn(error: Error): void {
  process.emitWarning(error)
}

/** As it came, up to a query: what is looked up is never made shorter or decoded before. */
const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] ?? ''

/** Of a client that can set nothing but an address. */
const tokenIn = ({ url = '' }: IncomingMessage): string | null =>
  new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('token')

/** @throws {Error} the port cannot be listened on; the node is not touched by it */
export async function startInspectorServer(
  options: InspectorServerOptions,
): Promise<InspectorServer> {
  const limits: InspectorLimits = { ...INSPECTOR_LIMITS, ...options.limits }
  const { onFault = warn, origins = [], recordDir, routes, source, stately } = options
  const files = readStaticFiles(options.pageFolder ?? PAGE_FOLDER)
  const server = createServer({
    headersTimeout: limits.requestMs,
    requestTimeout: limits.journalMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.farewellMs,
    maxHeaderSize: limits.headBytesMax,
  })
  server.maxConnections = limits.socketsMax
  const connected = new Set<Socket>()
  server.on('connection', (socket) => {
    connected.add(socket)
    socket.once('close', () => connected.delete(socket))
  })
  const readers = new Set<Reader>()
  let closing: Promise<void> | undefined
  const ofSockets = {
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: limits.messageBytesMax,
    handleProtocols: (names: Set<string>) => (names.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    // Whoever says farewell first: one that never ends holds its place no longer. (ws has it, its types do not.)
    closeTimeout: limits.farewellMs,
  }
  const sockets = new WebSocketServer(ofSockets)

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: HOST, port: options.port ?? 0, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // One that could not be accepted; those before and after it are.
  server.on('error', onFault)
  const at = server.address()
  const port = typeof at === 'object' && at !== null ? at.port : 0
  const access: Access = createAccess({ port, origins })
  const headers = headersFor(port)
  const takeData = createDataRoutes({ access, limits, routes })

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const wrong = access.wrongWith(request.headers)
    if (wrong !== undefined) {
      response.setHeader('connection', 'close')
      writeText(response, 403, wrong)
      return
    }
    const path = pathOf(request)
    if (await takeData(request, response, path)) return
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const file = isRead ? files.get(path) : undefined
    if (file === undefined) {
      writeText(response, isRead ? 404 : 405, isRead ? 'there is no such file' : 'only to be read')
      return
    }
    response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length })
    response.end(request.method === 'HEAD' ? undefined : file.bytes)
  }

  /** All of an answer is there: whoever does not take it holds its place no longer, were it that it takes a little. */
  const watchUnread = (response: ServerResponse): void => {
    if (response.closed) return
    const cut = setTimeout(() => response.destroy(), limits.unreadMs)
    response.once('close', () => {
      clearTimeout(cut)
    })
  }

  server.on('request', (request, response) => {
    serve(request, response).then(
      () => {
        watchUnread(response)
      },
      () => {
        // Whoever asked has gone, or the answer broke off: there is nobody to tell.
        response.destroy()
      },
    )
  })

  // ---- readers -----------------------------------------------------------------------------------

  const take = (request: IncomingMessage, socket: Duplex, head: Buffer, isPage: boolean): void => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      let reader: Reader | undefined = undefined
      const onClosed = (): void => {
        if (reader !== undefined) readers.delete(reader)
      }
      const actions = routes.act !== undefined
      const hello = {
        kind: 'hello',
        version: VERSION,
        actions,
        recordDir: recordDir ?? null,
      } as const
      reader =
        isPage || stately === undefined
          ? servePage({ socket: webSocket, limits, source, hello, onClosed })
          : serveStately({ socket: webSocket, limits, attach: stately, onClosed })
      // One that could not even take what is there now has gone already.
      if (!reader.isClosed) readers.add(reader)
    })
  }

  /** Whoever was answered has nothing more to say here, and may not even read its answer. */
  const refuse = (socket: Duplex, status: string, sentence: string): void => {
    const cut = setTimeout(() => socket.destroy(), limits.farewellMs)
    socket.once('close', () => {
      clearTimeout(cut)
    })
    socket.end(refusalOf(status, sentence), () => socket.destroy())
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const path = pathOf(request)
    const wrong = access.wrongWith(request.headers)
    const isPage = path === '/live'
    const isStately = path === '/stately' && stately !== undefined
    const isKnown = isPage
      ? access.hasSubprotocol(request.headers)
      : access.isStatelyToken(tokenIn(request))
    if (wrong !== undefined) refuse(socket, '403 Forbidden', wrong)
    else if (!isPage && !isStately) refuse(socket, '404 Not Found', 'there is nothing here')
    else if (!isKnown) refuse(socket, '401 Unauthorized', 'the token is wrong')
    else if (closing !== undefined) refuse(socket, '503 Service Unavailable', 'the node stops')
    else if (readers.size >= limits.clientsMax) {
      refuse(socket, '503 Service Unavailable', 'too many pages look at this node')
    } else take(request, socket, head, isPage)
  }

  server.on('upgrade', (request, socket, head) => {
    // Nobody else looks at it: without a listener a reset would be the process's end.
    socket.on('error', () => {
      socket.destroy()
    })
    upgrade(request, socket, head)
  })

  const leave = async (): Promise<void> => {
    for (const reader of [...readers]) reader.close('gone', 'the node stops')
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
    })
    server.closeIdleConnections()
    const cut = setTimeout(() => {
      for (const socket of connected) socket.destroy()
    }, limits.farewellMs)
    await closed
    clearTimeout(cut)
  }

  const origin = `${HOST}:${String(port)}`
  return {
    port,
    url: `http://${origin}/#token=${access.token}`,
    statelyUrl: `ws://${origin}/stately?token=${access.statelyToken}`,
    close: () => (closing ??= leave()),
  }
}
