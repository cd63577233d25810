/**
 * Whom a node lets in: what comes is asked of admission before it costs anything, gets a slot, or a
 * place that the network gives up for it.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import type { Accepted } from '../actors/listener.ts'
import type { EvictionCandidate, NodePart, Protocol, RefusalReason } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Random } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SocketAddress, StreamId, Streams } from '../world/streams.ts'
import type { Admission } from './admission.ts'
import type { Connections } from './connections.ts'
import type { SupervisorEvent } from './events.ts'
import type { Exemption } from './exemption.ts'
import { createRefusing } from './refusing.ts'
import type { Slots } from './slots.ts'

export interface LettingInOptions<T extends ProtocolTypes> {
  readonly admission: Admission
  readonly crypto: CryptoBackend
  readonly connections: Connections<T>
  readonly loop: StepLoop
  readonly nodePart: NodePart<T>
  readonly protocol: Protocol<T>
  /** For the network's choice of whom to give up; its fork, for what is written to the refused. */
  readonly random: Random
  readonly slots: Slots
  readonly streams: Streams
  /** The rest of a host's ban. */
  bannedMs(host: string): number | undefined
  isDiscouraged(host: string): boolean
  begin(connection: Connection<T>): void
  readonly exemption: Exemption<T>
  isRunning(): boolean
  /** Whoever comes is refused without a word. */
  isPaused(): boolean
  tell(event: SupervisorEvent): void
  /** A part of the network's threw: gives back what the connection of this name holds. */
  unmake(name: string, error: unknown): void
}

export interface LettingIn {
  accept(accepted: Accepted): void
  /** Whom the network gives up for a newcomer. */
  evictee(): string | undefined
  /** Nobody is let in any more, and whoever is being refused is gone. */
  stop(): void
}

export function createLettingIn<T extends ProtocolTypes>({
  admission,
  bannedMs,
  begin,
  connections,
  crypto,
  exemption,
  isDiscouraged,
  isPaused,
  isRunning,
  loop,
  nodePart,
  protocol,
  random,
  slots,
  streams,
  tell,
  unmake,
}: LettingInOptions<T>): LettingIn {
  const { addresses } = protocol
  const refusing = createRefusing({
    ...{ crypto, loop, protocol, streams },
    random: random.fork('refusals'),
  })

  /** Of those that came in: found out once, because each newcomer has all looked at. */
  const standings = new WeakMap<
    Connection<T>,
    { readonly group: string; readonly isExempt: boolean }
  >()

  const standingOf = (connection: Connection<T>) => {
    const { host } = connection.view.remote
    const standing = standings.get(connection) ?? {
      ...{ group: addresses.group(host), isExempt: exemption.ofConnection(connection) },
    }
    standings.set(connection, standing)
    return standing
  }

  /** Whom the network gives up for a newcomer. */
  function evictee(): string | undefined {
    if (nodePart.evict === undefined) return undefined
    const candidates = connections
      .all()
      .filter(({ view: { phase, role } }) => role === 'listener' && phase === 'active')
      .filter((connection) => !standingOf(connection).isExempt)
      .map((connection): EvictionCandidate<T> => {
        const { view: seen } = connection
        const lastMessageMs = connection.lastMessageMs()
        const { facts, identity, phase, readyMs } = seen
        const { group } = standingOf(connection)
        const about = { group, isDiscouraged: isDiscouraged(seen.remote.host) }
        return { ...seen, facts, identity, phase, readyMs, lastMessageMs, ...about }
      })
    return nodePart.evict(candidates, random)
  }

  const accept = (accepted: Accepted): void => {
    const { stream } = accepted
    if (!isRunning()) {
      streams.destroy(stream)
      return
    }
    if (isPaused()) {
      tell({ type: 'connection.refused', remote: accepted.remote, why: 'paused' })
      streams.destroy(stream)
      return
    }
    const name = connections.newName('listener')
    try {
      letIn(name, accepted)
    } catch (error) {
      unmake(name, error)
      streams.destroy(stream)
    }
  }

  const refuse = (remote: SocketAddress, stream: StreamId, why: RefusalReason): void => {
    tell({ type: 'connection.refused', remote, why })
    refusing.refuse(stream, why, why === 'banned' ? bannedMs(remote.host) : undefined)
  }

  const letIn = (name: string, { local, remote, stream }: Accepted): void => {
    const { host } = remote
    const group = addresses.group(host)
    const isExempt = exemption.ofArrival(remote, local)
    const decision = admission.decide({ name, host, group, isExempt }, loop.step.monotonicMs)
    if (!decision.admit) {
      refuse(remote, stream, decision.reason)
      return
    }
    if (decision.displace !== undefined) connections.get(decision.displace)?.drop('displaced')
    if (slots.free('listener') === 0) {
      const loser = evictee()
      if (loser !== undefined) connections.get(loser)?.drop('evicted')
    }
    const slot = slots.takeAny(name, 'listener')
    if (slot === undefined) {
      admission.ended(name, loop.step.monotonicMs, 0)
      refuse(remote, stream, 'slots-full')
      return
    }
    const connection = connections.create({
      name,
      role: 'listener',
      stream,
      local,
      remote,
      slot,
      target: undefined,
      dial: undefined,
    })
    standings.set(connection, { group, isExempt })
    begin(connection)
  }

  return { accept, evictee, stop: refusing.stop }
}
