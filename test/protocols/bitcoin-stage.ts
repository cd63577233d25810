/**
 * A node of the Bitcoin network and peers of it that say what a test tells them to, one message at a time:
 * those that dial it, and those that it dials itself for one slot each.
 * @module
 */
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import type { VersionMessage } from '../../codec/bitcoin/negotiation.ts'
import type { BitcoinTransport } from '../../codec/bitcoin/wire.ts'
import type { ConnectionInfo } from '../../index.ts'
import type { BitcoinFacts } from '../../machines/handshakes/bitcoin/contract.ts'
import type { BitcoinOptions, BitcoinTypes } from '../../protocols/bitcoin.ts'
import { scriptedPeer } from '../../testing/scripted-peer.ts'
import type { ScriptedPeer } from '../../testing/scripted-peer.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { dialling, regtest, silent, VERACK, versionOf } from './bitcoin-support.ts'
import type { BitcoinProtocol } from './bitcoin-support.ts'

export const PORT = 18_444
export const OURS_HOST = '10.0.0.1'
const OURS = `${OURS_HOST}:${String(PORT)}`

export type BitcoinPeer = ScriptedPeer<BitcoinTypes>

export interface StageOptions extends BitcoinOptions {
  /** Slots for each of which our node dials a peer of its own. */
  readonly dials?: readonly string[]
  /** What is other about our node. */
  readonly change?: (protocol: BitcoinProtocol) => BitcoinProtocol
  readonly windowBytes?: number
}

export const typesOf = (peer: BitcoinPeer): readonly string[] => peer.heard.map(({ type }) => type)

export const factsOf = (connection: ConnectionInfo | undefined): BitcoinFacts | undefined =>
  connection?.facts as BitcoinFacts | undefined

/** A stream past every wire: bytes as they are, and what came back. */
export function startBytes(world: VirtualWorld, host = '10.0.0.70') {
  const { streams } = world.nodeWorld(`bytes from ${host}`, host)
  let [heardBytes, hasEnded] = [0, false]
  streams.start((input) => {
    if (input.kind === 'stream.opened') streams.resume(2)
    if (input.kind === 'stream.bytes') heardBytes += input.bytes.length
    if (input.kind === 'stream.ended') hasEnded = true
    if (input.kind === 'stream.failed') hasEnded = true
  })
  streams.open(2, { host: OURS_HOST, port: PORT })
  world.settle()
  return {
    write(bytes: Uint8Array): void {
      streams.write(2, bytes)
      world.settle()
    },
    heardBytes: () => heardBytes,
    hasEnded: () => hasEnded,
  }
}

export function startStage({ change, dials = [], windowBytes, ...options }: StageOptions = {}) {
  const world = startVirtualWorld({
    seed: 'bitcoin stage',
    ...(windowBytes === undefined ? {} : { windowBytes }),
  })
  const usual = change?.(regtest(options)) ?? regtest(options)
  const hosts = dials.map((_, index) => `10.0.1.${String(index + 1)}`)
  const dialled = hosts.map((host) => scriptedPeer(world, { protocol: silent(), host }))
  const protocol = dials.reduce(
    (one, slot, index) => dialling(one, `${hosts[index] ?? ''}:${String(PORT)}`, slot),
    usual,
  )
  const ours = startNode(world, 'ours', OURS_HOST, protocol)
  world.advance(10)
  const { clock } = world.nodeWorld('a clock', '10.0.0.250')

  /** Dials our node, and says nothing. */
  const come = (transport: BitcoinTransport = 'v1', host?: string): BitcoinPeer => {
    const peer = scriptedPeer(world, {
      ...{ protocol: silent(), dials: OURS, dial: transport },
      ...(host === undefined ? {} : { host }),
    })
    world.settle()
    return peer
  }
  const say = (peer: BitcoinPeer, ...messages: readonly BitcoinMessage[]): void => {
    peer.say(...messages)
    world.settle()
  }
  const greet = (peer: BitcoinPeer, version: Partial<VersionMessage> = {}): void => {
    say(peer, versionOf(version))
  }
  return {
    world,
    ours,
    /** In the order of `dials`. */
    dialled,
    come,
    say,
    greet,
    /** One that has said all that makes a connection active. */
    meet(transport: BitcoinTransport = 'v1', version: Partial<VersionMessage> = {}): BitcoinPeer {
      const peer = come(transport)
      greet(peer, version)
      say(peer, VERACK)
      return peer
    },
    /** What our node's clock shows. */
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    connections: () => ours.supervisor.connections(),
    active: () => ours.supervisor.connections().filter(({ phase }) => phase === 'active').length,
    details: () => ours.eventsOf('connection.closed').map(({ detail }) => detail),
    /** How many addresses are shunned. */
    discouraged: () => ours.supervisor.audit().remembered['discouraged'] ?? 0,
  }
}

export type Stage = ReturnType<typeof startStage>
