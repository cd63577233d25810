/**
 * Two sessions with one peer, both proven. Both sides decide alike: of two dials that met, the one whose
 * dialler has the smaller identity stays.
 *
 * A newer session that did not come at the same time replaces the older one. Its far side has proven its
 * key and that it is there; of the older one only the proof is known.
 *
 * What came at the same time each side tells by its own clock. Two sessions that are as far apart as that
 * time, to within a round trip, may be one thing to the one and another to the other: then both end.
 * @module
 */
import type { Role } from '../codec/wire.ts'

/** What is looked at of a connection. Identities are hexadecimal digits of one case. */
export interface ProvenSession {
  readonly role: Role
  readonly identity: string | undefined
  readonly startedMs: number
  readonly readyMs: number | undefined
}

export function decideDuplicate(
  older: ProvenSession,
  newer: ProvenSession,
  ownIdentity: string,
  simultaneousMs: number,
): 'close-older' | 'close-newer' {
  const apartMs = (newer.readyMs ?? newer.startedMs) - (older.readyMs ?? older.startedMs)
  if (apartMs >= simultaneousMs) return 'close-older'
  const diallerOf = ({ identity, role }: ProvenSession): string | undefined =>
    role === 'dialler' ? ownIdentity : identity
  const [first, second] = [diallerOf(older), diallerOf(newer)]
  // Digits of one case sort as the bytes do. Of two dials of one side the first stays.
  return first !== undefined && second !== undefined && second < first
    ? 'close-older'
    : 'close-newer'
}
