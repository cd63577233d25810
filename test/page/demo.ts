/**
 * `peerloom demo --inspect` as a person runs it, its events by line.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

const PROGRAM = join(import.meta.dirname, '../../dist/cli/main.js')

/** A quarter of a minute at the demo's usual pace. */
const LINES = 130

export interface DemoEvent {
  readonly event: string
  readonly node?: string
  readonly pid?: number
  readonly url?: string
}

export interface RunningDemo {
  /** The first such event, once it is there. */
  event(name: string): Promise<DemoEvent>
  /** As Ctrl-C does. @returns its exit code */
  interrupt(): Promise<number | null>
}

export function startDemo(): RunningDemo {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-page-'))
  const input = join(folder, 'lines.txt')
  const lines = Array.from({ length: LINES }, (_, place) => `line ${String(place + 1)}\n`)
  writeFileSync(input, lines.join(''))
  const demo = spawn(process.execPath, [PROGRAM, 'demo', '--json', '--inspect', '--input', input], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    // Whatever state it is in: it ends its nodes and their folders by itself.
    demo.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const events: DemoEvent[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const look of [...waiting]) look()
  }
  createInterface({ input: demo.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as DemoEvent)
    wake()
  })
  let isOver = false
  const ended = new Promise<number | null>((resolve) => {
    demo.once('close', (code) => {
      isOver = true
      wake()
      resolve(code)
    })
  })
  return {
    interrupt() {
      demo.kill('SIGINT')
      return ended
    },
    event: (name) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.find(({ event }) => event === name)
          if (found === undefined && !isOver) return
          waiting.delete(look)
          if (found === undefined) reject(new Error(`the demo ended without ${name}`))
          else resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}
