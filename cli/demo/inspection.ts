/**
 * The demo's page: all nodes on one, each in a process of its own. One that is killed is seen gone, and
 * seen again when it is back.
 * @module
 */
import { manyNodes } from '../../inspector/many-nodes.ts'
import { nodeCharts } from '../../inspector/node-charts.ts'
import { remoteSource } from '../../inspector/remote-source.ts'
import type { FromSource, ToSource } from '../../inspector/remote-source.ts'
import { startInspectorServer } from '../../inspector/server.ts'
import { native, tools } from '../../protocols/native.ts'
import { drawKey } from '../key-file.ts'

export interface DemoInspection {
  readonly url: string
  /** A node's process is up; returns what takes what its source tells. */
  started(node: string, send: (message: ToSource) => void): (message: FromSource) => void
  /** Its process is gone. */
  gone(node: string): void
  close(): Promise<void>
}

/** @throws {Error} the port is taken */
export async function startDemoInspection(port: number): Promise<DemoInspection> {
  const nodes = manyNodes()
  const names = new Set<string>()
  // Charts are the same in every node of the network, whoever it is.
  const privateKey = drawKey((key) => tools.isPrivateKey?.(key) === true)
  const charts = nodeCharts(native({ network: 'charts', privateKey }))
  const { close, url } = await startInspectorServer({
    ...{ source: nodes, port },
    routes: {
      chart(node, name) {
        const chart = names.has(node) ? charts(name) : undefined
        return chart === undefined ? undefined : { chart }
      },
    },
  })
  return {
    url,
    started(node, send) {
      names.add(node)
      const source = remoteSource(send)
      nodes.add(node, source)
      return source.take
    },
    gone: nodes.remove,
    close,
  }
}
