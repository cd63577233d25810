/**
 * `peerloom ban` and `peerloom unban`: at once where a node runs on the data folder, from its next start
 * where none does.
 * @module
 */
import { ask } from './control/ask.ts'
import type { Asked } from './control/ask.ts'
import type { Row } from './control/protocol.ts'
import { wordOf } from './control/subject.ts'
import { printable } from './format.ts'
import { jsonLine } from './json.ts'
import { print } from './standard-output.ts'

export interface BanOptions {
  readonly folder: string
  readonly json: boolean
  /** Undefined: for good. */
  readonly forMs: number | undefined
  readonly why: string
}

/** @throws {CommandFault} */
export async function ban(
  subject: string,
  { folder, forMs, json, why }: BanOptions,
): Promise<void> {
  const asked = await ask(folder, {
    ask: 'ban',
    subject: wordOf(subject),
    forMs: forMs ?? null,
    why,
  })
  show(asked, json, ({ subject: whom = '', untilMs }) => {
    const end =
      typeof untilMs === 'number' ? `until ${new Date(untilMs).toISOString()}` : 'for good'
    return `banned ${textOf(whom)} ${end}`
  })
}

/** A subject is a text in every row. */
const textOf = (cell: Row[string]): string => (typeof cell === 'string' ? cell : '-')

/** Whoever was not banned is as free as was asked for. @throws {CommandFault} */
export async function unban(
  subject: string,
  { folder, json }: Pick<BanOptions, 'folder' | 'json'>,
): Promise<void> {
  const asked = await ask(folder, { ask: 'unban', subject })
  if (asked.rows.length > 0) {
    show(asked, json, ({ subject: whom = '' }) => `no longer banned: ${textOf(whom)}`)
  } else if (!json) print(printable(`${subject} was not banned`))
}

function show({ rows, running }: Asked, json: boolean, sentence: (row: Row) => string): void {
  const when = running
    ? 'the running node knows'
    : 'no node is running: it holds from the next start'
  for (const row of rows) print(json ? jsonLine(row) : printable(`${sentence(row)}; ${when}`))
}
