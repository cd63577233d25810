/**
 * Two verified sessions with one node (native protocol, section 7, "Simultaneous dials").
 * Both sides decide alike: of two dials that met, the one of the smaller node id stays.
 *
 * A newer session that did not come at the same time replaces the older one. Its far side has proven
 * its key and that it is there; of the older one only the proof is known.
 * @module
 */
import type { ConnectionView } from '../../actors/protocol.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'

type View = ConnectionView<NativeTypes>

export function decideDuplicate(
  older: View,
  newer: View,
  ownIdentity: string,
  simultaneousMs: number,
): 'close-older' | 'close-newer' {
  const apartMs = (newer.readyMs ?? newer.startedMs) - (older.readyMs ?? older.startedMs)
  if (apartMs >= simultaneousMs) return 'close-older'
  const initiatorOf = (view: View): string | undefined =>
    view.role === 'dialler' ? ownIdentity : view.identity
  const [first, second] = [initiatorOf(older), initiatorOf(newer)]
  // Hexadecimal digits of one case sort as the bytes do. Of two dials of one side the first stays.
  return first !== undefined && second !== undefined && second < first
    ? 'close-older'
    : 'close-newer'
}
