/**
 * A command of the package as it was built, as a person runs it, its events by line.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

const PROGRAM = join(import.meta.dirname, '../../dist/cli/main.js')

export interface CommandEvent {
  readonly event: string
  readonly addresses?: readonly string[]
  readonly id?: string
  readonly node?: string
  readonly pid?: number
  readonly url?: string
}

export interface BuiltCommand {
  /** The first such event, once it is there. */
  event(name: string, fits?: (event: CommandEvent) => boolean): Promise<CommandEvent>
  /** As Ctrl-C does. @returns its exit code */
  interrupt(): Promise<number | null>
}

/** With `--json`. It ends with the test, and what it began it ends by itself. */
export function startBuilt(words: readonly string[]): BuiltCommand {
  const child = spawn(process.execPath, [PROGRAM, ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const events: CommandEvent[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const look of [...waiting]) look()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as CommandEvent)
    wake()
  })
  let isOver = false
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      isOver = true
      wake()
      resolve(code)
    })
  })
  return {
    interrupt() {
      child.kill('SIGINT')
      return ended
    },
    event: (name, fits = () => true) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find((one) => one.event === name && fits(one))
          if (found === undefined && !isOver) return
          waiting.delete(look)
          if (found === undefined) reject(new Error(`${words.join(' ')} ended without ${name}`))
          else resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}
