/**
 * Many impostors, each of which bends an honest exchange in one way, some at a time, and what became
 * of them.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { AttackTools, Findings } from './attack.ts'
import type { Impostor } from './impostor.ts'
import type { Tampering } from './lines.ts'
import type { Served, Taken } from './report.ts'
import { hasEnded, mannerOf, outlast, pause, takenOf } from './strangers.ts'

/** Far above the round trip of a ground, and the work of a handshake. */
export const HUNG_MS = 500
/** So long a session has to last after it came up to count as one that was let be. */
const LASTS_MS = 100

export interface Bent<T extends ProtocolTypes> {
  readonly what: string
  readonly tampering: Tampering
  readonly protocol?: Protocol<T>
  /** Sees to what is held back, until the session is up or over. */
  drive?(impostor: Impostor<T>): Promise<void>
  /** What else is done to one that hangs. */
  press?(impostor: Impostor<T>): void
}

export interface Bending {
  readonly taken: readonly Taken[]
  readonly honestDuring: Served
  readonly isOpen: readonly string[]
}

type Seen = 'active' | 'hung' | 'over'

async function look<T extends ProtocolTypes>(
  { ground }: AttackTools<T>,
  impostor: Impostor<T>,
): Promise<Seen> {
  const isOver = () => hasEnded(impostor.line)
  await ground.until(() => isOver() || impostor.active() !== undefined, HUNG_MS)
  if (!isOver() && impostor.active() !== undefined) await ground.until(isOver, LASTS_MS)
  if (isOver()) return 'over'
  return impostor.active() === undefined ? 'hung' : 'active'
}

/**
 * One impostor for each way in which an exchange is bent. Those that hang are let go after a while,
 * but for the first of them, which have to be ended by the far side.
 */
export async function bend<T extends ProtocolTypes>(
  tools: AttackTools<T>,
  ways: readonly Bent<T>[],
): Promise<Bending> {
  const { atOnce, exchange, ground, honest } = tools
  const taken: Taken[] = []
  const hanging: {
    readonly what: string
    readonly impostor: Impostor<T>
    /** Whoever answered all that an honest peer gets may take it for a session. */
    readonly mayBeSession: boolean
  }[] = []
  let honestDuring: Served | undefined

  for (let from = 0; from < ways.length; from += atOnce) {
    const batch: { readonly way: Bent<T>; readonly impostor: Impostor<T> }[] = []
    const leaving: Impostor<T>[] = []
    for (const way of ways.slice(from, from + atOnce)) {
      const impostor = await tools.impostor(way.tampering, way.protocol)
      batch.push({ way, impostor })
      await way.drive?.(impostor)
      await pause(ground)
    }
    for (const { impostor, way } of batch) {
      const seen = await look(tools, impostor)
      const { line } = impostor
      if (seen === 'hung' && hanging.length < atOnce && line !== undefined) {
        const mayBeSession = line.isGivenUp && line.receivedBytes >= exchange.heardBytes
        line.mute()
        way.press?.(impostor)
        hanging.push({ what: way.what, impostor, mayBeSession })
        continue
      }
      leaving.push(impostor)
      if (line === undefined) continue
      const manner = seen === 'active' ? 'active' : seen === 'hung' ? 'left' : mannerOf(line)
      taken.push(takenOf(ground, way.what, line, manner))
    }
    honestDuring ??= await honest()
    for (const impostor of leaving) await impostor.stop()
  }

  await outlast(
    tools,
    hanging.map(({ impostor }) => impostor.line),
  )
  const isOpen: string[] = []
  for (const { impostor, mayBeSession, what } of hanging) {
    const { line } = impostor
    if (line !== undefined) {
      taken.push(takenOf(ground, what, line))
      if (!hasEnded(line) && !mayBeSession) isOpen.push(what)
    }
    await impostor.stop()
  }
  return { taken, honestDuring: honestDuring ?? (await honest()), isOpen }
}

/**
 * As `bend`, and each is waited for until the far side ends it or its time is over, also one whose
 * session thinks that it is up.
 *
 * @param isNone whether what was to be done was not: that one is let go, and not told of
 */
export async function bendAndWait<T extends ProtocolTypes>(
  tools: AttackTools<T>,
  ways: readonly Bent<T>[],
  isNone: (what: string) => boolean,
): Promise<Pick<Bending, 'isOpen' | 'taken'>> {
  const { atOnce, ground } = tools
  const taken: Taken[] = []
  const isOpen: string[] = []
  for (let from = 0; from < ways.length; from += atOnce) {
    const batch: { readonly what: string; readonly impostor: Impostor<T> }[] = []
    for (const { protocol, tampering, what } of ways.slice(from, from + atOnce)) {
      batch.push({ what, impostor: await tools.impostor(tampering, protocol) })
      await pause(ground)
    }
    for (const { impostor } of batch) {
      if ((await look(tools, impostor)) === 'hung') impostor.line?.mute()
    }
    const made = batch.filter(({ what }) => !isNone(what))
    await outlast(
      tools,
      made.map(({ impostor }) => impostor.line),
    )
    for (const { impostor, what } of made) {
      const { line } = impostor
      if (line === undefined) continue
      const isUp = !hasEnded(line) && impostor.active() !== undefined
      taken.push(takenOf(ground, what, line, isUp ? 'active' : mannerOf(line)))
      if (!hasEnded(line)) isOpen.push(what)
    }
    for (const { impostor } of batch) await impostor.stop()
  }
  return { taken, isOpen }
}

/** What follows from connections that were still open when their time was over. */
export function judgeOpen<T extends ProtocolTypes>(
  { deadlineMs, isImpatient }: Pick<AttackTools<T>, 'deadlineMs' | 'isImpatient'>,
  isOpen: readonly string[],
): Pick<Findings, 'unsure' | 'wrong'> {
  const said = isOpen.map((what) => `${what}: still open after ${deadlineMs} ms`)
  return isImpatient ? { wrong: [], unsure: said } : { wrong: said, unsure: [] }
}

/** Places of so many bytes, at most so many of them: the first ones all, then evenly. */
export function placesIn(bytes: number, placesMax: number): readonly number[] {
  if (bytes <= placesMax) return Array.from({ length: bytes }, (_, place) => place)
  const first = Math.ceil(placesMax / 2)
  const rest = placesMax - first
  const step = (bytes - first) / rest
  return Array.from({ length: placesMax }, (_, index) =>
    index < first ? index : first + Math.floor((index - first) * step),
  )
}
