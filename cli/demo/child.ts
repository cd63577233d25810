/**
 * A node of the demo as its parent sees it: a process that is spoken to, waited for with a deadline,
 * killed, and never left behind.
 * @module
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { CommandFault } from '../command-fault.ts'
import type { FromNode, ToNode } from './protocol.ts'

export interface DemoChild {
  readonly pid: number
  say(order: ToNode): void
  /** The first that `take` does not answer with undefined. @throws {CommandFault} the deadline, or the process ended */
  until<Value>(
    what: string,
    ms: number,
    take: (told: FromNode) => Value | undefined,
  ): Promise<Value>
  /** SIGKILL; settles when the process is gone. */
  kill(): Promise<void>
  /** Asks it to stop; kills it when it does not. */
  stop(): Promise<void>
}

const STOP_MS = 10_000

interface Waiting {
  take(told: FromNode): boolean
  fail(sentence: string): void
}

export function startChild(
  program: string,
  name: string,
  onTold: (told: FromNode) => void,
): DemoChild {
  const process: ChildProcess = fork(program, ['demo-node'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting = new Set<Waiting>()
  const gone = new Promise<void>((resolve) => {
    process.once('exit', () => {
      for (const one of [...waiting]) one.fail(`the process of ${name} ended`)
      resolve()
    })
  })
  process.on('message', (told: FromNode) => {
    onTold(told)
    for (const one of [...waiting]) one.take(told)
  })
  // A channel that closed under a message: the exit says what there is to say.
  process.on('error', () => undefined)

  const kill = async (): Promise<void> => {
    process.kill('SIGKILL')
    await gone
  }

  return {
    get pid() {
      return process.pid ?? 0
    },
    say(order) {
      if (process.connected) process.send(order)
    },
    until(what, ms, take) {
      return new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer)
          waiting.delete(one)
        }
        const one: Waiting = {
          take(told) {
            const value = take(told)
            if (value === undefined) return false
            done()
            resolve(value)
            return true
          },
          fail(sentence) {
            done()
            reject(new CommandFault(1, sentence))
          },
        }
        const timer = setTimeout(() => {
          one.fail(`${name} did not come to ${what} within ${String(ms / 1_000)} s`)
        }, ms)
        waiting.add(one)
      })
    },
    kill,
    async stop() {
      if (process.exitCode !== null || process.signalCode !== null) return
      if (process.connected) process.send({ type: 'stop' } satisfies ToNode)
      const timer = setTimeout(() => process.kill('SIGKILL'), STOP_MS)
      await gone
      clearTimeout(timer)
    },
  }
}
