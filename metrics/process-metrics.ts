/**
 * The process's own metrics, as prom-client names them. They are counted here, since prom-client's never
 * end: its observers of collections and of the event loop are not taken off again, and what it reads when
 * somebody scrapes comes together with them alone.
 * @module
 */
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import type { PerformanceEntry } from 'node:perf_hooks'
import { Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import { collectProcessGauges } from './process-gauges.ts'

const RESOLUTION_MS = 10
const MS_PER_SECOND = 1_000
const NANOSECONDS_PER_SECOND = 1e9
/** Seconds. */
const COLLECTION_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5]

const COLLECTION_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

/** A collection as the platform tells of it. */
type Collection = PerformanceEntry & { readonly detail?: { readonly kind?: number } }

const kindOf = ({ detail }: Collection): string =>
  COLLECTION_KINDS.get(detail?.kind ?? -1) ?? 'unknown'

/** @returns ends it; what was counted stays */
function collectCollections(registry: Registry): () => void {
  const histogram = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labelNames: ['kind'],
    buckets: COLLECTION_BUCKETS,
    registers: [registry],
  })
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      histogram.observe({ kind: kindOf(entry) }, entry.duration / MS_PER_SECOND)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => {
    observer.disconnect()
  }
}

/** @returns ends it; what was measured last stays */
function collectLoopDelay(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let isOpen = true
  const gauge = (name: string, help: string, collect?: () => void): Gauge =>
    new Gauge({
      ...{ name: `nodejs_eventloop_lag_${name}seconds`, help, registers: [registry] },
      ...(collect === undefined ? {} : { collect }),
    })
  const lag = gauge('', 'Lag of event loop in seconds.', () => {
    if (!isOpen) return
    const before = process.hrtime.bigint()
    setImmediate(() => {
      lag.set(Number(process.hrtime.bigint() - before) / NANOSECONDS_PER_SECOND)
    })
    // Between two scrapes at once nothing is measured: what stood there stands.
    if (delay.count === 0) return
    for (const [of, nanoseconds] of figures) of.set(nanoseconds() / NANOSECONDS_PER_SECOND)
    delay.reset()
  })
  const figures: readonly (readonly [Gauge, () => number])[] = [
    [gauge('min_', 'The minimum recorded event loop delay.'), () => delay.min],
    [gauge('max_', 'The maximum recorded event loop delay.'), () => delay.max],
    [gauge('mean_', 'The mean of the recorded event loop delays.'), () => delay.mean],
    [
      gauge('stddev_', 'The standard deviation of the recorded event loop delays.'),
      () => delay.stddev,
    ],
    ...[50, 90, 99].map(
      (share) =>
        [
          gauge(
            `p${String(share)}_`,
            `The ${String(share)}th percentile of the recorded event loop delays.`,
          ),
          () => delay.percentile(share),
        ] as const,
    ),
  ]
  return () => {
    isOpen = false
    delay.disable()
  }
}

/** @returns ends it; what was counted can still be read */
export function collectProcessMetrics(registry: Registry): () => void {
  collectProcessGauges(registry)
  const ends = [collectLoopDelay(registry), collectCollections(registry)]
  return () => {
    for (const end of ends) end()
  }
}
