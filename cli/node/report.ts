/**
 * How a running node is shown: lines of JSON for a program, lines of text for a file, and on a
 * terminal a table that lives.
 * @module
 */
import type { ConnectionDescription } from '../../actors/protocol-tools.ts'
import type { ConnectionInfo, SupervisorEvent } from '../../index.ts'
import type { Describe } from '../description.ts'
import { jsonLine } from '../json.ts'
import type { Inspected } from './inspected.ts'
import type { Proxies } from './proxy.ts'
import { endingSentence, sentenceOf, startedSentences } from './sentences.ts'
import { startScreen } from './screen.ts'

export interface Started extends Proxies {
  readonly pid: number
  /** The node's identity, where its network has such. */
  readonly id: string | undefined
  readonly network: string
  readonly listening: readonly { readonly host: string; readonly port: number }[]
  /** How others dial it. */
  readonly addresses: readonly string[]
  /** Where metrics are served; left out: nowhere. */
  readonly metrics?: string | undefined
  /** Where it can be looked at; undefined: nobody asked for that. */
  readonly inspected?: Inspected | undefined
}

/** Why the command ends. */
export type Ending =
  | { readonly by: 'condition' }
  | { readonly by: 'timeout' }
  | { readonly by: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' }
  /** Nobody reads what we print. */
  | { readonly by: 'output' }
  | { readonly by: 'failure'; readonly sentence: string }

export interface Report {
  started(started: Started): void
  /** None comes before `started`, but of a node that did not start. */
  event(event: SupervisorEvent): void
  /** It is about to be stopped, which takes a moment. */
  stopping(ending: Ending): void
  /** The node is over. */
  ended(ending: Ending, exitCode: number): void
}

/** What the report may look at. */
export interface Watched {
  connections(): readonly ConnectionInfo[]
  nowMs(): number
  /** What the network has to say of a connection. */
  readonly describe: Describe
  /** What is waited for, in words. */
  readonly waitsFor: string
}

export function createReport(json: boolean, print: (line: string) => void, on: Watched): Report {
  if (json) return jsonReport(print, on)
  return process.stdout.isTTY ? startScreen(process.stdout, on) : plainReport(print)
}

function jsonReport(
  print: (line: string) => void,
  { connections, describe }: Pick<Watched, 'connections' | 'describe'>,
): Report {
  const now = (): string => new Date().toISOString()
  const describedFields = (event: SupervisorEvent): ConnectionDescription['fields'] => {
    if (event.type !== 'connection.active') return {}
    const info = connections().find(({ name }) => name === event.connection)
    return info === undefined ? {} : describe(info).fields
  }
  return {
    started({ inspected, ...started }) {
      const { addresses, id = null, listening, metrics, network, onionProxy, pid, proxy } = started
      const line = { event: 'started', pid, id, network, listening, addresses, proxy, onionProxy }
      print(jsonLine({ ...line, metrics, time: now() }))
      if (inspected !== undefined) {
        print(jsonLine({ event: 'inspector', ...inspected, time: now() }))
      }
    },
    event(event) {
      const { type, ...fields } = event
      const line = { event: type, ...fields }
      print(jsonLine({ ...line, ...describedFields(event), ...line, time: now() }))
    },
    stopping({ by }) {
      print(jsonLine({ event: 'stopping', by, time: now() }))
    },
    ended({ by }, exitCode) {
      print(jsonLine({ event: 'ended', by, exitCode, time: now() }))
    },
  }
}

function plainReport(print: (line: string) => void): Report {
  return {
    started(started) {
      for (const sentence of startedSentences(started)) print(sentence)
    },
    event(event) {
      print(sentenceOf(event))
    },
    stopping(ending) {
      print(endingSentence(ending))
    },
    ended() {
      // `node.stopped` was the last to say.
    },
  }
}
