/**
 * `--metrics`: where they are served, and what is said when that cannot be. The node runs either way.
 * @module
 */
import { canonicalHost } from '../../codec/host.ts'
import { PeerloomError } from '../../index.ts'
import type { Metered, MetricsServer } from '../../metrics/metrics.ts'
import { CommandFault } from '../command-fault.ts'
import { jsonLine } from '../json.ts'
import type { Report } from './report.ts'

export interface MetricsPlace {
  readonly host: string
  readonly port: number
}

const FORM = /^(?:(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<v4>[0-9.]+)):)?(?<port>\d{1,5})$/

/** @throws {CommandFault} it is no such place */
export function parseMetricsPlace(text: string): MetricsPlace {
  const groups = FORM.exec(text)?.groups
  const port = Number(groups?.['port'])
  const host = groups?.['v6'] ?? groups?.['v4'] ?? '127.0.0.1'
  if (!(port <= 65_535) || canonicalHost(host) === undefined) {
    throw new CommandFault(
      2,
      `--metrics ${text}: it is an IP address and a port, such as 127.0.0.1:9464 or [::1]:9464, or a port`,
    )
  }
  return { host, port }
}

/** What a person or a program has to know of it: that it is not served, or to whom. */
export interface MetricsNote {
  readonly event: 'metrics.failed' | 'metrics.open'
  readonly message: string
}

export interface NodeMetrics {
  /** Undefined: they are not served. */
  readonly url: string | undefined
  readonly note: MetricsNote | undefined
  close(): Promise<void>
}

const NONE: NodeMetrics = { url: undefined, note: undefined, close: () => Promise.resolve() }

const noteOf = ({ isOpen, url }: MetricsServer): MetricsNote | undefined =>
  isOpen
    ? {
        event: 'metrics.open',
        message: `metrics are served on ${url} to whoever reaches it, without password or encryption`,
      }
    : undefined

export async function startMetrics(
  supervisor: Metered,
  place: MetricsPlace | undefined,
): Promise<NodeMetrics> {
  if (place === undefined) return NONE
  // Loaded where it is asked for: nobody else waits for it.
  const { serveMetrics } = await import('../../metrics/metrics.ts')
  try {
    const server = await serveMetrics(supervisor, { ...place, includesProcess: true })
    return { url: server.url, note: noteOf(server), close: server.close }
  } catch (error) {
    if (!(error instanceof PeerloomError)) throw error
    const message = `${error.message}; the node goes on without metrics`
    return { ...NONE, note: { event: 'metrics.failed', message } }
  }
}

/** At once on standard error, but as a line of JSON behind the one that says that the node has started. */
export function withNote(
  report: Report,
  note: MetricsNote | undefined,
  json: boolean,
  print: (line: string) => void,
): Report {
  if (note === undefined) return report
  if (!json) process.stderr.write(`${note.message}\n`)
  return {
    ...report,
    started(started) {
      report.started(started)
      if (json) print(jsonLine({ ...note, time: new Date().toISOString() }))
    },
  }
}
