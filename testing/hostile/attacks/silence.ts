/**
 * Peers that say nothing, or next to nothing, and peers that do not listen: what they cost is a place,
 * for as long as they are let have it.
 * @module
 */
import type { ProtocolTypes } from '../../../machines/session.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { HUNG_MS, judgeOpen } from '../bending.ts'
import { openingOf } from '../exchange.ts'
import { hasEnded, outlast, pause, startStrangers, takenOf } from '../strangers.ts'

/** An honest handshake would take so many deadlines, byte by byte. */
const TRICKLED_DEADLINES = 2.5

async function halfOpen<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { ground, honest } = tools
  const { leave, lines } = startStrangers(tools, 1)
  const honestDuring = await honest()
  await outlast(tools, lines)
  const isOpen = lines.every(hasEnded) ? [] : ['a connection that says nothing']
  const taken = lines.map((line) => takenOf(ground, 'says nothing', line))
  leave()
  return { taken, honestDuring, ...judgeOpen(tools, isOpen) }
}

async function trickle<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { deadlineMs, exchange, ground, honest } = tools
  const everyMs = (TRICKLED_DEADLINES * deadlineMs) / openingOf(exchange).length
  const impostor = await tools.impostor({ holds: true })
  const honestDuring = await honest()
  const { line } = impostor
  if (line === undefined) {
    await impostor.stop()
    return { taken: [], honestDuring, wrong: [], unsure: ['no stream was opened'] }
  }
  const overMs = (line.openedMs ?? line.askedMs) + deadlineMs
  while (!hasEnded(line) && ground.nowMs() < overMs) {
    line.release(1)
    await ground.until(() => hasEnded(line), Math.min(everyMs, overMs - ground.nowMs()))
  }
  const what = 'a handshake a byte at a time, slowly'
  const taken = [takenOf(ground, what, line)]
  const isOpen = hasEnded(line) ? [] : [what]
  await impostor.stop()
  return { taken, honestDuring, ...judgeOpen(tools, isOpen) }
}

async function neverReads<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { exchange, ground, honest, messages } = tools
  let isDeaf = false
  const fromTheStart = await tools.impostor({ readsNothing: () => true })
  const later = await tools.impostor({ readsNothing: () => isDeaf })
  await ground.until(() => later.active() !== undefined || hasEnded(later.line), HUNG_MS)
  isDeaf = true
  const name = later.active()
  if (name !== undefined) for (const message of messages) later.supervisor.send(name, message)
  const lines = [fromTheStart.line, later.line]
  await pause(ground)
  for (const line of lines) line?.mute()
  const honestDuring = await honest()
  await outlast(tools, lines)
  // Nobody looks at a stream that is not read.
  for (const line of lines) line?.listen()
  await ground.until(() => lines.every(hasEnded), HUNG_MS)

  const [first, second] = lines
  // Where the first write is the whole opening, the far side has its session.
  const isSession = exchange.opening.length < 2
  const isOpen =
    first === undefined || hasEnded(first) || isSession ? [] : ['a handshake that reads nothing']
  const taken = [
    ...(first === undefined ? [] : [takenOf(ground, 'reads nothing from the start', first)]),
    ...(second === undefined ? [] : [takenOf(ground, 'reads nothing once it is active', second)]),
  ]
  await fromTheStart.stop()
  await later.stop()
  return { taken, honestDuring, ...judgeOpen(tools, isOpen) }
}

export const SILENCE = {
  'half-open': {
    rule: 'whoever connects and says nothing is ended within the time of a handshake',
    run: halfOpen,
  },
  trickle: {
    rule: 'a handshake that comes a byte at a time is ended when its time is over, progress or not',
    run: trickle,
  },
  'never-reads': {
    rule: 'whoever reads nothing holds nobody up, and gets no further than a handshake takes',
    run: neverReads,
  },
} satisfies Record<string, Attack>
