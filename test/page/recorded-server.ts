/**
 * The inspector's own server with a source that is no node's.
 */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ActionAnswer, JournalAnswer, Refusal } from '../../inspector/messages.ts'
import { startInspectorServer } from '../../inspector/server.ts'
import type { InspectorServer } from '../../inspector/server.ts'
import { CHARTS, recordedSourceOf } from './recorded.ts'

/** As `npm run build` made it. */
export const PAGE_FOLDER = join(import.meta.dirname, '../../dist/inspector/page')

export interface Recorded {
  /** What is given comes from the page. */
  readonly actions?: (given: unknown) => ActionAnswer
  /** Whether the node answers now, or what it refuses. Left out: it does. */
  readonly answers?: () => boolean | Refusal
  readonly journals?: (given: unknown) => JournalAnswer | Promise<JournalAnswer>
}

export async function startRecordedServer(recorded: Recorded = {}): Promise<InspectorServer> {
  const { actions, answers = () => true, journals } = recorded
  const server = await startInspectorServer({
    source: recordedSourceOf(answers),
    routes: {
      chart(_, name) {
        const chart = CHARTS[name]
        return chart === undefined ? undefined : { chart }
      },
      act: actions === undefined ? undefined : (given) => Promise.resolve(actions(given)),
      journal: journals === undefined ? undefined : (given) => Promise.resolve(journals(given)),
    },
    recordDir: journals === undefined ? undefined : '/journals',
    pageFolder: PAGE_FOLDER,
  })
  onTestFinished(server.close)
  return server
}
