/**
 * Honest bytes, cut otherwise than they were written. A stream promises nothing of its cuts, so whoever
 * is attacked has to take them as it takes the honest peer's.
 * @module
 */
import type { ProtocolTypes } from '../../../machines/session.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { bend, HUNG_MS, placesIn } from '../bending.ts'
import type { Bent } from '../bending.ts'
import { openingOf } from '../exchange.ts'
import type { Impostor } from '../impostor.ts'
import type { Taken } from '../report.ts'
import { hasEnded, pause } from '../strangers.ts'

/** A platform's turn or two: what was written before is read before. */
const APART_MS = 2
/** What a session has to say at one time, it says within so long. */
const GATHERED_MS = 20

/** Sees to what is held back, until the session is up and what it said is out. */
async function drive<T extends ProtocolTypes>(
  { deadlineMs, ground, messages }: AttackTools<T>,
  impostor: Impostor<T>,
  release: (line: NonNullable<Impostor<T>['line']>) => Promise<void>,
): Promise<void> {
  const overMs = ground.nowMs() + deadlineMs
  const held = (): number => impostor.line?.heldBytes ?? 0
  let isToldToTalk = false
  while (ground.nowMs() < overMs) {
    const name = impostor.active()
    if (name !== undefined && !isToldToTalk) {
      isToldToTalk = true
      for (const message of messages) impostor.supervisor.send(name, message)
    }
    const isOver = () => hasEnded(impostor.line)
    const isUp = () => !isToldToTalk && impostor.active() !== undefined
    const isMore = await ground.until(() => held() > 0 || isOver() || isUp(), HUNG_MS)
    if (!isMore || isOver()) return
    if (impostor.line !== undefined && held() > 0) await release(impostor.line)
    if (isToldToTalk && held() === 0) return
  }
}

/** Each of them has to come up. */
async function allTaken<T extends ProtocolTypes>(
  tools: AttackTools<T>,
  ways: readonly Bent<T>[],
): Promise<Findings> {
  const bent = await bend(tools, ways)
  const refused = bent.taken.filter(({ manner }) => manner !== 'active')
  const sentences = (some: typeof refused, why: string): readonly string[] =>
    some.map(({ manner, what }) => `${what}: no session came up (${manner}${why})`)
  if (!tools.ground.hasHosts) return { ...bent, wrong: [], unsure: sentences(refused, '') }
  // On a machine that is busy enough an honest handshake takes too long, whatever it is cut into.
  const isSlow = ({ saidMs }: Taken): boolean => saidMs > tools.establishMs / 2
  return {
    ...bent,
    wrong: sentences(
      refused.filter((one) => !isSlow(one)),
      '',
    ),
    unsure: sentences(refused.filter(isSlow), ', and it was said too slowly'),
  }
}

const byteByByte = <T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> =>
  allTaken(tools, [
    {
      what: 'each byte by itself',
      tampering: { holds: true },
      drive: (impostor) =>
        drive(tools, impostor, async (line) => {
          line.release(1)
          await pause(tools.ground, APART_MS)
        }),
    },
  ])

const split = <T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> => {
  const places = placesIn(openingOf(tools.exchange).length, tools.sizes.placesMax)
  return allTaken(
    tools,
    places.slice(1).map((place) => ({
      what: `cut after ${place} bytes`,
      tampering: { holds: true },
      drive: (impostor) =>
        drive(tools, impostor, async (line) => {
          line.release(line.saidBytes < place ? place - line.saidBytes : line.heldBytes)
          await pause(tools.ground, APART_MS)
        }),
    })),
  )
}

const coalesced = <T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> =>
  allTaken(tools, [
    {
      what: 'all that is said at one time in one write',
      tampering: { holds: true },
      drive: (impostor) =>
        drive(tools, impostor, async (line) => {
          await pause(tools.ground, GATHERED_MS)
          const name = impostor.active()
          if (name !== undefined) {
            for (const message of tools.messages) impostor.supervisor.send(name, message)
            await pause(tools.ground, GATHERED_MS)
          }
          line.release(line.heldBytes)
        }),
    },
  ])

const RULE = 'a session comes up all the same'

export const CUTS = {
  'byte-by-byte': { rule: `honest bytes come one at a time: ${RULE}`, run: byteByByte },
  split: { rule: `honest bytes are cut in two, anywhere: ${RULE}`, run: split },
  coalesced: { rule: `honest bytes come as few writes as can be: ${RULE}`, run: coalesced },
} satisfies Record<string, Attack>
