/**
 * `peerloom attack`: a hostile peer against a node on this machine. It goes to loopback and nowhere
 * else, and resolves no name to get there.
 * @module
 */
import type { ProtocolTools, ToolValues } from '../../actors/protocol-tools.ts'
import { canonicalHost } from '../../codec/host.ts'
import { isLoopback } from '../../codec/place.ts'
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { ATTACK_NAMES, HostileFault, hostilePeer } from '../../testing/hostile/hostile-peer.ts'
import type { HostilePeer } from '../../testing/hostile/hostile-peer.ts'
import type { AttackName, AttackReport } from '../../testing/hostile/report.ts'
import { tcpGround } from '../../testing/hostile/tcp-ground.ts'
import { CommandFault } from '../command-fault.ts'
import { drawKey } from '../key-file.ts'
import { print } from '../standard-output.ts'
import { attackFields, attackSentences, summaryOf, summarySentence } from './sentences.ts'
import { jsonLine } from '../json.ts'
import type { AttackOptions } from './options.ts'

/** What cannot be made of what a person wrote is usage. */
function asUsage<Value>(run: () => Value): Value {
  try {
    return run()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new CommandFault(2, cause.message, { cause })
  }
}

function namesOf(only: readonly string[]): readonly AttackName[] {
  const isName = (text: string): text is AttackName =>
    ATTACK_NAMES.some((name: string) => name === text)
  const unknown = only.find((text) => !isName(text))
  if (unknown !== undefined) {
    throw new CommandFault(2, `there is no attack ${unknown}; there is: ${ATTACK_NAMES.join(', ')}`)
  }
  return only.length === 0 ? ATTACK_NAMES : ATTACK_NAMES.filter((name) => only.includes(name))
}

/** The host that is attacked. @throws {CommandFault} it is none of this machine alone */
function hostOf<T extends ProtocolTypes>({ addresses }: Protocol<T>, to: string): string {
  const parsed = addresses.parse(to)
  if ('wrong' in parsed) throw new CommandFault(2, `${to}: ${parsed.wrong}`)
  const { host } = addresses.socket(parsed.address)
  if (isLoopback(host)) return host
  const why =
    canonicalHost(host) === undefined
      ? `${host} is a name, and no name is resolved for an attack`
      : `${host} is not of this machine alone`
  throw new CommandFault(2, `${why}: it goes to 127.0.0.1, ::1 or another loopback address`)
}

async function* attacksOf(
  peer: HostilePeer,
  names: readonly AttackName[],
): AsyncGenerator<AttackReport, void> {
  try {
    yield* peer.attackAll(names)
  } catch (cause) {
    if (!(cause instanceof HostileFault)) throw cause
    throw new CommandFault(1, cause.message, { cause })
  }
}

/** The exit code: 1 where an attack did something to the node. @throws {CommandFault} */
export async function runAttack<T extends ProtocolTypes>(
  tools: ProtocolTools<T>,
  options: AttackOptions,
  values: ToolValues,
): Promise<number> {
  const { isPrivateKey, messages = [] } = tools
  const names = namesOf(options.only)
  const protocol = (): Protocol<T> => {
    const privateKey = isPrivateKey === undefined ? undefined : drawKey(isPrivateKey)
    return tools.create(values, { privateKey })
  }
  const ground = await tcpGround(hostOf(asUsage(protocol), options.to))
  const peer = hostilePeer(options.to, protocol, {
    ground,
    messages,
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  })
  if (!options.json && !ground.hasHosts) {
    print('this machine has one loopback address: honest peers have the host of the attacker')
  }
  const reports: AttackReport[] = []
  const now = (): string => new Date().toISOString()
  for await (const report of attacksOf(peer, names)) {
    reports.push(report)
    if (options.json) print(jsonLine({ event: 'attack', ...attackFields(report), time: now() }))
    else for (const sentence of attackSentences(report)) print(sentence)
  }
  const summary = summaryOf(reports)
  if (options.json) print(jsonLine({ event: 'summary', ...summary, time: now() }))
  else print(summarySentence(summary))
  return summary.failed.length === 0 ? 0 : 1
}
