/**
 * The journal of one connection as a timeline: a step is one of the node's, with all that was called in it.
 * @module
 */
import type { ConnectionEntry } from '../journal/connection-entries.ts'
import { decodeConnectionJournal } from '../journal/connection-journal.ts'
import { connectionForkTest, unforkableJournal } from '../journal/fork-to-test.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { inputWords } from './recorded-input.ts'
import { clipped, createTimeline, isChartName, numberOf, textOf } from './timeline.ts'
import type { Happened, Timeline } from './timeline.ts'

type Entry = ConnectionEntry<ProtocolTypes>

function happenedIn(entry: Entry, connection: string): Happened | undefined {
  if (entry.of !== 'did') return undefined
  const { deed } = entry
  switch (deed.kind) {
    case 'transition':
      return isChartName(deed.chart)
        ? {
            ...{ what: 'state', of: connection, chart: deed.chart },
            ...{ event: textOf(deed.event), state: textOf(deed.state) },
          }
        : undefined
    case 'message':
      return {
        ...{ what: 'message', connection, count: 1, bytes: numberOf(deed.bytesOnWire) },
        direction: deed.direction === 'sent' ? 'sent' : 'received',
        type: textOf(deed.type),
      }
    case 'refused':
      return {
        ...{ what: 'message', connection, count: 1, bytes: numberOf(deed.bytesOnWire) },
        ...{ direction: 'received', type: clipped(`refused: ${textOf(deed.detail)}`) },
      }
    default:
      return undefined
  }
}

function callWords(entry: Entry): readonly string[] {
  if (entry.of !== 'in') return []
  const { call } = entry
  const isStream = call.kind === 'stream' && typeof call.input === 'object'
  return [inputWords(isStream ? call.input : call)]
}

/** Where each step begins, and behind the last one the end. */
function beginnings(entries: readonly Entry[]): readonly number[] {
  const places = entries.flatMap(({ of }, place) => (of === 'step' ? [place] : []))
  return [...places, entries.length]
}

/** @throws {JournalError} as `decodeConnectionJournal` */
export function connectionTimeline(bytes: Uint8Array): Timeline {
  const { incomplete, recording } = decodeConnectionJournal<ProtocolTypes>(bytes)
  const { entries, header, secrets } = recording
  const places = beginnings(entries)
  const forked = { protocol: header.protocol, isRedacted: secrets === undefined }
  const name = clipped(header.options.name)
  const entriesAt = (step: number): readonly Entry[] =>
    entries.slice(places[step], places[step + 1])
  return createTimeline({
    ...{ of: 'connection', name, protocol: clipped(header.protocol) },
    ...{ steps: places.length - 1, incomplete },
    unforkable: unforkableJournal(forked),
    atMs(step) {
      const [first] = entriesAt(step)
      return first?.of === 'step' ? numberOf(first.wallMs) : 0
    },
    input(step) {
      const [first = 'nothing', ...more] = entriesAt(step).flatMap(callWords)
      return more.length === 0 ? first : `${first}, and ${String(more.length)} calls more`
    },
    *happened(step) {
      for (const entry of entriesAt(step)) {
        const one = happenedIn(entry, name)
        if (one !== undefined) yield one
      }
    },
    fork: (step, { journal }) =>
      connectionForkTest({
        ...{ ...forked, name: header.options.name, step, steps: places.length - 1 },
        file: journal,
      }),
  })
}
