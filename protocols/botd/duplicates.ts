/**
 * Two sessions with one peer, both confirmed. Both sides decide alike: of two dials that met, the one
 * whose dialler has the smaller key stays; a newer session that did not come at the same time replaces
 * the older one, whose far side may be long gone.
 * @module
 */
import type { ConnectionView } from '../../actors/protocol.ts'
import type { BotdTypes } from '../../machines/handshakes/botd.ts'

type View = ConnectionView<BotdTypes>

export function decideDuplicate(
  older: View,
  newer: View,
  ownIdentity: string,
  simultaneousMs: number,
): 'close-older' | 'close-newer' {
  const readyMsOf = ({ readyMs, startedMs }: View): number => readyMs ?? startedMs
  if (readyMsOf(newer) - readyMsOf(older) >= simultaneousMs) return 'close-older'
  const diallerOf = ({ identity = '', role }: View): string =>
    role === 'dialler' ? ownIdentity : identity
  // Hexadecimal digits of one case sort as the bytes do. Of two dials of one side the first stays.
  return diallerOf(newer) < diallerOf(older) ? 'close-older' : 'close-newer'
}
