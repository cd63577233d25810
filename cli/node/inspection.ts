/**
 * The page of a node that a command runs. A node whose page cannot be served runs without it, and says
 * why.
 * @module
 */
import { startInspector } from '../../inspector/inspector.ts'
import type { InspectorOptions } from '../../inspector/inspector.ts'
import type { ProtocolTypes } from '../../index.ts'
import type { Inspected } from './inspected.ts'

export interface Inspection {
  readonly inspected: Inspected
  close(): Promise<void>
}

function sentenceOf(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const what = `the node runs without a page: the port ${String(port)} of 127.0.0.1`
  if (code === 'EADDRINUSE') return `${what} is taken`
  if (code === 'EACCES') return `${what} may not be used`
  const why = error instanceof Error ? error.message : String(error)
  return `the node runs without a page: ${why}`
}

export async function openInspection<T extends ProtocolTypes>(
  options: InspectorOptions<T> & { readonly port: number },
): Promise<Inspection> {
  try {
    const { close, statelyUrl, url } = await startInspector(options)
    return { inspected: { url, statelyUrl }, close }
  } catch (error) {
    return { inspected: { fault: sentenceOf(error, options.port) }, close: () => Promise.resolve() }
  }
}
