/**
 * What belongs behind the handshake, said before its end: by the network's own wire where it lets
 * itself be made to, and as the bytes that an honest session said later.
 *
 * A session that comes up although something was said early proves nothing: a network may pass over
 * it. So messages are said in the place of each part of the handshake as well, and where that lasts,
 * the part is left out alone: what comes to nothing without a message, and to a session with it, was
 * made by that message.
 * @module
 */
import { concatBytes } from '../../../codec/bytes.ts'
import type { Protocol } from '../../../actors/protocol.ts'
import type { ProtocolTypes } from '../../../machines/session.ts'
import { isSame } from '../../flow/matching.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { bend, bendAndWait, judgeOpen } from '../bending.ts'
import type { Bent } from '../bending.ts'
import { changedWire } from '../exchange.ts'

type Messages<T extends ProtocolTypes> = readonly T['message'][]

interface Early<T extends ProtocolTypes> {
  /** Which of the session's writes, counted from 0. */
  readonly at: number
  /** Whether it is the last one of the handshake. */
  readonly isLast?: boolean
  readonly messages: Messages<T>
  /** Whether the write itself is left out. */
  readonly instead?: boolean
  /** It was no attack, and says nothing of who was attacked. */
  onNone(): void
}

/** The session's wire says the messages before one of its writes, or in its place. */
function sayingEarly<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  { at, instead = false, isLast = false, messages, onNone }: Early<T>,
): Protocol<T> {
  let writes = 0
  return changedWire(protocol, (wire) => {
    let isSecured = false
    return {
      secure(keys) {
        isSecured = true
        wire.secure(keys)
      },
      read() {
        const read = wire.read()
        if (read.kind === 'secured') isSecured = true
        return read
      },
      write(own) {
        if (writes++ !== at) {
          wire.write(own)
          return
        }
        // Under keys that were agreed on, a message proves what the last word of a handshake does; and
        // one that is a word of the handshake makes a session by right.
        const isWord = own.some((one) => messages.some((message) => isSame(one, message)))
        if (instead && (isWord || (isSecured && isLast))) onNone()
        try {
          // Of nothing at all some wires make a record.
          if (messages.length > 0) wire.write(messages)
        } catch {
          // Its wire has no keys yet, or no form for it: there is nothing to be attacked with.
          onNone()
        }
        if (!instead) wire.write(own)
      },
    }
  })
}

/** Sessions that came up by messages in place of one of the handshake's writes. */
async function sayInstead<T extends ProtocolTypes>(
  tools: AttackTools<T>,
  numbers: readonly number[],
): Promise<Pick<Findings, 'taken'> & { readonly isOpen: readonly string[] }> {
  const none = new Set<string>()
  const wayOf = (at: number, messages: Messages<T>, what: string): Bent<T> => {
    const onNone = () => none.add(what)
    const isLast = at === tools.exchange.sessionWrites - 1
    const early = { at, isLast, messages, instead: true, onNone }
    return { what, tampering: {}, protocol: sayingEarly(tools.protocol(), early) }
  }
  const nth = (at: number): string => `the ${at + 1}. of the handshake's`
  const withMessages = (at: number): string => `messages in place of ${nth(at)}`
  const without = (at: number): string => `nothing in place of ${nth(at)}`

  const isNone = (what: string): boolean => none.has(what)
  const tried = await bendAndWait(
    tools,
    numbers.map((at) => wayOf(at, tools.messages, withMessages(at))),
    isNone,
  )
  // In less time than a handshake has, the part that is left out would prove nothing either.
  if (tools.isImpatient) return tried
  const lasting = numbers.filter((at) => tried.isOpen.includes(withMessages(at)))
  const alone = await bendAndWait(
    tools,
    lasting.map((at) => wayOf(at, [], without(at))),
    isNone,
  )
  return {
    taken: [...tried.taken, ...alone.taken],
    isOpen: lasting.filter((at) => !alone.isOpen.includes(without(at))).map(withMessages),
  }
}

async function early<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { exchange, honest, messages, protocol } = tools
  const laterBytes = concatBytes(...exchange.later)
  const ways: Bent<T>[] = []
  const refused = new Set<string>()
  const numbers = Array.from({ length: exchange.sessionWrites }, (_, at) => at)
  const before = (at: number): string => `messages before the ${at + 1}. of the handshake's`
  if (messages.length > 0) {
    for (const at of numbers) {
      const onNone = () => refused.add(before(at))
      ways.push({
        what: before(at),
        tampering: {},
        protocol: sayingEarly(protocol(), { at, messages, onNone }),
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
  const made = await sayInstead(
    tools,
    messages.length === 0 ? [] : numbers.filter((at) => !refused.has(before(at))),
  )
  const tried = taken.filter(({ what }) => !refused.has(what))
  return {
    taken: [...tried, ...made.taken],
    honestDuring,
    ...judgeOpen(tools, [...isOpen, ...made.isOpen]),
  }
}

export const EARLY = {
  'early-messages': {
    rule: 'what is said before a session is up makes none, and is ended within the time of a handshake',
    run: early,
  },
} satisfies Record<string, Attack>
