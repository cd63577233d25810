/**
 * The page of a node that a command runs. A node whose page cannot be served runs without it, and says
 * why.
 * @module
 */
import { startInspector } from '../../inspector/inspector.ts'
import type { InspectorOptions } from '../../inspector/inspector.ts'
import type { ProtocolTypes } from '../../index.ts'
import { faultSentence } from './inspected.ts'
import type { Inspected } from './inspected.ts'

export interface Inspection {
  readonly inspected: Inspected
  close(): Promise<void>
}

export async function openInspection<T extends ProtocolTypes>(
  options: InspectorOptions<T> & { readonly port: number },
): Promise<Inspection> {
  try {
    const { close, statelyUrl, url } = await startInspector(options)
    return { inspected: { url, statelyUrl }, close }
  } catch (error) {
    return {
      inspected: { fault: faultSentence(error, options.port) },
      close: () => Promise.resolve(),
    }
  }
}
