/**
 * Time travel, as a page asks for it: recordings that are opened, looked at step by step, and left behind a
 * step by a test that goes on otherwise. Each is read in a process of its own; how many there are, how large
 * and for how long is bounded here.
 *
 * Files are read from and written to the folder of `--record-dir` alone. The name of what is written is made
 * here: a page names no path and no file.
 * @module
 */
import { chartOf } from './chart-nodes.ts'
import { journalRequestOf } from './journal-requests.ts'
import type { FlightAbout } from './flight-timeline.ts'
import { litStates } from './lit-states.ts'
import type { JournalAnswer, JournalChart, JournalRequest, Refusal } from './messages.ts'
import { RecordFolderFault, recordFolder } from './record-folder.ts'
import type { RecordedChart } from './timeline.ts'
import type { TimelineAnswers } from './timeline-messages.ts'
import { startTimelineReader, TimelineFault } from './timeline-reader.ts'
import type { TimelineReader, TimelineReaderOptions } from './timeline-reader.ts'
import { connectionMachine } from '../machines/connection.ts'
import { rootMachine } from '../machines/root.ts'

/** Recordings that are open at once: a person compares two. The one that was looked at longest ago makes room. */
const OPEN_MAX = 4
/** Those that are being read for the first time: each may take a process's whole heap. */
const OPENING_MAX = 2
/** One that nobody looks at is closed after so long. */
const IDLE_MS = 600_000
/** Tests that one inspector writes: a page that went wrong fills no disk. */
const FORKS_MAX = 100
/** Characters of the name of a test. */
const STEM_LENGTH_MAX = 40
/** How the name of a test ends, and that of the copy that it reads. */
const TEST = '.test.ts'
const COPY = '.journal'

/** What a flight recorder keeps of a connection. */
export interface RecordedFlight extends FlightAbout {
  /** As `flightFile` makes them, or in base64. */
  readonly bytes: Uint8Array | string
}

export interface TimeTravelOptions extends TimelineReaderOptions {
  /** Left out: files are neither opened nor written. */
  readonly recordDir?: string | undefined
  /** What is kept of a live connection. Left out: nothing. */
  readonly flight?: (
    node: string,
    connection: string,
  ) => RecordedFlight | undefined | Promise<RecordedFlight | undefined>
  /** The chart of a network's sessions, where it is at hand: it says which states are lit. */
  readonly session?: (protocol: string) => object | undefined
  /** Default: 600,000. */
  readonly idleMs?: number
}

export interface TimeTravel {
  /** What was posted, unchecked. It always settles with an answer; a refusal is one. */
  ask(given: unknown): Promise<JournalAnswer>
  /** Ends all processes; nothing is opened from then on. */
  close(): Promise<void>
}

interface Session {
  readonly journal: string
  readonly reader: TimelineReader
  readonly about: TimelineAnswers['open']
  /** In the folder; undefined: it stands in no file there. */
  readonly file: string | undefined
  idle: NodeJS.Timeout
}

interface KnownChart {
  readonly name: string
  readonly lit: (state: string) => readonly string[]
}

const refused = (why: Refusal['why'], message: string): JournalAnswer => ({
  refused: { why, message },
})

const CLOSED = refused('failed', 'the inspector is closing')
const NO_FOLDER = refused('journals-off', 'there is no folder of recordings: --record-dir')

/** Letters and digits of a text, joined by hyphens: nothing that leads anywhere. */
const wordsOf = (text: string): string =>
  (text.toLowerCase().match(/[a-z0-9]+/g) ?? ['journal']).join('-').slice(0, STEM_LENGTH_MAX)

/** What a person calls it, or where it leaves the recording. */
const stemOf = (name: string, step: number, wish: string | undefined): string =>
  wish === undefined
    ? `${wordsOf(name)}-step-${String(step)}`
    : wordsOf(wish.replace(/(?:\.test)?\.[cm]?[jt]s$/, ''))

type Opening = Extract<JournalRequest, { readonly open: string }>

interface Opened {
  readonly bytes: Uint8Array | string
  readonly about: FlightAbout
  readonly file?: string
}

/** Of a file nobody says more. */
const NOTHING_KNOWN: FlightAbout = { wallAheadMs: 0, before: {} }

export function createTimeTravel(options: TimeTravelOptions = {}): TimeTravel {
  const { idleMs = IDLE_MS, recordDir } = options
  const folder = recordDir === undefined ? undefined : recordFolder(recordDir)
  /** Those that were looked at last are the last. */
  const sessions = new Map<string, Session>()
  const charts = new Map<string, KnownChart>()
  /** Asked for and not answered: also those whose bytes are still fetched. */
  let openings = 0
  /** The readers among them, for `close` to end. */
  const opening = new Set<TimelineReader>()
  let nextNumber = 1
  let forks = 0
  let isClosed = false

  const close = async (session: Session): Promise<void> => {
    sessions.delete(session.journal)
    clearTimeout(session.idle)
    await session.reader.close()
  }

  const armed = (session: () => Session | undefined): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      const idle = session()
      // Its process ends; nobody waits for that.
      if (idle !== undefined) close(idle).catch(() => undefined)
    }, idleMs)
    return timer.unref()
  }

  const sessionOf = (journal: string): Session | undefined => {
    const session = sessions.get(journal)
    if (session === undefined) return undefined
    sessions.delete(journal)
    sessions.set(journal, session)
    clearTimeout(session.idle)
    session.idle = armed(() => sessions.get(journal))
    return session
  }

  // ---- which states are lit -----------------------------------------------------------------------

  const logicOf = (chart: RecordedChart['chart'], protocol: string): object | undefined => {
    switch (chart) {
      case 'root':
        return rootMachine
      case 'connection':
        return connectionMachine
      case 'session':
        return options.session?.(protocol)
    }
  }

  const knownChart = (chart: RecordedChart['chart'], protocol: string): KnownChart => {
    const key = chart === 'session' ? `session ${protocol}` : chart
    const known = charts.get(key)
    if (known !== undefined) return known
    const logic = logicOf(chart, protocol)
    // A network's chart has the network's name, as ours do.
    if (logic === undefined) return { name: protocol, lit: () => [] }
    const made = { name: chartOf(logic).id, lit: litStates(logic) }
    charts.set(key, made)
    return made
  }

  const shownChart = ({ chart, of, state }: RecordedChart, protocol: string): JournalChart => {
    const { lit, name } = knownChart(chart, protocol)
    return { of, chart: name, state, active: lit(state) }
  }

  // ---- what is asked --------------------------------------------------------------------------------

  const opened = async (request: Opening): Promise<Opened | JournalAnswer> => {
    switch (request.open) {
      case 'bytes':
        return { bytes: request.base64, about: NOTHING_KNOWN }
      case 'flight': {
        const flight = await options.flight?.(request.node, request.connection)
        if (flight === undefined) {
          const message = 'the flight recorder keeps nothing of such a connection'
          return refused('unknown-connection', message)
        }
        const { before, bytes, wallAheadMs } = flight
        return { bytes, about: { before, wallAheadMs } }
      }
      case 'file': {
        if (folder === undefined) return NO_FOLDER
        const bytes = await folder.read(request.file)
        return { bytes, about: NOTHING_KNOWN, file: request.file }
      }
    }
  }

  const open = async (request: Opening): Promise<JournalAnswer> => {
    const source = await opened(request)
    if (!('bytes' in source)) return source
    const { about: known, bytes, file } = source
    if (isClosed) return CLOSED
    const reader = startTimelineReader(options)
    opening.add(reader)
    let about: TimelineAnswers['open']
    try {
      about = await reader.ask({ do: 'open', bytes, about: known })
    } catch (error) {
      await reader.close()
      throw error
    } finally {
      opening.delete(reader)
    }
    if (isClosed) {
      await reader.close()
      return CLOSED
    }
    const journal = `journal-${String(nextNumber++)}`
    const idle = armed(() => sessions.get(journal))
    sessions.set(journal, { journal, reader, about, file, idle })
    const [oldest] = sessions.values()
    if (sessions.size > OPEN_MAX && oldest !== undefined) await close(oldest)
    return { opened: { journal, ...about, file: file ?? null } }
  }

  const at = async ({ about, reader }: Session, journal: string, step: number) => {
    const { charts: recorded, ...moment } = await reader.ask({ do: 'at', step })
    const shown = recorded.map((chart) => shownChart(chart, about.protocol))
    return { at: { journal, step, ...moment, charts: shown } }
  }

  const fork = async (
    { about, file, reader }: Session,
    step: number,
    wish: string | undefined,
  ): Promise<JournalAnswer> => {
    if (folder === undefined) return NO_FOLDER
    if (about.unforkable !== null) return refused('bad-journal', about.unforkable)
    if (forks >= FORKS_MAX) {
      return refused('failed', `${String(FORKS_MAX)} tests were written: start anew for more`)
    }
    // What a flight holds stands in the test itself.
    const isCopied = file === undefined && about.of !== 'flight'
    const copy = { ending: COPY, content: () => reader.ask({ do: 'bytes' }) }
    const test = {
      ending: TEST,
      content: (stem: string) =>
        reader.ask({ do: 'fork', step, journal: file ?? `${stem}${COPY}` }),
    }
    forks++
    try {
      // The journal first: a test without it would be one that fails.
      const files = isCopied ? [copy, test] : [test]
      const stem = await folder.write(stemOf(about.name, step, wish), files)
      return { forked: { file: `${stem}${TEST}`, copy: isCopied ? `${stem}${COPY}` : null } }
    } catch (error) {
      forks--
      throw error
    }
  }

  const perform = async (request: JournalRequest): Promise<JournalAnswer> => {
    if ('open' in request) {
      if (isClosed) return CLOSED
      if (openings >= OPENING_MAX) return refused('too-many-queries', 'others are being opened')
      openings++
      try {
        return await open(request)
      } finally {
        openings--
      }
    }
    if ('list' in request) return folder === undefined ? NO_FOLDER : folder.list()
    const journal = 'close' in request ? request.close : request.journal
    const session = sessionOf(journal)
    if (session === undefined) return refused('bad-journal', 'it is not open, or no longer')
    if ('close' in request) {
      await close(session)
      return { closed: true }
    }
    try {
      return 'step' in request
        ? await at(session, journal, request.step)
        : await fork(session, request.fork, request.file)
    } finally {
      if (session.reader.isOver) await close(session)
    }
  }

  return {
    async ask(given) {
      const request = journalRequestOf(given)
      if (request === undefined) return refused('bad-query', 'that is nothing to ask of journals')
      try {
        return await perform(request)
      } catch (error) {
        if (error instanceof TimelineFault || error instanceof RecordFolderFault) {
          return refused('bad-journal', error.message)
        }
        throw error
      }
    },
    async close() {
      isClosed = true
      const opened = [...sessions.values()].map(close)
      await Promise.all([...opened, ...[...opening].map((reader) => reader.close())])
    },
  }
}
