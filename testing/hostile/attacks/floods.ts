/**
 * More than anybody can serve: connections from one host, connections from everywhere, messages of one
 * session. An honest peer has to come in while it lasts.
 * @module
 */
import type { ProtocolTypes } from '../../../machines/session.ts'
import type { Attack, AttackTools, Findings } from '../attack.ts'
import { HUNG_MS, judgeOpen } from '../bending.ts'
import { hasEnded, outlast, pause, startStrangers, takenOf } from '../strangers.ts'
import type { Strangers } from '../strangers.ts'

/** For a system to open as many streams as a flood has. */
const OPENED_MS = 5_000
/** Messages between two looks at how they are taken. */
const MESSAGES_AT_ONCE = 500

async function floodedBy<T extends ProtocolTypes>(
  tools: AttackTools<T>,
  hosts: readonly Strangers[],
): Promise<Findings> {
  const { ground, honest } = tools
  const lines = hosts.flatMap((host) => host.lines)
  await ground.until(
    () => lines.every((line) => line.openedMs !== undefined || hasEnded(line)),
    OPENED_MS,
  )
  const honestDuring = await honest()
  await outlast(tools, lines)
  const taken = lines.map((line, index) => takenOf(ground, `connection ${index + 1}`, line))
  const openCount = taken.filter(({ manner }) => manner === 'open').length
  for (const { leave } of hosts) leave()
  const isOpen = openCount === 0 ? [] : [`${openCount} of ${lines.length} silent connections`]
  return { taken, honestDuring, ...judgeOpen(tools, isOpen) }
}

const fromOneHost = <T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> =>
  floodedBy(tools, [startStrangers(tools, tools.sizes.connectionsMax)])

const fromManyHosts = <T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> =>
  floodedBy(
    tools,
    Array.from({ length: tools.sizes.connectionsMax }, () => startStrangers(tools, 1)),
  )

async function messageFlood<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings> {
  const { ground, honest, messages, sizes } = tools
  if (messages.length === 0) {
    const unsure = ['the network names no message to say too often']
    return { taken: [], honestDuring: await honest(), wrong: [], unsure }
  }
  const impostor = await tools.impostor({})
  const isOver = () => hasEnded(impostor.line)
  await ground.until(() => isOver() || impostor.active() !== undefined, HUNG_MS)
  const name = impostor.active()
  const overMs = ground.nowMs() + sizes.messagesMs
  let said = 0

  const sayMany = (): void => {
    if (name === undefined) return
    for (let count = 0; count < MESSAGES_AT_ONCE && said < sizes.messagesMax; count++) {
      const message = messages[said % messages.length]
      if (message === undefined || impostor.supervisor.send(name, message) !== 'queued') return
      said++
    }
  }

  sayMany()
  const honestDuring = await honest()
  while (!isOver() && said < sizes.messagesMax && ground.nowMs() < overMs) {
    sayMany()
    await pause(ground)
  }
  const { line } = impostor
  const manner = isOver() ? undefined : 'active'
  const what = `${said} messages as fast as they are taken`
  const taken = line === undefined ? [] : [takenOf(ground, what, line, manner)]
  await impostor.stop()
  const unsure = name === undefined ? ['no session came up to say them on'] : []
  return { taken, honestDuring, wrong: [], unsure }
}

const SERVED = 'an honest peer of another host comes in'

export const FLOODS = {
  'flood-from-one-host': {
    rule: `while one host opens connections without end, ${SERVED}; each of them is ended`,
    run: fromOneHost,
  },
  'flood-from-many-hosts': {
    rule: `while many hosts open connections, ${SERVED}; each of them is ended`,
    run: fromManyHosts,
  },
  'message-flood': {
    rule: `while a peer says more than anybody can want, ${SERVED}`,
    run: messageFlood,
  },
} satisfies Record<string, Attack>
