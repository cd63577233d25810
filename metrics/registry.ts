/**
 * The metrics of one or several nodes in a registry of their own. A scrape reads what the nodes have
 * counted anyway; between scrapes nothing is done.
 * @module
 */
import { Counter, Gauge, Registry } from 'prom-client'
import { PeerloomError } from '../index.ts'
import { FAMILIES } from './families.ts'
import type { Family, Reading } from './families.ts'
import { createHistograms } from './histograms.ts'
import { collectProcessMetrics } from './process-metrics.ts'
import type { Metered } from './subject.ts'
import { createTypeCounts } from './type-counts.ts'

export interface MetricsOptions {
  /** The process's own: processor time, memory, event loop, collections. Default: no. */
  readonly includesProcess?: boolean
  /** A part of the metrics threw, and goes on without. Default: a warning of the process. */
  onFault?(error: unknown): void
}

export interface Metrics {
  /** prom-client's; metrics of the application's own may go into it. */
  readonly registry: Registry
  /** Of `text`, for the header of an answer. */
  readonly contentType: string
  /** In Prometheus's text format. */
  text(): Promise<string>
  /** Takes it off the nodes and the process. What was counted can still be read. */
  close(): void
}

/** @throws {PeerloomError} `bad-argument`: two nodes of one name */
export function collectMetrics(
  given: Metered | readonly Metered[],
  { includesProcess = false, onFault = warn }: MetricsOptions = {},
): Metrics {
  const nodes = isList(given) ? given : [given]
  const names = new Set(nodes.map(({ actor }) => actor.id))
  if (names.size < nodes.length) {
    throw new PeerloomError(
      'bad-argument',
      'nodes that are measured together have names of their own',
    )
  }
  const registry = new Registry()
  const watched = nodes.map((node) => ({ node, types: createTypeCounts(node.port, onFault) }))
  const histograms = createHistograms(registry)
  const unwatch = nodes.map((node) => histograms.watch(node, onFault))

  const read = (): readonly Reading[] =>
    watched.map(({ node, types }) => ({
      ...node.counts(),
      audit: node.audit(),
      state: node.state,
      isPaused: node.isPaused,
      types: types.read(),
    }))

  /** All metrics of one scrape are collected in one turn: they are read once. */
  let readings: readonly Reading[] | undefined
  const readOnce = (): readonly Reading[] => {
    if (readings === undefined) {
      readings = read()
      queueMicrotask(() => {
        readings = undefined
      })
    }
    return readings
  }

  for (const family of FAMILIES) register(registry, family, readOnce)
  const endProcess = includesProcess ? collectProcessMetrics(registry) : undefined

  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    close() {
      for (const leave of unwatch) leave()
      for (const { types } of watched) types.stop()
      endProcess?.()
    },
  }
}

const isList = (given: Metered | readonly Metered[]): given is readonly Metered[] =>
  Array.isArray(given)

/** Where nobody else hears of it. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}

function register(
  registry: Registry,
  { help, kind, labels, name, read }: Family,
  readings: () => readonly Reading[],
): void {
  const shape = { name, help, labelNames: ['node', ...labels], registers: [registry] }
  /** The values of last time are forgotten: what is set are whole counts, not what was added. */
  const fill = (set: (labels: Readonly<Record<string, string>>, value: number) => void): void => {
    for (const reading of readings()) {
      for (const sample of read(reading))
        set({ node: reading.node, ...sample.labels }, sample.value)
    }
  }
  if (kind === 'gauge') {
    const metric: Gauge = new Gauge({
      ...shape,
      collect() {
        metric.reset()
        fill((labelled, value) => {
          metric.set(labelled, value)
        })
      },
    })
    return
  }
  const metric: Counter = new Counter({
    ...shape,
    collect() {
      metric.reset()
      fill((labelled, value) => {
        metric.inc(labelled, value)
      })
    },
  })
}
