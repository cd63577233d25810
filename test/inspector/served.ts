/**
 * The inspector's server on a port of this machine, and who asks it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { createSupervisor } from '../../index.ts'
import type { InspectorMessage } from '../../inspector/messages.ts'
import { startInspector } from '../../inspector/inspector.ts'
import type { InspectorOptions } from '../../inspector/inspector.ts'
import { startInspectorServer } from '../../inspector/server.ts'
import type { InspectorServer, InspectorServerOptions } from '../../inspector/server.ts'
import type { SourceMessage } from '../../inspector/source.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { within } from '../../testing/suite.ts'
import { tcp } from '../../transport/tcp.ts'
import { nativeOf } from './watched-pair.ts'

/** A node that listens on any port of this machine, with an inspector. */
export async function startInspected(given: Partial<InspectorOptions<NativeTypes>> = {}) {
  const protocol = nativeOf('listener')
  const supervisor = createSupervisor({
    ...{ name: 'inspected', protocol, transport: tcp(), listen: ['127.0.0.1:0'] },
  })
  await supervisor.start()
  onTestFinished(async () => {
    await supervisor.stop()
  })
  const inspector = await startInspector<NativeTypes>({ supervisor, protocol, ...given })
  onTestFinished(() => inspector.close())
  return { supervisor, inspector }
}

/** A server over a source that a test speaks for. */
export async function startServer(given: Partial<InspectorServerOptions> = {}) {
  const says: ((message: SourceMessage) => void)[] = []
  const asked: unknown[] = []
  const server = await startInspectorServer({
    source: {
      open(onMessage) {
        says.push(onMessage)
        return { ask: (message) => asked.push(message), close: () => undefined }
      },
    },
    routes: { chart: () => undefined },
    ...given,
  })
  onTestFinished(() => server.close())
  return { server, asked, say: (message: SourceMessage) => says.at(-1)?.(message) }
}

export const tokenOf = ({ url }: Pick<InspectorServer, 'url'>): string =>
  url.split('#token=')[1] ?? ''

export interface Page {
  readonly socket: WebSocket
  readonly told: readonly InspectorMessage[]
  ask(query: object, id?: number): void
  until<Kind extends InspectorMessage['kind']>(
    kind: Kind,
  ): Promise<Extract<InspectorMessage, { readonly kind: Kind }>>
  /** Its code, or the status of the answer that was no WebSocket. */
  closed(): Promise<number>
}

export function openPage(
  { port, ...server }: Pick<InspectorServer, 'port' | 'url'>,
  headers: Readonly<Record<string, string>> = {},
  token = tokenOf(server),
): Page {
  const protocols = ['peerloom', `token.${token}`]
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/live`, protocols, { headers })
  onTestFinished(() => {
    socket.terminate()
  })
  const told: InspectorMessage[] = []
  let wake = (): void => undefined
  socket.on('message', (data) => {
    told.push(JSON.parse((data as Buffer).toString()) as InspectorMessage)
    wake()
  })
  const closed = new Promise<number>((resolve) => {
    socket.on('close', resolve)
    socket.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('error', () => undefined)
  })
  return {
    socket,
    told,
    closed: () => within(closed, 'the page to be closed'),
    ask(query, id = 1) {
      socket.send(JSON.stringify({ kind: 'ask', id, query }))
    },
    async until(kind) {
      type Wanted = Extract<InspectorMessage, { readonly kind: typeof kind }>
      for (;;) {
        const found = told.find((message): message is Wanted => message.kind === kind)
        if (found !== undefined) return found
        await within(new Promise<void>((resolve) => (wake = resolve)), `the message ${kind}`)
      }
    },
  }
}

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

export const ask = (
  { port }: Pick<InspectorServer, 'port'>,
  path: string,
  {
    body,
    headers,
    method = 'GET',
  }: {
    readonly body?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly method?: string
  } = {},
): Promise<Answered> =>
  within(
    new Promise<Answered>((resolve, reject) => {
      const asking = request(
        { host: '127.0.0.1', port, path, method, headers: { ...headers } },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => (text += part))
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
          })
        },
      )
      asking.on('error', reject)
      asking.end(body)
    }),
    `an answer to ${method} ${path}`,
  )

export function pageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-page-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(folder, 'assets', 'page.js'), 'export {}')
  writeFileSync(join(folder, 'notes.txt'), 'no part of the page')
  return folder
}
