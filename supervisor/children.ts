/**
 * Sub-protocol actors under supervision, OTP's way: started left to right, stopped right to left,
 * restarted by their type, within an intensity; beyond it the fault goes up to the root.
 *
 * While a child is down its messages wait in a bounded inlet.
 * @module
 */
import type { ChildShown, ChildSpec, Routed } from '../actors/child.ts'
import type { Instruction } from '../actors/protocol.ts'
import { recordRestart } from '../machines/restart-policy.ts'
import type { RestartIntensity } from '../machines/restart-policy.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Timer } from '../world/timers.ts'
import type { ChildView } from './inside.ts'
import { lend } from './lending.ts'
import type { Lender } from './lending.ts'

/** A failed child is started again after so long: a step that fails at once does not spin. */
const RESTART_PAUSE_MS = 100

export interface ChildrenOptions<T extends ProtocolTypes> {
  readonly specs: readonly ChildSpec<T>[]
  readonly lender: Lender<T>
  readonly intensity: RestartIntensity
  readonly inletMessagesMax: number
  own(message: T['message']): T['message']
  /** Too many failures: the root's to decide. */
  escalate(child: string, error: unknown): void
}

export interface Children<T extends ProtocolTypes> {
  start(): void
  instruct(instruction: Instruction<T>): void
  stop(): void
  /** Stops one that runs and starts it again, which counts as a restart. */
  again(name: string): void
  views(): readonly ChildView[]
  /** Running now. */
  readonly count: number
}

interface Running {
  shown(): ChildShown
  stop(): void
}

export function createChildren<T extends ProtocolTypes>(options: ChildrenOptions<T>): Children<T> {
  const { lender } = options
  const { loop, router } = lender
  let stopped = false
  const children = options.specs.map((spec) => createChild(spec))

  function createChild(spec: ChildSpec<T>) {
    let restartTimes: readonly number[] = []
    let restarts = 0
    let kept = spec.keep()
    let running: Running | undefined
    let inlet: { readonly type: string; readonly routed: Routed<T['message']> }[] = []
    /** Where the feeds of the last incarnation stood: its messages wait for the next one. */
    let waitingFeeds: (() => void)[] = []
    let incarnation = 0
    /** While it is down and will be started again. */
    let pause: Timer | undefined

    const fail = (failed: number, error: unknown): void => {
      if (failed !== incarnation || stopped) return
      halt()
      lender.tell({ type: 'fault', where: `child ${spec.name}`, error })
      if (spec.restart === 'temporary') {
        dropWaiting()
        lender.tell({ type: 'child.ended', child: spec.name, failed: true })
        return
      }
      restart(error)
    }

    const end = (ended: number): void => {
      if (ended !== incarnation || stopped) return
      halt()
      lender.tell({ type: 'child.ended', child: spec.name, failed: false })
      if (spec.restart === 'permanent') restart(undefined)
      else dropWaiting()
    }

    const restart = (error: unknown): void => {
      const outcome = recordRestart(restartTimes, loop.step.monotonicMs, options.intensity)
      restartTimes = outcome.times
      const giveUp = (why: unknown): void => {
        dropWaiting()
        options.escalate(spec.name, why)
      }
      if (outcome.exceeded) {
        giveUp(error)
        return
      }
      restarts++
      try {
        if (outcome.fresh) kept = spec.keep()
      } catch (broken) {
        lender.tell({ type: 'fault', where: `child ${spec.name}`, error: broken })
        giveUp(broken)
        return
      }
      lender.tell({
        type: 'child.restarted',
        child: spec.name,
        restarts,
        fresh: outcome.fresh,
      })
      pause = loop.after(RESTART_PAUSE_MS, () => {
        pause = undefined
        begin()
      })
    }

    /** Of a child that is down. */
    const holdBack = (type: string): (() => void) =>
      router.feed(
        type,
        (routed) => {
          if (inlet.length >= options.inletMessagesMax) return 'restarting'
          const { peer, message } = routed
          inlet.push({ type, routed: { peer, message: options.own(message) } })
          return 'taken'
        },
        () => undefined,
      )

    const dropWaiting = (): void => {
      for (const unfeed of waitingFeeds) unfeed()
      waitingFeeds = []
      inlet = []
    }

    const halt = (): void => {
      const halted = running
      running = undefined
      incarnation++
      try {
        halted?.stop()
      } catch (error) {
        lender.tell({ type: 'fault', where: `child ${spec.name}`, error })
      }
    }

    const begin = (): void => {
      const mine = incarnation
      const guarded = (run: () => void): void => {
        if (mine !== incarnation) return
        try {
          run()
        } catch (error) {
          fail(mine, error)
        }
      }
      const { feeds, shown, takeBack, tools } = lend(lender, {
        child: spec.name,
        uses: spec.uses ?? [],
        name: `${spec.name}.${String(incarnation)}`,
        guarded,
        onFault(error) {
          fail(mine, error)
        },
        done() {
          end(mine)
        },
      })

      let stopLogic: () => void = () => undefined
      running = {
        shown,
        stop() {
          takeBack()
          // What still comes waits for the next incarnation.
          if (!stopped) waitingFeeds = [...feeds.keys()].map(holdBack)
          stopLogic()
        },
      }
      const waited = inlet
      dropWaiting()
      guarded(() => {
        const stop = spec.start(tools, kept)
        // It may have ended while it started: nobody else will stop what it began.
        if (mine === incarnation) stopLogic = stop
        else stop()
      })
      while (mine === incarnation) {
        const next = waited.shift()
        if (next === undefined) return
        guarded(() => feeds.get(next.type)?.(next.routed))
      }
      // It failed over one of them: the rest is for the next incarnation, if there is to be one.
      if (waitingFeeds.length > 0) inlet = [...waited, ...inlet]
    }

    return {
      begin,
      instruct(instruction: Instruction<T>) {
        try {
          spec.instruct?.(instruction, kept)
        } catch (error) {
          if (running !== undefined) fail(incarnation, error)
          else lender.tell({ type: 'fault', where: `child ${spec.name}`, error })
        }
      },
      halt() {
        if (pause !== undefined) loop.cancel(pause)
        halt()
        dropWaiting()
      },
      isRunning: () => running !== undefined,
      name: spec.name,
      again() {
        if (running === undefined) return
        halt()
        restart(new Error('it was asked to start again'))
      },
      view: (): ChildView => ({
        name: spec.name,
        restart: spec.restart,
        state: running !== undefined ? 'running' : pause !== undefined ? 'down' : 'ended',
        restarts,
        shown: () => running?.shown() ?? {},
      }),
    }
  }

  return {
    start() {
      for (const child of children) child.begin()
    },
    instruct(instruction) {
      for (const child of children) child.instruct(instruction)
    },
    stop() {
      stopped = true
      for (const child of children.toReversed()) child.halt()
    },
    again(name) {
      for (const child of children) if (child.name === name) child.again()
    },
    views: () => children.map((child) => child.view()),
    get count() {
      return children.filter((child) => child.isRunning()).length
    },
  }
}
