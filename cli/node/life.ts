/**
 * The life of a node that a command runs: until a condition is true, the time is up, a signal comes, it
 * fails, or nobody reads its output any more. Each way but a second signal gives everything back first.
 * @module
 */
import { PeerloomError } from '../../index.ts'
import type { ProtocolTypes, Supervisor, SupervisorEvent } from '../../index.ts'
import { CommandFault } from '../command-fault.ts'
import { whenOutputIsGone } from '../standard-output.ts'
import type { Ending, Report, Started } from './report.ts'
import type { Condition } from './until.ts'

export interface LifeOptions {
  readonly supervisor: Pick<
    Supervisor<ProtocolTypes>,
    'audit' | 'connect' | 'connections' | 'events' | 'start' | 'stop'
  >
  readonly report: Report
  /** Dialled from the start. */
  readonly connect: readonly string[]
  readonly condition: Condition | undefined
  readonly timeoutMs: number | undefined
  /** Whether a start that failed is told event by event. */
  readonly tellsFailedStart: boolean
  describe(listening: Started['listening']): Started
}

/** Conditions of a network may become true without an event: they are looked at so often. */
const LOOK_MS = 250
/** 128 and the signal's number, as shells say it. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

const TOLD_BY_EVENTS: ReadonlySet<string> = new Set(['refused', 'stopped', 'timed-out'])

function exitCodeOf(ending: Ending, condition: Condition | undefined): number {
  switch (ending.by) {
    case 'condition':
    case 'output':
      return 0
    case 'timeout':
      return condition === undefined ? 0 : 3
    case 'signal':
      // What was waited for did not come about: whoever asked has to see that.
      return condition === undefined ? 0 : SIGNAL_EXIT_CODES[ending.signal]
    case 'failure':
      return 1
  }
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isLate = error instanceof PeerloomError && error.code === 'timed-out'
  return isLate ? `waited in vain for ${error.message}` : error.message
}

/** The exit code. @throws {CommandFault} the node failed */
export async function live(options: LifeOptions): Promise<number> {
  const { condition, report, supervisor } = options
  let ending: Ending | undefined
  let settle: (ending: Ending) => void
  const over = new Promise<Ending>((resolve) => (settle = resolve))
  const end = (how: Ending): void => {
    if (ending !== undefined) return
    ending = how
    settle(how)
  }

  /** A subscriber that throws is passed over by the node; whatever is wrong here is our own fault. */
  const guarded = (run: () => void): void => {
    try {
      run()
    } catch (error) {
      end({ by: 'failure', sentence: sentenceOf(error) })
    }
  }
  const look = (): void => {
    if (ending === undefined && condition?.holds(supervisor) === true) end({ by: 'condition' })
  }

  /** What is told before the node listens; it stands behind the line that says so. */
  let early: SupervisorEvent[] | undefined = []
  const tellEarly = (): void => {
    const told = early ?? []
    early = undefined
    for (const event of told) report.event(event)
  }
  const hear = (event: SupervisorEvent): void => {
    if (event.type === 'node.started') {
      report.started(options.describe(event.listening))
      tellEarly()
    } else if (early === undefined) report.event(event)
    else early.push(event)
    if (event.type === 'node.failed') end({ by: 'failure', sentence: event.message })
    look()
  }
  supervisor.events.subscribe((event) => {
    guarded(() => {
      hear(event)
    })
  })

  let signals = 0
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    signals++
    if (signals > 1) process.exit(SIGNAL_EXIT_CODES[signal])
    end({ by: 'signal', signal })
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  whenOutputIsGone(() => {
    end({ by: 'output' })
  })
  const timeout =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          end({ by: 'timeout' })
        }, options.timeoutMs)
  const looking = condition === undefined ? undefined : setInterval(guarded, LOOK_MS, look)

  try {
    supervisor.start().then(
      () => {
        for (const address of options.connect) {
          supervisor.connect(address).catch((error: unknown) => {
            // It is dialled for as long as the node runs; whether it comes up is told by events.
            if (error instanceof PeerloomError && TOLD_BY_EVENTS.has(error.code)) return
            end({ by: 'failure', sentence: sentenceOf(error) })
          })
        }
      },
      (error: unknown) => {
        end({ by: 'failure', sentence: sentenceOf(error) })
      },
    )
    const how = await over
    if (early === undefined) report.stopping(how)
    await supervisor.stop()
    const exitCode = exitCodeOf(how, condition)
    if (early === undefined || options.tellsFailedStart) {
      tellEarly()
      report.ended(how, exitCode)
    }
    if (how.by === 'failure') throw new CommandFault(1, how.sentence)
    return exitCode
  } finally {
    clearTimeout(timeout)
    clearInterval(looking)
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}
