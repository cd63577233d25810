/**
 * The terminal: a table of the connections that is drawn again in its place, the last events below it,
 * and a line of the node's state. It takes no more of the screen than there is, leaves what stood
 * above alone, and gives the cursor back whatever ends the process.
 * @module
 */
import type { ConnectionRow } from '../control/rows.ts'
import { connectionRow } from '../control/rows.ts'
import { formatBytes, formatDuration, printable } from '../format.ts'
import { connectionTable } from './connection-table.ts'
import type { Report, Started, Watched } from './report.ts'
import { endingSentence, sentenceOf, startedSentences } from './sentences.ts'

/** The part of a terminal that is used. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  write(text: string): unknown
  on(event: 'resize', run: () => void): unknown
  off(event: 'resize', run: () => void): unknown
}

/** Four times a second: faster than anybody reads, slow enough to cost nothing. */
const DRAW_MS = 250
const EVENTS_SHOWN = 5
/** The table gets the rest; these are its titles, a line that says what is left out, and the status. */
const LINES_AROUND = EVENTS_SHOWN + 5
/** Of a terminal that does not say how large it is: 0. */
const COLUMNS_USUAL = 80
const ROWS_USUAL = 24

const HIDE_CURSOR = '\u001B[?25l'
const SHOW_CURSOR = '\u001B[?25h'
const CLEAR_LINE = '\u001B[K'
const CLEAR_BELOW = '\u001B[J'
const up = (lines: number): string => (lines === 0 ? '' : `\u001B[${String(lines)}A`)

export function startScreen(terminal: Terminal, on: Watched): Report {
  const recent: string[] = []
  let about = ''
  let drawn: readonly string[] = []
  let timer: NodeJS.Timeout | undefined
  let startedMs = 0

  const status = (rows: readonly ConnectionRow[]): string => {
    const active = rows.filter(({ phase }) => phase === 'active').length
    const sum = (of: 'receivedBytes' | 'sentBytes'): string =>
      formatBytes(rows.reduce((total, row) => total + row[of], 0))
    return [
      `${String(active)} active of ${String(rows.length)}`,
      `${sum('receivedBytes')} in, ${sum('sentBytes')} out`,
      `runs for ${formatDuration(on.nowMs() - startedMs)}`,
      ...(on.waitsFor === '' ? [] : [on.waitsFor]),
      'Ctrl-C stops it',
    ].join(' | ')
  }

  const draw = (): void => {
    const nowMs = on.nowMs()
    const rows = on.connections().map((info) => connectionRow(info, nowMs, on.describe(info)))
    const height = terminal.rows || ROWS_USUAL
    const width = terminal.columns || COLUMNS_USUAL
    const table = connectionTable(rows, Math.max(3, height - LINES_AROUND), width - 1)
    const lines = [about, ...table, '', ...recent, status(rows)]
      .slice(-Math.max(1, height - 1))
      .map((line) => line.slice(0, Math.max(1, width - 1)))
    if (lines.length === drawn.length && lines.every((line, at) => line === drawn[at])) return
    const text = lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')
    terminal.write(`${up(drawn.length)}\r${text}${CLEAR_BELOW}`)
    drawn = lines
  }

  /** What was drawn may have been broken into more lines: it stays above, and we begin anew. */
  const begin = (): void => {
    drawn = []
    terminal.write('\n')
    draw()
  }

  const note = (line: string): void => {
    recent.push(line)
    if (recent.length > EVENTS_SHOWN) recent.shift()
  }

  const restore = (): void => {
    terminal.write(SHOW_CURSOR)
  }

  return {
    started(started: Started) {
      startedMs = on.nowMs()
      const [sentence = '', ...addresses] = startedSentences(started)
      // An address is to be copied: it stands in full above the table, and stays.
      terminal.write([...addresses, ''].map((line) => `${printable(line)}\n`).join(''))
      about = sentence
      terminal.write(HIDE_CURSOR)
      process.once('exit', restore)
      terminal.on('resize', begin)
      timer = setInterval(draw, DRAW_MS)
      draw()
    },
    event(event) {
      note(sentenceOf(event))
    },
    stopping(ending) {
      note(endingSentence(ending))
      if (timer !== undefined) draw()
    },
    ended() {
      if (timer === undefined) return
      clearInterval(timer)
      terminal.off('resize', begin)
      process.off('exit', restore)
      draw()
      restore()
    },
  }
}
