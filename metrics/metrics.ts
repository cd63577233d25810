/**
 * Metrics of nodes for Prometheus, with health and readiness: `serveMetrics` in one line, or
 * `collectMetrics` for an application that has an HTTP server of its own.
 * @module
 */
export { serveMetrics } from './server.ts'
export type { MetricsServer, MetricsServerOptions } from './server.ts'
export { collectMetrics } from './registry.ts'
export type { Metrics, MetricsOptions } from './registry.ts'
export { healthOf, readinessOf } from './health.ts'
export type { HealthAnswer } from './health.ts'
export type { Metered } from './subject.ts'
