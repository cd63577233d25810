/**
 * What is answered to `getaddr`: the same to all who ask through one network at one of our addresses, for
 * about a day. Whoever asks again and again, under however many names, learns no more of the book; and who
 * compares what he got in two networks does not see by it that both of us are one.
 * @module
 */
import type { AddressEntry } from '../../codec/bitcoin/addresses.ts'
import type { Random } from '../../world/random.ts'

const HOUR_MS = 60 * 60 * 1_000
/** 21 hours, and up to 6 more: nobody knows when it changes. */
const KEPT_MS = 21 * HOUR_MS
const KEPT_LONGER_MS = 6 * HOUR_MS
/** Networks, times the addresses that one node listens on: more is a way to fill memory. */
const ANSWERS_MAX = 64

interface Answer {
  readonly entries: readonly AddressEntry[]
  readonly untilMs: number
}

/** A child keeps them over its restarts: a fresh one would be a second answer. */
export type AddressAnswers = Map<string, Answer>

/** @param make draws a fresh one */
export function answerFrom(
  answers: AddressAnswers,
  key: string,
  { monotonicMs, random }: { readonly monotonicMs: number; readonly random: Random },
  make: () => readonly AddressEntry[],
): readonly AddressEntry[] {
  const known = answers.get(key)
  if (known !== undefined && monotonicMs < known.untilMs) return known.entries
  for (const [old, { untilMs }] of answers) if (untilMs <= monotonicMs) answers.delete(old)
  const [oldest] = answers.keys()
  if (answers.size >= ANSWERS_MAX && oldest !== undefined) answers.delete(oldest)
  const entries = make()
  answers.set(key, { entries, untilMs: monotonicMs + KEPT_MS + random.below(KEPT_LONGER_MS) })
  return entries
}
