/**
 * A hostile peer of any network: it attacks a node at an address, one attack after the other, and says
 * of each how it was taken, whether honest peers noticed anything, and whether that will do. It knows
 * no network: it speaks by the manifest that it is given, and bends what that says.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import { canonicalHost } from '../../codec/host.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import { ATTACK_SIZES } from './attack.ts'
import type { Attack, AttackSizes, AttackTools, Findings } from './attack.ts'
import { CUTS } from './attacks/cuts.ts'
import { EARLY } from './attacks/early.ts'
import { FLOODS } from './attacks/floods.ts'
import { LEAVING } from './attacks/leaving.ts'
import { MUTATIONS } from './attacks/mutations.ts'
import { REPLAYS } from './attacks/replays.ts'
import { SILENCE } from './attacks/silence.ts'
import { recordExchange } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { ownedGround } from './ground.ts'
import type { HostileGround } from './ground.ts'
import { visitHonestly } from './honest-peer.ts'
import { startImpostor } from './impostor.ts'
import type { AttackName, AttackReport, Served } from './report.ts'

/** What a deadline may be late by on a machine that is busy. */
const LATE_MS = 2_000
/** Whoever is refused in a crowd comes back: the first waits of a backoff, of one, two and four seconds. */
const HONEST_MS_MIN = 10_000
/** At once, but for floods: an eighth of what may come in leaves room for the honest ones. */
const PLACES_SHARE = 8
const AT_ONCE_MAX = 8

const ATTACKS: Readonly<Record<AttackName, Attack>> = {
  ...CUTS,
  ...MUTATIONS,
  ...EARLY,
  ...REPLAYS,
  ...LEAVING,
  ...SILENCE,
  ...FLOODS,
}

/** In the order in which they are made. */
export const ATTACK_NAMES = Object.keys(ATTACKS) as readonly AttackName[]

export interface HostileOptions<T extends ProtocolTypes> {
  readonly ground: HostileGround
  /** What an application says in this network; without any, some attacks cannot be made. */
  readonly messages?: readonly T['message'][]
  /** For how long an open end is waited for. Default: as long as the network says, and a little. */
  readonly patienceMs?: number
  readonly sizes?: Partial<AttackSizes>
}

export interface HostilePeer {
  /** @throws {HostileFault} an honest peer does not come in to begin with */
  attack(name: AttackName): Promise<AttackReport>
  /** One after the other. Left out: all. @throws {HostileFault} as `attack` */
  attackAll(names?: readonly AttackName[]): AsyncGenerator<AttackReport, void>
}

/** Nothing can be said of a node that honest peers do not reach. */
export class HostileFault extends Error {
  override readonly name = 'HostileFault'
}

function verdictOf({ unsure, wrong }: Pick<Findings, 'unsure' | 'wrong'>): AttackReport['verdict'] {
  if (wrong.length > 0) return 'failed'
  return unsure.length > 0 ? 'unknown' : 'passed'
}

/**
 * @param address whom to attack, in the network's form; its host is an IP literal
 * @param protocol a manifest for each peer: an identity of its own, where the network has them
 * @throws {RangeError} the address is none, or its host is a name
 */
export function hostilePeer<T extends ProtocolTypes>(
  address: string,
  protocol: () => Protocol<T>,
  options: HostileOptions<T>,
): HostilePeer {
  const { ground, messages = [], sizes = {} } = options
  const { addresses, deadlines, slots } = protocol()
  const parsed = addresses.parse(address)
  if ('wrong' in parsed) throw new RangeError(`${address}: ${parsed.wrong}`)
  const { host: named, port } = addresses.socket(parsed.address)
  const host = canonicalHost(named)
  if (host === undefined) throw new RangeError(`${named} is a name, and no name is resolved`)
  const target = { host, port }
  const { connectMs, establish, flushMs } = deadlines
  const inbound = slots
    .filter(({ role }) => role === 'listener')
    .reduce((sum, { max }) => sum + max, 0)
  const withinMs = Math.max(HONEST_MS_MIN, connectMs + establish.ms)

  const visit = (on: HostileGround): Promise<Served> =>
    visitHonestly({ ground: on, target, address, protocol: protocol(), messages, withinMs })

  let exchange: Exchange | undefined
  const recorded = async (on: HostileGround): Promise<Exchange> => {
    exchange ??= await recordExchange({
      ...{ ground: on, target, address, protocol: protocol(), messages, withinMs },
    })
    if (exchange === undefined) {
      throw new HostileFault(`no session came up with ${address} within ${withinMs} ms`)
    }
    return exchange
  }

  const toolsOf = (known: Exchange, on: HostileGround): AttackTools<T> => {
    const ownMs = establish.ms + known.farewellMs + flushMs + LATE_MS
    const deadlineMs = Math.min(options.patienceMs ?? ownMs, ownMs)
    return {
      ...{ ground: on, target, exchange: known, protocol, messages, deadlineMs },
      establishMs: establish.ms,
      isImpatient: deadlineMs < ownMs,
      atOnce: Math.max(1, Math.min(AT_ONCE_MAX, Math.floor(inbound / PLACES_SHARE))),
      sizes: { ...ATTACK_SIZES, ...sizes },
      honest: () => visit(on),
      impostor: (tampering, own = protocol()) =>
        startImpostor({
          ...{ ground: on, target, address, tampering, protocol: own },
          attempt: known.attempt,
        }),
    }
  }

  /** Whether honest peers came in when it was last looked at. */
  let isServed = true

  const notMade = (attack: AttackName): AttackReport => ({
    attack,
    verdict: 'unknown',
    rule: ATTACKS[attack].rule,
    because: ['it was not made: an honest peer did not come in before it'],
    taken: [],
  })

  const unserved = (when: string, { isServed: isIn, why = '' }: Served): readonly string[] =>
    isIn ? [] : [`an honest peer ${when}: ${why}`]

  const attackOn = async (name: AttackName, on: HostileGround): Promise<AttackReport> => {
    const { rule, run } = ATTACKS[name]
    const tools = toolsOf(await recorded(on), on)
    if (!isServed) isServed = (await visit(on)).isServed
    if (!isServed) return notMade(name)
    const { honestDuring, taken, unsure, wrong } = await run(tools)
    const honestAfter = await visit(on)
    ;({ isServed } = honestAfter)
    const missed = [...unserved('during it', honestDuring), ...unserved('after it', honestAfter)]
    const found = on.hasHosts
      ? { wrong: [...wrong, ...missed], unsure }
      : // It may have been taken for the attacker, whose host it has.
        { wrong, unsure: [...unsure, ...missed] }
    return {
      ...{ attack: name, verdict: verdictOf(found), rule, taken, honestDuring, honestAfter },
      because: [...found.wrong, ...found.unsure],
    }
  }

  const attack = async (name: AttackName): Promise<AttackReport> => {
    const { endAll, ground: on } = ownedGround(ground)
    try {
      return await attackOn(name, on)
    } finally {
      endAll()
    }
  }

  return {
    attack,
    async *attackAll(names = ATTACK_NAMES) {
      for (const name of names) yield await attack(name)
    },
  }
}
