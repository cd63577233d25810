/**
 * Processor time of this process's JavaScript alone: of its main thread, without collections. What the
 * platform's own threads do beside it, and when a heap is collected, differs from second to second by more
 * than what is to be measured.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'

/** Linux's account of a process's main thread; its first number is nanoseconds on a processor. */
const ACCOUNT = '/proc/self/schedstat'
const NANOSECONDS = 1e3
const MICROSECONDS = 1e3

/** Microseconds, from an unknown start. Where the platform has no account of threads, of all of them. */
export function watchThreadTime(): () => Promise<number> {
  let collectedMicros = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collectedMicros += duration * MICROSECONDS
  }).observe({ entryTypes: ['gc'] })

  const threadMicros = (): number => {
    if (existsSync(ACCOUNT))
      return Number(readFileSync(ACCOUNT, 'utf8').split(' ')[0]) / NANOSECONDS
    const { system, user } = process.cpuUsage()
    return system + user
  }
  return async () => {
    // What was collected is told in a turn of its own.
    await setImmediate()
    return threadMicros() - collectedMicros
  }
}
