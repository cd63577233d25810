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
  /** @param onTaken once it has left this process: one that stands still takes nothing */
  say(order: ToNode, onTaken?: () => void): void
  /**
   * The first that `take` does not answer with undefined.
   * @throws {CommandFault} the deadline, or the process ended; and what `take` throws
   */
  until<Value>(
    what: string,
    ms: number,
    take: (told: FromNode) => Value | undefined,
  ): Promise<Value>
  /** SIGKILL; settles when the process is gone. */
  kill(): Promise<void>
  /** SIGKILL, and no waiting: for the end of this process. */
  abandon(): void
  readonly isAlive: boolean
  /** Asks it to stop; kills it when it does not. */
  stop(): Promise<void>
}

const STOP_MS = 10_000

interface Waiting {
  take(told: FromNode): void
  fail(sentence: string): void
}

/** @param onGone its process ended, whoever ended it; called once, after all that it told */
export function startChild(
  program: string,
  name: string,
  onTold: (told: FromNode) => void,
  onGone: () => void = () => undefined,
): DemoChild {
  const child: ChildProcess = fork(program, ['demo-node'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting = new Set<Waiting>()
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      onGone()
      for (const one of [...waiting]) one.fail(`the process of ${name} ended`)
      resolve()
    }
    child.once('exit', () => {
      // What it said before is read first.
      if (child.connected) child.once('disconnect', end)
      else end()
    })
    // One that could not be started has no other end; of all others the exit says what there is to say,
    // as where a channel closed under a message.
    child.on('error', () => {
      if (child.pid === undefined) end()
    })
  })
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null
  child.on('message', (told: FromNode) => {
    onTold(told)
    for (const one of [...waiting]) one.take(told)
  })

  /** One that could not be started has no process: a signal would go to somebody else's. */
  const signal = (): void => {
    if (child.pid !== undefined) child.kill('SIGKILL')
  }
  const kill = async (): Promise<void> => {
    signal()
    await gone
  }

  return {
    get pid() {
      return child.pid ?? 0
    },
    say(order, onTaken = () => undefined) {
      if (child.connected) {
        child.send(order, () => {
          onTaken()
        })
      }
    },
    until(what, ms, take) {
      return new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer)
          waiting.delete(one)
        }
        const one: Waiting = {
          take(told) {
            try {
              const value = take(told)
              if (value === undefined) return
              done()
              resolve(value)
            } catch (error) {
              done()
              reject(error instanceof Error ? error : new CommandFault(1, String(error)))
            }
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
        if (!isAlive()) one.fail(`the process of ${name} ended`)
      })
    },
    kill,
    abandon() {
      signal()
    },
    get isAlive() {
      return isAlive()
    },
    async stop() {
      if (!isAlive()) return
      if (child.connected) child.send({ type: 'stop' } satisfies ToNode, () => undefined)
      const timer = setTimeout(signal, STOP_MS)
      await gone
      clearTimeout(timer)
    },
  }
}
