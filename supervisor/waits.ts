/**
 * What the public API waits for: each wait is ended by something that happens in the node, by its
 * deadline, by its caller's signal, or by the node's end. Nothing waits for ever.
 * @module
 */
import type { CallOutcome } from './application.ts'
import type { Command } from './commands.ts'
import type { PeerloomErrorCode } from '../world/errors.ts'
import { PeerloomError } from '../world/errors.ts'
import type { SupervisorEvent } from './events.ts'

/** What happens in a node, and what only whoever waits for it is told. */
export type Happening =
  | SupervisorEvent
  /** From now on its address is dialled by hand. Which of several commands it is, the object says. */
  | { readonly type: 'connect.begun'; readonly command: Command }
  /** Whom the application asked for is banned for so long: Infinity for good. */
  | { readonly type: 'connect.barred'; readonly address: string; readonly ms: number }
  /** Whom the application does not want any more: nobody dials these addresses, or whoever has the identity. */
  | {
      readonly type: 'connect.called-off'
      readonly keys: readonly string[]
      readonly identity: string | undefined
    }
  | { readonly type: 'connection.room'; readonly connection: string }
  | { readonly type: 'call.settled'; readonly number: number; readonly outcome: CallOutcome }

/** Of these only whoever waits is told. */
const NO_EVENTS: ReadonlySet<string> = new Set<Exclude<Happening['type'], SupervisorEvent['type']>>(
  ['call.settled', 'connect.barred', 'connect.begun', 'connect.called-off', 'connection.room'],
)

export const isEvent = (happening: Happening): happening is SupervisorEvent =>
  !NO_EVENTS.has(happening.type)

export interface WaitOptions {
  /** Left out: the node's default. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface Waits {
  /**
   * Settles with what `take` makes of the first happening that it does not answer with undefined. The
   * command is what makes it happen: it is given behind the wait, and not at all where there is none.
   * @throws {PeerloomError} `timed-out`, `aborted`, `stopped`, or what `take` throws
   */
  until<Value>(
    what: string,
    options: WaitOptions,
    take: (happening: Happening) => Value | undefined,
    command?: Command,
  ): Promise<Value>
  happened(happening: Happening): void
  deadline(wait: number): void
  /** Ends all. */
  stop(): void
  readonly count: number
}

/** @throws {PeerloomError} `bad-argument`: no wait can be so long */
export function checkMs(name: string, ms: number): void {
  if (typeof ms === 'number' && ms >= 0 && ms <= Number.MAX_SAFE_INTEGER) return
  throw new PeerloomError('bad-argument', `${name} is no number of milliseconds: ${String(ms)}`)
}

const SENTENCES: Readonly<Partial<Record<PeerloomErrorCode, string>>> = {
  aborted: 'was called off',
  stopped: 'did not come before the node stopped',
  'timed-out': 'did not come in time',
}

interface Wait {
  readonly what: string
  take(happening: Happening): boolean
  fail(code: PeerloomErrorCode): void
}

export function createWaits(enter: (command: Command) => void, defaultMs: number): Waits {
  const waits = new Map<number, Wait>()
  let nextWait = 1

  return {
    until(what, { timeoutMs = defaultMs, signal }, take, command) {
      return new Promise((resolve, reject) => {
        checkMs('timeoutMs', timeoutMs)
        const wait = nextWait++
        const done = (): void => {
          waits.delete(wait)
          signal?.removeEventListener('abort', abort)
          enter({ name: 'unwait', wait })
        }
        const fail = (code: PeerloomErrorCode): void => {
          done()
          reject(new PeerloomError(code, `${what} ${SENTENCES[code] ?? 'did not come'}`))
        }
        const abort = (): void => {
          fail('aborted')
        }
        if (signal?.aborted === true) {
          reject(new PeerloomError('aborted', `${what} was called off`))
          return
        }
        signal?.addEventListener('abort', abort)
        waits.set(wait, {
          what,
          fail,
          take(happening) {
            try {
              const value = take(happening)
              if (value === undefined) return false
              done()
              resolve(value)
            } catch (error) {
              done()
              reject(error instanceof Error ? error : new PeerloomError('failed', what))
            }
            return true
          },
        })
        try {
          enter({ name: 'wait', wait, ms: timeoutMs })
        } catch (error) {
          waits.delete(wait)
          signal?.removeEventListener('abort', abort)
          throw error
        }
        // Whoever watches the step of the wait may have called it off.
        if (command !== undefined && waits.has(wait)) enter(command)
      })
    },
    happened(happening) {
      if (waits.size === 0) return
      for (const wait of [...waits.values()]) wait.take(happening)
    },
    deadline(wait) {
      waits.get(wait)?.fail('timed-out')
    },
    stop() {
      for (const wait of [...waits.values()]) wait.fail('stopped')
    },
    get count() {
      return waits.size
    },
  }
}
