/**
 * How an attack is told: in lines for a person, and as fields for a program. Of the connections of an
 * attack, of which there may be hundreds, some of each outcome are shown.
 * @module
 */
import { encodeHex } from '../../codec/bytes.ts'
import type { AttackName, AttackReport } from '../../testing/hostile/report.ts'
import type { Manner, Served, Taken } from '../../testing/hostile/report.ts'
import { formatBytes, formatDuration, printable } from '../format.ts'

const SHOWN_OF_EACH = 2
const REASONS_SHOWN = 5

const MANNERS: Readonly<Record<Manner, string>> = {
  active: 'let be',
  ended: 'ended',
  reset: 'reset',
  refused: 'refused',
  open: 'left open',
  left: 'given up by the attacker',
}
const MANNER_NAMES = Object.keys(MANNERS) as readonly Manner[]

const ofManner = (taken: readonly Taken[], manner: Manner): readonly Taken[] =>
  taken.filter((one) => one.manner === manner)

const slowestMs = (taken: readonly Taken[]): number =>
  taken.reduce((most, { afterMs }) => Math.max(most, afterMs), 0)

/** Milliseconds where seconds say nothing. */
const during = (ms: number): string =>
  ms < 10_000 ? `${String(Math.round(ms))} ms` : formatDuration(ms)

const served = (honest: Served | undefined): string =>
  honest?.isServed === true ? `in after ${during(honest.afterMs)}` : 'not let in'

function takenSentence(taken: readonly Taken[]): string {
  const parts = MANNER_NAMES.flatMap((manner) => {
    const some = ofManner(taken, manner)
    if (some.length === 0) return []
    const [first] = some
    const count = `${String(some.length)} ${MANNERS[manner]}`
    const isTimed = manner === 'ended' || manner === 'reset' || manner === 'open'
    const when = isTimed ? `, the last after ${during(slowestMs(some))}` : ''
    const answer = some.find(({ receivedBytes }) => receivedBytes > 0) ?? first
    const said = isTimed && answer !== undefined && answer.receivedBytes > 0
    return [`${count}${when}${said ? `, answered with ${formatBytes(answer.receivedBytes)}` : ''}`]
  })
  return parts.join('; ')
}

/** The verdict and the rule, what became of the connections, how honest peers fared, and why. */
export function attackSentences(report: AttackReport): readonly string[] {
  const { attack, because, honestAfter, honestDuring, rule, taken, verdict } = report
  const lines = [`${verdict.padEnd(7)} ${attack}: ${rule}`]
  if (taken.length > 0) lines.push(`        ${takenSentence(taken)}`)
  if (honestDuring !== undefined) {
    lines.push(
      `        an honest peer during it: ${served(honestDuring)}; after it: ${served(honestAfter)}`,
    )
  }
  for (const reason of because.slice(0, REASONS_SHOWN)) lines.push(`        ${reason}`)
  if (because.length > REASONS_SHOWN) {
    lines.push(`        and ${String(because.length - REASONS_SHOWN)} more like these`)
  }
  return lines.map(printable)
}

export function attackFields(report: AttackReport): Readonly<Record<string, unknown>> {
  const { attack, because, honestAfter, honestDuring, rule, taken, verdict } = report
  const counts = MANNER_NAMES.map((manner) => [manner, ofManner(taken, manner).length] as const)
  return {
    ...{ attack, verdict, rule, because },
    connections: taken.length,
    manners: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    slowestMs: slowestMs(taken),
    samples: MANNER_NAMES.flatMap((manner) => ofManner(taken, manner).slice(0, SHOWN_OF_EACH)).map(
      ({ lastBytes, ...rest }) => ({ ...rest, lastBytes: encodeHex(lastBytes) }),
    ),
    honestDuring,
    honestAfter,
  }
}

export interface Summary {
  readonly passed: readonly AttackName[]
  readonly failed: readonly AttackName[]
  readonly unknown: readonly AttackName[]
}

export function summaryOf(reports: readonly AttackReport[]): Summary {
  const those = (verdict: AttackReport['verdict']) =>
    reports.filter((report) => report.verdict === verdict).map(({ attack }) => attack)
  return { passed: those('passed'), failed: those('failed'), unknown: those('unknown') }
}

export const summarySentence = ({ failed, passed, unknown }: Summary): string =>
  `${String(passed.length)} passed, ${String(failed.length)} failed, ${String(unknown.length)} unknown`
