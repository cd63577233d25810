/**
 * How late the platform's event loop is: its own measure, read and begun anew.
 * @module
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { LoopDelay } from './series.ts'

/** Node's timer for it rings so often; what is shorter is not seen. */
const RESOLUTION_MS = 20
const NANOSECONDS = 1e6

export interface LoopDelayWatch {
  readonly read: LoopDelay
  stop(): void
}

export function watchLoopDelay(): LoopDelayWatch {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  const late = (ns: number): number =>
    Math.max(0, Math.round((ns / NANOSECONDS - RESOLUTION_MS) * 10) / 10)
  return {
    read() {
      if (histogram.count === 0) return undefined
      const delay = { median: late(histogram.percentile(50)), max: late(histogram.max) }
      histogram.reset()
      return delay
    },
    stop() {
      histogram.disable()
    },
  }
}
