/**
 * An honest exchange as an attacker sees it: what is to be bent, cut and said again later. It is made
 * once, by an impostor that bends nothing.
 * @module
 */
import { concatBytes } from '../../codec/bytes.ts'
import type { Protocol } from '../../actors/protocol.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { HostileGround } from './ground.ts'
import { startImpostor } from './impostor.ts'
import type { ImpostorOptions } from './impostor.ts'

/** Enough for what a network says by itself as soon as a session is up. */
const SETTLE_MS = 300
/** A network that dials once more in another way needs two. */
const ATTEMPTS_MAX = 4

export interface Exchange {
  /** With which of its dials an honest peer comes in. */
  readonly attempt: number
  /** What was said up to and with what made the session ready, write by write, and afterwards. */
  readonly opening: readonly Uint8Array[]
  readonly later: readonly Uint8Array[]
  /** How often the session wrote before it was ready. */
  readonly sessionWrites: number
  /** What the other side had said by then. */
  readonly heardBytes: number
  /** How often it opened, said or heard something, to the end. */
  readonly happenings: number
  /** How long whoever ends a handshake whose time is over waits for an answer to that. */
  readonly farewellMs: number
}

type WireOf<T extends ProtocolTypes> = ReturnType<Protocol<T>['wire']>

/** The same network, whose wires do some things in another way. */
export function changedWire<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  change: (wire: WireOf<T>) => Partial<WireOf<T>>,
): Protocol<T> {
  return {
    ...protocol,
    wire(setup) {
      const wire = protocol.wire(setup)
      return {
        ...wire,
        get bufferedBytes() {
          return wire.bufferedBytes
        },
        ...change(wire),
      }
    },
  }
}

/** The same network; `onWrite` is called before each of its sessions' writes. */
const observedWire = <T extends ProtocolTypes>(
  protocol: Protocol<T>,
  onWrite: (wire: WireOf<T>) => void,
): Protocol<T> =>
  changedWire(protocol, (wire) => ({
    write(messages) {
      onWrite(wire)
      wire.write(messages)
    },
  }))

/** The same network; `onFacts` is told what was found out about a session that is up. */
function observedFacts<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  onFacts: (facts: T['facts'] | undefined) => void,
): Protocol<T> {
  return {
    ...protocol,
    node(tools) {
      const part = protocol.node(tools)
      return {
        ...part,
        ready(connection) {
          onFacts(connection.facts)
          part.ready?.(connection)
        },
      }
    },
  }
}

export interface RecordOptions<T extends ProtocolTypes> extends Omit<
  ImpostorOptions<T>,
  'attempt' | 'tampering'
> {
  readonly ground: HostileGround
  readonly messages: readonly T['message'][]
  readonly withinMs: number
}

/** Undefined: the session did not come up. */
export async function recordExchange<T extends ProtocolTypes>(
  options: RecordOptions<T>,
): Promise<Exchange | undefined> {
  const { ground, messages, protocol, withinMs } = options
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const said: Uint8Array[] = []
    let sessionWrites = 0
    let happenings = 0
    let facts: T['facts'] | undefined
    const observed = observedFacts(protocol, (found) => {
      facts = found
    })
    const impostor = await startImpostor({
      ...options,
      attempt,
      protocol: observedWire(observed, () => {
        sessionWrites++
      }),
      tampering: {
        alter(bytes) {
          said.push(bytes.slice())
          return bytes
        },
        happened(_, count) {
          happenings = count
        },
      },
    })
    try {
      const isOver = () =>
        impostor.active() !== undefined || impostor.lines[attempt - 1]?.end !== undefined
      await ground.until(isOver, withinMs)
      const name = impostor.active()
      const { line } = impostor
      // Nobody is there; what another attempt would find is nobody.
      if (impostor.lines.every(({ openedMs }) => openedMs === undefined)) return undefined
      if (name === undefined || line === undefined) continue
      const heardBytes = line.receivedBytes
      const [openingWrites, writesUntilReady] = [said.length, sessionWrites]
      for (const message of messages) impostor.supervisor.send(name, message)
      await ground.until(() => line.end !== undefined, SETTLE_MS)
      return {
        attempt,
        opening: said.slice(0, openingWrites),
        later: said.slice(openingWrites),
        sessionWrites: writesUntilReady,
        heardBytes,
        happenings,
        farewellMs:
          protocol.farewell?.(protocol.deadlines.establish.detail, 'handshaking', facts)
            ?.answerMs ?? 0,
      }
    } finally {
      await impostor.stop()
    }
  }
  return undefined
}

export const openingOf = ({ opening }: Exchange): Uint8Array => concatBytes(...opening)
