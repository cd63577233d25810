/**
 * The command line as a process of a test's own: what it prints, by lines and by events, how it ends,
 * and folders and modules for it. Nothing outlives the test.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { within } from '../../testing/suite.ts'
import { compileSources } from '../support/compile.ts'

export interface Event {
  readonly event: string
  readonly [field: string]: unknown
}

export interface Run {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

export interface Command {
  readonly process: ChildProcessByStdio<null, Readable, Readable>
  events(): readonly Event[]
  /** The first event of this name that fits, once it is there. Throws when the process ends without it. */
  event(name: string, fits?: (event: Event) => boolean): Promise<Event>
  ended(): Promise<Run>
  /** With grace. */
  stop(): Promise<Run>
}

let compiled: string | undefined

/** With what the command line loads by a computed path. The same for all of a file's tests. */
export const compiledFolder = (): string =>
  (compiled ??= compileSources([
    ...['cli/main.ts', 'protocols/bitcoin.ts', 'protocols/botd.ts', 'protocols/native.ts'],
    ...['examples/smallest-network.ts', 'inspector/timeline-child.ts'],
  ]))

export function startCommand(words: readonly string[], folder = tmpdir()): Command {
  const program = join(compiledFolder(), 'cli/main.js')
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  let over: Run | undefined
  let wake: (() => void) | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    wake?.()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Run>((resolve) => {
    child.once('close', (code, signal) => {
      over = { code, signal, out, err }
      wake?.()
      resolve(over)
    })
  })
  onTestFinished(async () => {
    // One that a test has stopped is killed all the same.
    child.kill('SIGKILL')
    await ended
  })

  const untilEnded = () => within(ended, `${words.join(' ')} to end`)
  const command: Command = {
    process: child,
    events: () =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Event),
    ended: untilEnded,
    stop() {
      child.kill('SIGTERM')
      return untilEnded()
    },
    async event(name, fits = () => true) {
      for (;;) {
        const found = command.events().find((event) => event.event === name && fits(event))
        if (found !== undefined) return found
        if (over !== undefined) throw new Error(`ended without ${name}: ${out}${err}`)
        await within(
          new Promise<void>((resolve) => (wake = resolve)),
          `${name} of ${words.join(' ')} after ${out}${err}`,
        )
      }
    },
  }
  return command
}

export const runCommand = (words: readonly string[], folder?: string): Promise<Run> =>
  startCommand(words, folder).ended()

export function startFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-test-cli-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

export interface RunningNode extends Command {
  readonly id: string
  readonly address: string
}

/** A node of the native network on a free port that has started. */
export async function startListening(
  words: readonly string[] = [],
  folder?: string,
): Promise<RunningNode> {
  const node = startCommand(
    ['node', 'native', '--listen', '127.0.0.1:0', '--json', ...words],
    folder,
  )
  const { addresses, id } = await node.event('started')
  const [address = ''] = addresses as readonly string[]
  return { ...node, id: String(id), address }
}
