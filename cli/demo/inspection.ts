/**
 * The demo's page: all nodes on one, each in a process of its own. One that is killed is seen gone, and
 * seen again when it is back.
 * @module
 */
import { manyNodes } from '../../inspector/many-nodes.ts'
import { nodeCharts } from '../../inspector/node-charts.ts'
import type { SendOrder } from '../../inspector/paced-orders.ts'
import { remoteSource } from '../../inspector/remote-source.ts'
import type { FromSource, RemoteSource } from '../../inspector/remote-source.ts'
import { startInspectorServer } from '../../inspector/server.ts'
import { createTimeTravel } from '../../inspector/time-travel.ts'
import { native, tools } from '../../protocols/native.ts'
import { drawKey } from '../key-file.ts'

export interface DemoInspection {
  readonly url: string
  /** A node's process is up; returns what takes what its source tells. */
  started(node: string, send: SendOrder): (message: FromSource) => void
  /** Its process is gone. */
  gone(node: string): void
  close(): Promise<void>
}

/** @throws {Error} the port is taken */
export async function startDemoInspection(port: number): Promise<DemoInspection> {
  const nodes = manyNodes()
  const sources = new Map<string, RemoteSource>()
  // Charts are the same in every node of the network, whoever it is.
  const privateKey = drawKey((key) => tools.isPrivateKey?.(key) === true)
  const manifest = native({ network: 'charts', privateKey })
  const charts = nodeCharts(manifest)
  const timeTravel = createTimeTravel({
    async flight(node, connection) {
      const flight = await sources.get(node)?.flight(connection)
      if (flight === undefined) return undefined
      const { base64: bytes, ...about } = flight
      return { bytes, ...about }
    },
    session: (network) => (network === manifest.name ? manifest.session : undefined),
  })
  const { close, url } = await startInspectorServer({
    ...{ source: nodes, port },
    routes: {
      chart(node, name) {
        const chart = sources.has(node) ? charts(name) : undefined
        return chart === undefined ? undefined : { chart }
      },
      journal: timeTravel.ask,
    },
  })
  return {
    url,
    started(node, send) {
      const source = remoteSource(send)
      sources.set(node, source)
      nodes.add(node, source)
      return source.take
    },
    gone: nodes.remove,
    async close() {
      await Promise.all([timeTravel.close(), close()])
    },
  }
}
