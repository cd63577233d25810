/**
 * An honest session's bytes, said again by somebody else. Where peers prove who they are, that is no
 * proof the second time.
 * @module
 */
import { concatBytes } from '../../../codec/bytes.ts'
import type { ProtocolTypes } from '../../../machines/session.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { HUNG_MS, judgeOpen } from '../bending.ts'
import type { HostileLine } from '../lines.ts'
import { hasEnded, outlast, pause, startStrangers, takenOf } from '../strangers.ts'

async function replayed<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { exchange, ground, honest, protocol } = tools
  const { later, opening } = exchange
  const pieces: Readonly<Record<string, readonly Uint8Array[]>> = {
    'an earlier session, all at once': [concatBytes(...opening, ...later)],
    'an earlier session, write by write': [...opening, ...later],
    'the opening of an earlier session': opening,
  }
  const replays: { readonly what: string; readonly line: HostileLine; leave(): void }[] = []
  for (const [what, writes] of Object.entries(pieces)) {
    const { leave, lines } = startStrangers(tools, 1)
    const [line] = lines
    if (line === undefined) continue
    replays.push({ what, line, leave })
    await ground.until(() => line.openedMs !== undefined || hasEnded(line), HUNG_MS)
    for (const bytes of writes) {
      line.say(bytes)
      await pause(ground)
    }
  }
  const honestDuring = await honest()
  // Where who is dialled says nothing first, no opening can be told from its replay.
  const provesIdentity = protocol().identity !== undefined && exchange.heardBytes > 0
  if (provesIdentity) {
    await outlast(
      tools,
      replays.map(({ line }) => line),
    )
  }
  const taken = replays.map(({ line, what }) => takenOf(ground, what, line))
  for (const { leave } of replays) leave()
  const isOpen = taken.filter(({ manner }) => provesIdentity && manner === 'open')
  return {
    ...{ taken, honestDuring },
    ...judgeOpen(
      tools,
      isOpen.map(({ what }) => what),
    ),
  }
}

export const REPLAYS = {
  replayed: {
    rule: 'where two prove to each other who they are, bytes of an earlier session make none and are ended',
    run: replayed,
  },
} satisfies Record<string, Attack>
