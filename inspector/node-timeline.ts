/**
 * The journal of a node as a timeline: a step is one input and all that came of it.
 * @module
 */
import { decodeNodeJournal } from '../journal/node-journal.ts'
import type { NodeEntry, OutcomeLine } from '../journal/node-entries.ts'
import { nodeForkTest, unforkableJournal } from '../journal/fork-to-test.ts'
import { inputWords } from './recorded-input.ts'
import { clipped, createTimeline, isChartName, numberOf, textOf } from './timeline.ts'
import type { Happened, Timeline } from './timeline.ts'

function happenedIn(line: OutcomeLine): Happened | undefined {
  const [what, first, second, third, fourth] = line
  switch (what) {
    case 'state':
      return isChartName(second)
        ? {
            ...{ what, of: textOf(first), chart: second },
            ...{ event: textOf(third), state: textOf(fourth) },
          }
        : undefined
    case 'received':
    case 'sent':
      return {
        ...{ what: 'message', connection: textOf(first), direction: what, type: textOf(second) },
        ...{ count: numberOf(third), bytes: numberOf(fourth) },
      }
    case 'refused':
      return {
        ...{ what: 'message', connection: textOf(first), direction: 'received', count: 1 },
        ...{ type: clipped(`refused: ${textOf(second)}`), bytes: numberOf(third) },
      }
    default:
      return undefined
  }
}

const STARTED = /^connection=(.+)$/

/** Which stream is whose, where a step says it of exactly one. */
function streamNames(entries: readonly NodeEntry[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const { input, outcome } of entries) {
    const started = outcome.flatMap((line) => {
      if (line[0] !== 'event' || line[1] !== 'connection.started') return []
      const name = line.map((field) => STARTED.exec(String(field))?.[1]).find(Boolean)
      return name === undefined ? [] : [name]
    })
    const opened = outcome.flatMap(([what, stream]) =>
      what === 'stream.open' && typeof stream === 'number' ? [stream] : [],
    )
    if (input.kind === 'listener.accepted') opened.push(input.stream)
    const [name, ...others] = started
    const [stream, ...more] = opened
    if (name === undefined || stream === undefined || others.length + more.length > 0) continue
    names.set(stream, name)
  }
  return names
}

/** @throws {JournalError} as `decodeNodeJournal` */
export function nodeTimeline(bytes: Uint8Array): Timeline {
  const { entries, header, incomplete, secrets } = decodeNodeJournal(bytes)
  const isRedacted = secrets === undefined
  const names = streamNames(entries)
  const entryAt = (step: number): NodeEntry => {
    const entry = entries[step]
    if (entry === undefined) throw new RangeError(`there is no step ${String(step)}`)
    return entry
  }
  return createTimeline({
    ...{ of: 'node', name: clipped(header.name), protocol: clipped(header.protocol) },
    ...{ steps: entries.length, incomplete },
    unforkable: unforkableJournal({ protocol: header.protocol, isRedacted }),
    atMs: (step) => entryAt(step).wallMs,
    input: (step) => inputWords(entryAt(step).input, (stream) => names.get(stream)),
    *happened(step) {
      for (const line of entryAt(step).outcome) {
        const one = happenedIn(line)
        if (one !== undefined) yield one
      }
    },
    fork: (step, { journal }) => nodeForkTest({ header, entries, step, file: journal, isRedacted }),
  })
}
