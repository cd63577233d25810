/**
 * Registers contract suites with vitest: the only file here that knows the runner.
 * @module
 */
import { describe, test } from 'vitest'
import type { ContractCase } from './suite.ts'

/** @param name what is tested; the titles go on from it. */
export function registerContract(name: string, cases: readonly ContractCase[]): void {
  describe(name, () => {
    for (const { title, run } of cases) {
      test(title, async () => {
        const figure = await run()
        if (figure !== undefined) console.info(`${name}: ${title}: ${figure}`)
      })
    }
  })
}
