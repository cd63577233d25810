/**
 * A peer that is nearly honest: a whole node of the network, whose streams are those of a hostile
 * process. What it says is right, up to where an attack bends it; so an attack comes as far as the
 * network lets an honest peer come, without knowing the network.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import { createSupervisor } from '../../index.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Supervisor } from '../../supervisor/supervisor-contract.ts'
import type { SocketAddress, Streams } from '../../world/streams.ts'
import type { HostileGround, HostileProcess } from './ground.ts'
import { hostileLines } from './lines.ts'
import type { HostileLine, Tampering } from './lines.ts'

/** To open a store in memory and to give up what is held; a busy machine takes some of it. */
const PROMPT_MS = 5_000

export interface StartedNode<T extends ProtocolTypes> {
  readonly supervisor: Supervisor<T>
  /** The name of its active connection. */
  active(): string | undefined
  /** All that it holds is given back. */
  stop(graceMs: number): Promise<void>
}

export interface NodeSetup<T extends ProtocolTypes> {
  readonly ground: HostileGround
  readonly process: HostileProcess
  readonly streams: Streams
  readonly protocol: Protocol<T>
  readonly address: string
}

/** A node that dials the address, and goes on dialling it. */
export async function startNode<T extends ProtocolTypes>(
  setup: NodeSetup<T>,
): Promise<StartedNode<T>> {
  const { address, ground, process, protocol, streams } = setup
  // No datagrams: an attack is on streams, and an address that a peer tells is not to be written to.
  const { clock, crypto, jobs, names, random, store } = process.world
  const supervisor = createSupervisor<T>({
    name: 'peer',
    protocol,
    transport: streams,
    store,
    world: { clock, crypto, jobs, names, random },
  })
  const started = supervisor.start()
  await ground.until(() => supervisor.state !== 'starting', PROMPT_MS)
  await started
  // Whether it comes up is seen at its connections, and is no fault of ours.
  supervisor.connect(address, { timeoutMs: PROMPT_MS }).catch(() => undefined)
  return {
    supervisor,
    active: () => supervisor.connections().find(({ phase }) => phase === 'active')?.name,
    async stop(graceMs) {
      const stopped = supervisor.stop({ graceMs })
      await ground.until(() => supervisor.state !== 'stopping', PROMPT_MS)
      await stopped
      process.end()
    },
  }
}

export interface Impostor<T extends ProtocolTypes> {
  readonly supervisor: Supervisor<T>
  /** The one that is tampered with, once it is dialled. */
  readonly line: HostileLine | undefined
  readonly lines: readonly HostileLine[]
  active(): string | undefined
  /** Its stream is reset, if it is still open. */
  stop(): Promise<void>
}

export interface ImpostorOptions<T extends ProtocolTypes> {
  readonly ground: HostileGround
  readonly target: SocketAddress
  readonly address: string
  readonly protocol: Protocol<T>
  readonly attempt: number
  readonly tampering?: Tampering
}

export async function startImpostor<T extends ProtocolTypes>(
  options: ImpostorOptions<T>,
): Promise<Impostor<T>> {
  const { address, attempt, ground, protocol, tampering = {}, target } = options
  const process = ground.process('hostile')
  const { close, lines, streams } = hostileLines({
    process,
    target,
    attempt,
    tampering,
    nowMs: ground.nowMs,
  })
  const { active, stop, supervisor } = await startNode({
    ground,
    process,
    streams,
    protocol,
    address,
  })
  return {
    supervisor,
    get line() {
      return lines[attempt - 1]
    },
    lines,
    active,
    async stop() {
      close()
      await stop(1)
    },
  }
}
