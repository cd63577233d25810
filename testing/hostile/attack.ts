/**
 * What every attack stands on, and what it hands back: it sees the ground, the honest exchange and the
 * way to start impostors; it says what it saw and what of it broke its rule. The verdict is given
 * elsewhere.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { SocketAddress } from '../../world/streams.ts'
import type { Exchange } from './exchange.ts'
import type { HostileGround } from './ground.ts'
import type { Impostor } from './impostor.ts'
import type { Tampering } from './lines.ts'
import type { Served, Taken } from './report.ts'

export interface AttackTools<T extends ProtocolTypes> {
  readonly ground: HostileGround
  readonly target: SocketAddress
  readonly exchange: Exchange
  /** A fresh one each time: an identity of its own, where the network has them. */
  protocol(): Protocol<T>
  /** What an application says. */
  readonly messages: readonly T['message'][]
  /** What the network gives a handshake. */
  readonly establishMs: number
  /** From open to the end of what never becomes a session. */
  readonly deadlineMs: number
  /** Whether that is shorter than what the network says of itself: then an open end proves nothing. */
  readonly isImpatient: boolean
  /** How many connections an attack has at once, but for floods. */
  readonly atOnce: number
  readonly sizes: AttackSizes
  honest(): Promise<Served>
  impostor(tampering: Tampering, protocol?: Protocol<T>): Promise<Impostor<T>>
}

/** How much is done; the defaults say why. */
export interface AttackSizes {
  /** Places of an exchange that are tried. */
  readonly placesMax: number
  /** Connections of a flood. */
  readonly connectionsMax: number
  /** Messages of a flood, and how long it lasts at most. */
  readonly messagesMax: number
  readonly messagesMs: number
  /** What is poured behind a length that is too large. */
  readonly pouredBytes: number
}

export const ATTACK_SIZES: AttackSizes = {
  /** A handshake has a few hundred bytes: its first ones all, of the rest each tenth or so. */
  placesMax: 32,
  /** Far above the pending connections and slots of any network here. */
  connectionsMax: 200,
  /** Above the window of any count limit here; a few seconds of it. */
  messagesMax: 20_000,
  messagesMs: 3_000,
  /** Twice the largest message of the networks here. */
  pouredBytes: 8 * 1_024 * 1_024,
}

export interface Findings {
  readonly taken: readonly Taken[]
  readonly honestDuring: Served
  /** What broke the rule, in words. */
  readonly wrong: readonly string[]
  /** What could not be seen. */
  readonly unsure: readonly string[]
}

export interface Attack {
  readonly rule: string
  run<T extends ProtocolTypes>(tools: AttackTools<T>): Promise<Findings>
}
