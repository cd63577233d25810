/**
 * Runs a command that a network brings: a node of it on TCP that listens nowhere and keeps nothing, until the command
 * ends it, somebody interrupts it, or nobody reads any more.
 * @module
 */
import type { ToolValues } from '../../actors/protocol-tools.ts'
import type { ToolCommand } from '../../actors/tool-command.ts'
import { createSupervisor } from '../../index.ts'
import { CommandFault } from '../command-fault.ts'
import { jsonLine } from '../json.ts'
import { parseProxy, throughProxies, wayThrough } from '../node/proxy.ts'
import { print, whenOutputIsGone } from '../standard-output.ts'
import { startCommandOn } from './command-node.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** 128 and the signal's number, as shells say it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
const GRACE_MS = 1_000

function asUsage<Value>(run: () => Value): Value {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new CommandFault(2, cause.message, { cause })
  }
}

/**
 * The exit code. @throws {CommandFault}
 * @param given the SOCKS5 proxy that all dials go through; undefined: none
 */
export async function runBrought(
  command: ToolCommand,
  values: ToolValues,
  given: string | undefined,
): Promise<number> {
  const proxy = given === undefined ? undefined : parseProxy(given)
  const proxies = { proxy, onionProxy: undefined }
  const protocol = asUsage(() => command.create(values, wayThrough(proxies)))
  const { connectMs } = protocol.deadlines
  const transport = throughProxies(proxies, connectMs)
  const supervisor = createSupervisor({ protocol, transport })
  const timers = new Set<NodeJS.Timeout>()
  let settle: () => void
  let fail: (error: unknown) => void
  const over = new Promise<void>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  let signals = 0
  let stop = (): void => undefined
  const onSignal = (signal: (typeof SIGNALS)[number]): void => {
    signals++
    if (signals > 1) process.exit(EXIT_CODES[signal])
    stop()
  }

  await supervisor.start()
  for (const signal of SIGNALS) process.on(signal, onSignal)
  whenOutputIsGone(() => {
    stop()
  })
  try {
    const run = asUsage(() =>
      startCommandOn(supervisor, command, values, {
        after(ms, action) {
          const timer = setTimeout(() => {
            timers.delete(timer)
            action()
          }, ms)
          timers.add(timer)
          return () => {
            clearTimeout(timer)
            timers.delete(timer)
          }
        },
        tell({ event, ...fields }) {
          print(jsonLine({ event, ...fields, time: new Date().toISOString() }))
        },
        end: () => {
          settle()
        },
        failed: (error) => {
          fail(error)
        },
      }),
    )
    stop = () => {
      run.stop()
    }
    await over
    return 0
  } finally {
    for (const timer of timers) clearTimeout(timer)
    for (const signal of SIGNALS) process.off(signal, onSignal)
    await supervisor.stop({ graceMs: GRACE_MS })
  }
}
