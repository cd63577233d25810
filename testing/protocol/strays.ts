/**
 * A case that leaves an error behind which nobody handles fails, wherever the error came up.
 * @module
 */
import type { ContractCase } from '../suite.ts'

/** After its own tick a rejection that nobody handles is told. */
const nextTick = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

export const withoutStrays = ({ run, ...rest }: ContractCase): ContractCase => ({
  ...rest,
  async run() {
    const strays: unknown[] = []
    const note = (error: unknown): void => {
      strays.push(error)
    }
    process.on('unhandledRejection', note)
    process.on('uncaughtExceptionMonitor', note)
    try {
      const figure = await run()
      await nextTick()
      if (strays.length > 0) throw new Error('an error was left unhandled', { cause: strays[0] })
      return figure
    } finally {
      process.off('unhandledRejection', note)
      process.off('uncaughtExceptionMonitor', note)
    }
  },
})
