/**
 * An honest peer: a node of the network with nothing bent. Whether it comes in, and may talk, is what
 * an attack is judged by.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { SocketAddress, Streams } from '../../world/streams.ts'
import type { HostileGround } from './ground.ts'
import { startNode } from './impostor.ts'
import type { Served } from './report.ts'

/** How long a connection has to stay once it has said what it had to say. */
const STAYS_MS = 100
const GRACE_MS = 1_000

export interface HonestOptions<T extends ProtocolTypes> {
  readonly ground: HostileGround
  readonly target: SocketAddress
  readonly address: string
  readonly protocol: Protocol<T>
  /** What it says once it is in. */
  readonly messages: readonly T['message'][]
  readonly withinMs: number
}

/** Dials nobody else: what a peer tells of others is none of ours. */
const onlyTo = (streams: Streams, target: SocketAddress): Streams => ({
  ...streams,
  open(stream, address) {
    if (address.host === target.host && address.port === target.port) streams.open(stream, address)
  },
})

export async function visitHonestly<T extends ProtocolTypes>(
  options: HonestOptions<T>,
): Promise<Served> {
  const { ground, messages, protocol, target, withinMs } = options
  const process = ground.process('honest')
  const startedMs = ground.nowMs()
  const streams = onlyTo(process.world.streams, target)
  const node = await startNode({ ...options, process, streams, protocol })
  const { active, supervisor } = node
  const leftMs = (): number => Math.max(0, startedMs + withinMs - ground.nowMs())
  let why = `its session was not up within ${withinMs} ms`
  try {
    // Where who is dialled says nothing, a session is up before it is known whether it is wanted.
    while (await ground.until(() => active() !== undefined, leftMs())) {
      const afterMs = Math.round(ground.nowMs() - startedMs)
      const name = active() ?? ''
      for (const message of messages) supervisor.send(name, message)
      const connection = () => supervisor.connections().find((one) => one.name === name)
      const isAway = () => (connection()?.unsentBytes ?? 0) === 0
      const isSaid = await ground.until(isAway, leftMs())
      await ground.until(() => active() !== name, STAYS_MS)
      if (isSaid && active() === name) return { isServed: true, afterMs }
      why = isSaid ? 'its session was ended' : 'what it said was not taken'
    }
    return { isServed: false, afterMs: Math.round(ground.nowMs() - startedMs), why }
  } finally {
    await node.stop(GRACE_MS)
  }
}
