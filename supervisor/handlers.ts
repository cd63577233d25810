/**
 * The application's asynchronous handlers: each message that one holds is credit taken, until it
 * settles or its deadline passes. What settles late changes nothing any more.
 * @module
 */
import type { Routed } from '../actors/child.ts'
import type { Router, Settle } from '../actors/router.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SupervisorEvent } from './events.ts'

export interface HandlersOptions<T extends ProtocolTypes> {
  readonly loop: StepLoop
  readonly router: Router<T>
  /** Starts the handler outside; it answers with an input `handler.settled` for the request. */
  run(handler: number, request: number, routed: Routed<T['message']>): void
  tell(event: SupervisorEvent): void
}

export interface Handlers {
  add(handler: number, type: string, deadlineMs: number): void
  remove(handler: number): void
  /** Messages that handlers hold now. */
  readonly pending: number
  stop(): void
}

export function createHandlers<T extends ProtocolTypes>(options: HandlersOptions<T>): Handlers {
  const { loop, router } = options
  const registered = new Map<number, () => void>()
  const pending = new Map<number, () => void>()

  const hold = (
    handler: number,
    type: string,
    deadlineMs: number,
    routed: Routed<T['message']>,
    settle: Settle,
  ): void => {
    const settleAs = (why: 'rejected' | 'deadline' | undefined): void => {
      loop.cancel(timer)
      loop.forget(request)
      pending.delete(request)
      settle()
      if (why !== undefined) options.tell({ type: 'handler.failed', message: type, why })
    }
    const request = loop.ask((answer) => {
      settleAs(
        answer.kind === 'handler.settled' && answer.outcome === 'done' ? undefined : 'rejected',
      )
    })
    const timer = loop.after(deadlineMs, () => {
      settleAs('deadline')
    })
    pending.set(request, () => {
      settleAs(undefined)
    })
    options.run(handler, request, routed)
  }

  return {
    add(handler, type, deadlineMs) {
      const remove = router.handle(type, (routed, settle) => {
        hold(handler, type, deadlineMs, routed, settle)
      })
      registered.set(handler, remove)
    },
    remove(handler) {
      registered.get(handler)?.()
      registered.delete(handler)
    },
    get pending() {
      return pending.size
    },
    stop() {
      for (const remove of registered.values()) remove()
      registered.clear()
      for (const settle of [...pending.values()]) settle()
    },
  }
}
