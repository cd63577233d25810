/**
 * A daemon of somebody else's as a process of a test's own: on loopback, on ports that are free, in a folder that
 * is removed with it. It is over with the test that started it, however that ends, or with this process.
 * @module
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

export const LOOPBACK = '127.0.0.1'
const START_MS = 90_000
const STOP_MS = 20_000
const OUTPUT_CHARACTERS_MAX = 4_000

/** How one kind of daemon is started and asked. */
export interface DaemonKind {
  readonly program: string
  arguments(at: DaemonPlace): readonly string[]
  /** User and password of its RPC; undefined: not known yet. */
  credentials(at: DaemonPlace): string | undefined
  /** A call that is answered once it is ready. */
  readonly readyCall: string
}

export interface DaemonPlace {
  readonly folder: string
  readonly port: number
  readonly rpcPort: number
}

export interface Daemon extends AsyncDisposable {
  readonly address: string
  /** @throws what the daemon says is wrong */
  call(method: string, ...parameters: readonly unknown[]): Promise<unknown>
  /** It is stopped, and comes back at the same place with what it kept. */
  restart(): Promise<void>
}

/** Ports that nobody had a moment ago: all are held until all are known. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, LOOPBACK))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => {
    const address = server.address()
    return typeof address === 'object' ? (address?.port ?? 0) : 0
  })
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

async function call(
  { credentials }: DaemonKind,
  at: DaemonPlace,
  method: string,
  parameters: readonly unknown[],
): Promise<unknown> {
  const answer = await fetch(`http://${LOOPBACK}:${String(at.rpcPort)}/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${btoa(credentials(at) ?? '')}`,
    },
    body: JSON.stringify({ jsonrpc: '1.0', id: 1, method, params: parameters }),
    signal: AbortSignal.timeout(STOP_MS),
  })
  const { error, result } = (await answer.json()) as {
    readonly error: { readonly message: string } | null
    readonly result: unknown
  }
  if (error !== null) throw new Error(`${method}: ${error.message}`)
  return result
}

export async function startDaemon(kind: DaemonKind): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-live-'))
  const [port = 0, rpcPort = 0] = await freePorts(2)
  const at: DaemonPlace = { folder, port, rpcPort }
  let child: ChildProcess | undefined
  let output = ''

  const kill = (): void => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }

  const start = async (): Promise<void> => {
    const started = spawn(kind.program, kind.arguments(at), {
      cwd: folder,
      env: { ...process.env, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    const keep = (text: unknown): void => {
      output = `${output}${String(text)}`.slice(-OUTPUT_CHARACTERS_MAX)
    }
    started.stdout.on('data', keep)
    started.stderr.on('data', keep)
    started.once('error', keep)
    await eventually(
      async () => {
        if (started.exitCode !== null) throw new Error(`${kind.program} ended: ${output}`)
        if (kind.credentials(at) === undefined) return false
        return call(kind, at, kind.readyCall, []).then(
          () => true,
          () => false,
        )
      },
      `${kind.program} to be ready`,
      START_MS,
    )
  }

  const stop = async (): Promise<void> => {
    const stopping = child
    if (stopping === undefined || stopping.exitCode !== null) return
    const over = once(stopping, 'exit')
    stopping.kill('SIGTERM')
    const late = setTimeout(() => stopping.kill('SIGKILL'), STOP_MS)
    await over
    clearTimeout(late)
  }

  process.once('exit', kill)
  const remove = async (): Promise<void> => {
    await stop()
    process.off('exit', kill)
    kill()
  }
  try {
    await start()
  } catch (error) {
    await remove()
    throw error
  }
  return {
    address: `${LOOPBACK}:${String(port)}`,
    call: (method, ...parameters) => call(kind, at, method, parameters),
    async restart() {
      await stop()
      await start()
    },
    [Symbol.asyncDispose]: remove,
  }
}
