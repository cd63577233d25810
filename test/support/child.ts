/**
 * Node processes of a test's own, running compiled sources: their output by lines, their end by a
 * promise, and no way to outlive the test that forgot them.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { within } from '../../testing/suite.ts'
import { compileSources } from './compile.ts'

export interface Child {
  readonly process: ChildProcess
  /** Every line of standard output so far. */
  readonly lines: readonly string[]
  /** The first line that fits, once it is there. Throws when the process ends without it. */
  line(fits: (line: string) => boolean, deadlineMs?: number): Promise<string>
  /** Settles once it is gone and its output was read to the end. */
  ended(): Promise<{ readonly code: number | null; readonly signal: string | null }>
}

export interface ChildOptions extends Pick<SpawnOptions, 'uid' | 'gid' | 'env'> {
  /** A shell's words before the program, such as a limit: `ulimit -f 100`. */
  readonly before?: string
  /** More entries for the compiler: what the program loads by a computed path. */
  readonly alongside?: readonly string[]
}

/** @param entry a `.ts` file from the project's root; only what it imports is compiled. */
export function startChild(
  entry: string,
  programArguments: readonly string[],
  { before, alongside = [], ...options }: ChildOptions = {},
): Child {
  const folder = compileSources([entry, ...alongside])
  const words = [process.execPath, join(folder, entry.replace(/\.ts$/, '.js')), ...programArguments]
  const [command, ...rest] =
    before === undefined ? words : ['/bin/sh', '-c', `${before}; exec "$@"`, 'sh', ...words]
  const child = spawn(command ?? '', rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })

  const lines: string[] = []
  let complaints = ''
  let isOver = false
  let wake: (() => void) | undefined
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    wake?.()
  })
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      isOver = true
      wake?.()
      resolve({ code, signal })
    })
  })
  // It could not be started: whoever waits for it is told, and nobody else needs to be.
  ended.catch(() => {})

  return {
    process: child,
    lines,
    ended: () => within(ended, `${entry} to end`),
    async line(fits, deadlineMs = 20_000) {
      for (;;) {
        const found = lines.find(fits)
        if (found !== undefined) return found
        if (isOver) throw new Error(`${entry} ended after [${lines.join(', ')}]: ${complaints}`)
        await within(
          new Promise<void>((resolve) => (wake = resolve)),
          `a line of ${entry}`,
          deadlineMs,
        )
      }
    },
  }
}
