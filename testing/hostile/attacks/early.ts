/**
 * What belongs behind the handshake, said before its end: by the network's own wire where it lets
 * itself be made to, and as the bytes that an honest session said later.
 * @module
 */
import { concatBytes } from '../../../codec/bytes.ts'
import type { Protocol } from '../../../actors/protocol.ts'
import type { ProtocolTypes } from '../../../machines/session.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { bend, judgeOpen } from '../bending.ts'
import type { Bent } from '../bending.ts'
import { observedWire } from '../exchange.ts'

/** Before the session's write of this number, counted from 0, its wire says the messages as well. */
function sayingEarly<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  messages: readonly T['message'][],
  before: number,
  onRefused: () => void,
): Protocol<T> {
  let writes = 0
  return observedWire(protocol, (wire) => {
    if (writes++ !== before) return
    try {
      wire.write(messages)
    } catch {
      // Its wire has no keys yet, or no form for it: there is nothing to be attacked with.
      onRefused()
    }
  })
}

async function early<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { exchange, honest, messages, protocol } = tools
  const laterBytes = concatBytes(...exchange.later)
  const ways: Bent<T>[] = []
  const refused = new Set<string>()
  for (let before = 0; before < exchange.sessionWrites; before++) {
    const what = `messages before the ${before + 1}. of the handshake's`
    if (messages.length > 0) {
      const onRefused = () => refused.add(what)
      ways.push({
        what,
        tampering: {},
        protocol: sayingEarly(protocol(), messages, before, onRefused),
      })
    }
  }
  if (laterBytes.length > 0) {
    for (let after = 1; after <= exchange.opening.length; after++) {
      ways.push({
        what: `bytes of later behind event ${after} of the handshake`,
        tampering: {
          happened(line, count) {
            if (count === after) line.say(laterBytes)
          },
        },
      })
    }
  }
  if (ways.length === 0) {
    const unsure = ['the network names no message to say too early, and says none by itself']
    return { taken: [], honestDuring: await honest(), wrong: [], unsure }
  }
  const { honestDuring, isOpen, taken } = await bend(tools, ways)
  const tried = taken.filter(({ what }) => !refused.has(what))
  return { taken: tried, honestDuring, ...judgeOpen(tools, isOpen) }
}

export const EARLY = {
  'early-messages': {
    rule: 'what is said before a session is up makes none, and is ended within the time of a handshake',
    run: early,
  },
} satisfies Record<string, Attack>
