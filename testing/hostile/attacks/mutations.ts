/**
 * Honest bytes of which some are others: lengths far above any limit, first bytes of other networks.
 * Nothing is known of a network's units, so each place of the exchange is tried.
 * @module
 */
import { encodeAscii, encodeHex } from '../../../codec/bytes.ts'
import type { ProtocolTypes } from '../../../machines/session.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { bend, HUNG_MS, judgeOpen, placesIn } from '../bending.ts'
import type { Bent } from '../bending.ts'
import { openingOf } from '../exchange.ts'
import type { Impostor } from '../impostor.ts'
import type { Taken } from '../report.ts'
import { hasEnded, outlast, pause, startStrangers, takenOf } from '../strangers.ts'

/**
 * Lengths of one to eight bytes, in either order of bytes: the largest there are, and such as are at
 * and about the limits that networks have, 64 KiB, 16 MiB and the largest with a sign.
 */
const LENGTHS: readonly (readonly number[])[] = [
  [255],
  [255, 255],
  [0, 0, 255, 255],
  [0, 1, 0, 0],
  [0, 255, 255, 255],
  [255, 255, 255, 0],
  [127, 255, 255, 255],
  [255, 255, 255, 255],
  Array.from({ length: 8 }, () => 255),
]
/** So much of the filler is written at once. */
const POURED_AT_ONCE = 64 * 1_024

const TLS_RANDOM = new Uint8Array(32).fill(7)

/** What others say first, to whoever listens. */
const STRANGE_OPENINGS: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['an HTTP request', encodeAscii('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')],
  ['a TLS hello', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...TLS_RANDOM)],
  ['an SSH banner', encodeAscii('SSH-2.0-OpenSSH_9.2p1\r\n')],
  ['64 zeros', new Uint8Array(64)],
  ['64 bytes of 255', new Uint8Array(64).fill(255)],
]

/** `change` makes of the byte at a place another one; elsewhere it returns it as it is. */
const altered =
  (change: (byte: number, place: number) => number) =>
  (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, index) => change(byte, at + index))

/** Behind a length that promises more than anybody takes. */
function pour<T extends ProtocolTypes>(impostor: Impostor<T>, pouredBytes: number): void {
  const filler = new Uint8Array(POURED_AT_ONCE).fill(255)
  for (let poured = 0; poured < pouredBytes; poured += filler.length) impostor.line?.say(filler)
}

async function oversize<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { exchange, sizes } = tools
  const places = placesIn(openingOf(exchange).length, Math.ceil(sizes.placesMax / 2))
  const ways = LENGTHS.flatMap((length) =>
    places.map((first): Bent<T> => ({
      what: `${encodeHex(Uint8Array.from(length))} from byte ${first} on`,
      tampering: { alter: altered((byte, place) => length[place - first] ?? byte) },
      press(impostor) {
        pour(impostor, sizes.pouredBytes)
      },
    })),
  )
  const { honestDuring, isOpen, taken } = await bend(tools, ways)
  return { taken, honestDuring, ...judgeOpen(tools, isOpen) }
}

async function strangers<T extends ProtocolTypes>(
  tools: AttackTools<T>,
): Promise<Pick<Findings, 'taken'> & { readonly isOpen: readonly string[] }> {
  const { ground } = tools
  const saying = []
  for (const [what, bytes] of STRANGE_OPENINGS) {
    const { leave, lines } = startStrangers(tools, 1)
    const [line] = lines
    await ground.until(() => line?.openedMs !== undefined || hasEnded(line), HUNG_MS)
    line?.say(bytes)
    saying.push({ what, line, leave })
    await pause(ground)
  }
  await outlast(
    tools,
    saying.map(({ line }) => line),
  )
  const taken = saying.flatMap(({ line, what }) =>
    line === undefined ? [] : [takenOf(ground, what, line)],
  )
  for (const { leave } of saying) leave()
  // Where any bytes make a session, these did: all was answered that an honest peer gets.
  const isOpen = ({ manner, receivedBytes }: Taken): boolean =>
    manner === 'open' && receivedBytes < Math.max(1, tools.exchange.heardBytes)
  return { taken, isOpen: taken.filter(isOpen).map(({ what }) => what) }
}

async function wrongMagic<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { exchange, sizes } = tools
  const ways = placesIn(openingOf(exchange).length, sizes.placesMax).flatMap((at) =>
    [1, 255].map((mask): Bent<T> => ({
      what: `byte ${at} ${mask === 1 ? 'off by a bit' : 'turned over'}`,
      tampering: { alter: altered((byte, place) => (place === at ? byte ^ mask : byte)) },
    })),
  )
  const bent = await bend(tools, ways)
  const strange = await strangers(tools)
  return {
    taken: [...strange.taken, ...bent.taken],
    honestDuring: bent.honestDuring,
    ...judgeOpen(tools, [...strange.isOpen, ...bent.isOpen]),
  }
}

const ENDED = 'what comes to no session is ended within the time of a handshake'

export const MUTATIONS = {
  oversize: { rule: `lengths are at, about and far above all limits: ${ENDED}`, run: oversize },
  'wrong-magic': { rule: `bytes of the opening are others: ${ENDED}`, run: wrongMagic },
} satisfies Record<string, Attack>
