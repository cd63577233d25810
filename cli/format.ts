/**
 * Quantities and tables for a person at a terminal. Nothing that a peer says can move the cursor.
 * @module
 */

/** Decimal units, as networks count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000
    unit++
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`
}

export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${String(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${String(minutes)} min ${String(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${String(hours)} h ${String(minutes % 60)} min`
  return `${String(Math.floor(hours / 24))} d ${String(hours % 24)} h`
}

/** Both ends are kept: an identity is known by its first digits, an address by its port. */
export function shorten(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const tail = Math.floor((charactersMax - 1) / 3)
  return `${text.slice(0, charactersMax - 1 - tail)}…${tail === 0 ? '' : text.slice(-tail)}`
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** Without what a terminal would obey. */
export const printable = (text: string): string => text.replaceAll(CONTROL, '?')

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  readonly align?: 'right'
}

/** A line of titles and one a row. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): readonly string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => printable(cell(row))))
  const lines = [columns.map(({ title }) => title), ...cells]
  const widths = columns.map((_, column) =>
    lines.reduce((width, line) => Math.max(width, line[column]?.length ?? 0), 0),
  )
  return lines.map((line) =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return columns[column]?.align === 'right' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
