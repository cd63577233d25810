/**
 * What vitest is given: contract suites as its tests, and matchers for nodes and connections. The only
 * file here that knows the runner.
 * @module
 */
import { describe, expect, test } from 'vitest'
import type { ExpectedEnd } from './flow/step.ts'
import { closesWith, reachesState } from './matchers.ts'
import type { MatcherOptions, MatcherSubject, ReachableState } from './matchers.ts'
import { CASE_MS } from './suite.ts'
import type { ContractCase } from './suite.ts'

export type { MatcherOptions, MatcherSubject, ReachableState } from './matchers.ts'

/** @param name what is tested; the titles go on from it. */
export function registerContract(name: string, cases: readonly ContractCase[]): void {
  describe(name, () => {
    for (const { run, timeoutMs = CASE_MS, title } of cases) {
      // The runner's own limit of five seconds is for tests of one thing.
      test(title, { timeout: timeoutMs }, async () => {
        const figure = await run()
        if (figure !== undefined) console.info(`${name}: ${title}: ${figure}`)
      })
    }
  })
}

declare module 'vitest' {
  // The runner's own parameter: what `expect` was given. A promise of the matcher has to be awaited.
  interface Matchers<T> {
    /**
     * A supervisor, a node of a pair, what `connections()` or `explain()` gave: it is in that state, was
     * in it as far as that is kept, or comes to it in time.
     */
    toReachState(this: Matchers<T>, state: ReachableState, options?: MatcherOptions): Promise<void>
    /** One of its connections, or this one, ended so or does in time: a detail, a reason, or more. */
    toCloseWith(this: Matchers<T>, how: ExpectedEnd, options?: MatcherOptions): Promise<void>
  }
}

expect.extend({
  toReachState: (subject: MatcherSubject, state: ReachableState, options?: MatcherOptions) =>
    reachesState(subject, state, options),
  toCloseWith: (subject: MatcherSubject, how: ExpectedEnd, options?: MatcherOptions) =>
    closesWith(subject, how, options),
})
