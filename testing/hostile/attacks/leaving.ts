/**
 * Peers that leave without a word, at each step of an exchange: by a reset, or by ending their side and
 * staying to see what comes.
 * @module
 */
import type { ProtocolTypes } from '../../../machines/session.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { HUNG_MS, judgeOpen, placesIn } from '../bending.ts'
import type { Impostor } from '../impostor.ts'
import type { HostileLine } from '../lines.ts'
import type { Served, Taken } from '../report.ts'
import { hasEnded, outlast, pause, takenOf } from '../strangers.ts'

interface Leaver<T extends ProtocolTypes> {
  readonly what: string
  readonly impostor: Impostor<T>
  hasLeft(): boolean
}

async function startLeaver<T extends ProtocolTypes>(
  tools: AttackTools<T>,
  step: number,
  leave: (line: HostileLine) => void,
  what: string,
): Promise<Leaver<T>> {
  const { ground, messages } = tools
  let hasLeft = false
  const impostor = await tools.impostor({
    happened(line, count) {
      if (count !== step) return
      hasLeft = true
      leave(line)
    },
  })
  const isOver = () => hasLeft || hasEnded(impostor.line)
  await ground.until(() => isOver() || impostor.active() !== undefined, HUNG_MS)
  const name = impostor.active()
  if (name !== undefined && !isOver()) {
    for (const message of messages) impostor.supervisor.send(name, message)
    await pause(ground)
  }
  return { what, impostor, hasLeft: () => hasLeft }
}

async function leaving<T extends ProtocolTypes>(
  tools: AttackTools<T>,
  leave: (line: HostileLine) => void,
  how: string,
): Promise<Findings & { readonly notEnded: readonly string[] }> {
  const { atOnce, exchange, ground, honest, sizes } = tools
  const steps = placesIn(exchange.happenings, sizes.placesMax).map((place) => place + 1)
  const taken: Taken[] = []
  const staying: Leaver<T>[] = []
  let honestDuring: Served | undefined

  const note = ({ hasLeft, impostor: { line }, what }: Leaver<T>): boolean => {
    if (line === undefined || !hasLeft()) return false
    taken.push(takenOf(ground, what, line, how === 'reset' ? 'left' : undefined))
    return !hasEnded(line)
  }

  for (let from = 0; from < steps.length; from += atOnce) {
    const batch: Leaver<T>[] = []
    for (const step of steps.slice(from, from + atOnce)) {
      batch.push(await startLeaver(tools, step, leave, `${how} after step ${step}`))
      await pause(ground)
    }
    const isOver = ({ hasLeft, impostor }: Leaver<T>) => !hasLeft() || hasEnded(impostor.line)
    await ground.until(() => batch.every(isOver), HUNG_MS)
    honestDuring ??= await honest()
    for (const leaver of batch) {
      if (!isOver(leaver) && staying.length < atOnce) {
        staying.push(leaver)
        continue
      }
      note(leaver)
      await leaver.impostor.stop()
    }
  }
  await outlast(
    tools,
    staying.map(({ impostor }) => impostor.line),
  )
  const notEnded: string[] = []
  for (const leaver of staying) {
    if (note(leaver)) notEnded.push(leaver.what)
    await leaver.impostor.stop()
  }
  return { taken, honestDuring: honestDuring ?? (await honest()), wrong: [], unsure: [], notEnded }
}

async function reset<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { honestDuring, taken, unsure, wrong } = await leaving(
    tools,
    (line) => line.reset(),
    'reset',
  )
  return { honestDuring, taken, unsure, wrong }
}

async function halfClosed<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { honestDuring, notEnded, taken } = await leaving(
    tools,
    (line) => line.finish(),
    'half closed',
  )
  return { taken, honestDuring, ...judgeOpen(tools, notEnded) }
}

export const LEAVING = {
  reset: { rule: 'a connection may break at any step: honest peers notice nothing', run: reset },
  'half-closed': {
    rule: 'whoever ends its side, at any step, is let go within the time of a handshake',
    run: halfClosed,
  },
} satisfies Record<string, Attack>
