/**
 * Nodes of the native network that gossip, and puppets among them: neighbours that pass on what a test
 * makes, and pass on nothing by themselves.
 * @module
 */
import type { SupervisorEvent } from '../../index.ts'
import type { Delivery, Validation } from '../../actors/services.ts'
import { broadcastBytes } from '../../codec/native/publication-bytes.ts'
import type { BroadcastMessage } from '../../codec/native/messages.ts'
import { gossipChild } from '../../protocols/native/gossip.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import type { NativeLimits } from '../../protocols/native/limits.ts'
import { ownIdentityOf } from '../../protocols/native/own-identity.ts'
import { native } from '../../protocols/native.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import type { Store } from '../../world/store.ts'

export const NETWORK = 'test/gossip'
/** The virtual world's wall clock at its start. */
const WALL_MS = 1_735_689_600_000
const crypto = chooseCrypto()

export const identityOf = (name: string) =>
  ownIdentityOf(crypto.sha256(new TextEncoder().encode(`key of ${name}`)))

export const bytesOf = (text: string) => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

export interface GossipSettings {
  readonly allow?: readonly string[]
  readonly limits?: Partial<NativeLimits>
  readonly store?: Store
}

/** A node's protocol; a puppet's has no child, and sends whatever it is given. */
export function protocolOf(
  name: string,
  role: 'node' | 'puppet',
  { allow, limits: changed }: GossipSettings = {},
) {
  const own = identityOf(name)
  const limits: NativeLimits = { ...NATIVE_LIMITS, ...changed }
  const allowed = allow && new Set(allow.map((other) => identityOf(other).id))
  const manifest = native({
    network: NETWORK,
    privateKey: own.privateKey,
    limits,
    ...(allowed && { allow: allowed }),
  })
  if (role === 'puppet') return { ...manifest, children: [], wrongWith: () => undefined }
  return { ...manifest, children: [gossipChild({ network: NETWORK, own, limits })] }
}

/** Each name has a host of its own, the same whenever it starts. */
export const hostsOf = (names: readonly string[]) =>
  new Map(names.map((name, index) => [name, `10.0.0.${index + 1}`]))

export type GossipNode = ReturnType<typeof startGossipNode>

export function startGossipNode(
  world: VirtualWorld,
  name: string,
  role: 'node' | 'puppet',
  hosts: ReadonlyMap<string, string>,
  dials: readonly string[],
  settings: GossipSettings = {},
) {
  const host = hosts.get(name) ?? ''
  const bootstrap = dials.map(
    (other) => `node://${identityOf(other).id}@${hosts.get(other) ?? ''}:9946`,
  )
  const { store } = settings
  const node = startNode(world, name, host, protocolOf(name, role, settings), {
    bootstrap,
    ...(store && { store }),
  })
  const { supervisor } = node
  const deliveries: Delivery[] = []
  const broadcasts: BroadcastMessage[] = []
  if (role === 'node') supervisor.topic('news').subscribe((delivery) => deliveries.push(delivery))
  supervisor.messages('broadcast').subscribe(({ message }) => broadcasts.push(message))
  return {
    ...node,
    name,
    id: identityOf(name).id,
    /** Of the topic `news`. */
    deliveries,
    /** What neighbours passed on to it, right or wrong. */
    broadcasts,
    lines: () => deliveries.map(({ payload }) => textOf(payload)),
    received: () => broadcasts.map(({ payload }) => textOf(payload)),
    publish: (text: string, topic = 'news') => supervisor.publish(topic, bytesOf(text)),
    struck: () => node.eventsOf('peer.struck').map(({ subject }) => subject),
    notes: () => node.eventsOf('child.noted').map(({ what, about }) => ({ what, about })),
    faults: () => node.events.filter(({ type }: SupervisorEvent) => type === 'fault'),
  }
}

export interface Scene {
  /** By name, whom each dials at its start. The first ones are there when the later ones dial. */
  readonly nodes: Readonly<Record<string, readonly string[]>>
  readonly puppets?: Readonly<Record<string, readonly string[]>>
  readonly settings?: GossipSettings
}

/** Everybody is connected as was asked when this returns. */
export function startGossipScene({ nodes, puppets = {}, settings }: Scene) {
  const world = startVirtualWorld({ seed: 'gossip' })
  const names = [...Object.keys(nodes), ...Object.keys(puppets)]
  const hosts = hostsOf(names)
  const started = new Map<string, GossipNode>()
  for (const [name, dials] of Object.entries({ ...nodes, ...puppets })) {
    const role = name in nodes ? 'node' : 'puppet'
    const own = role === 'node' ? settings : undefined
    started.set(name, startGossipNode(world, name, role, hosts, dials, own))
  }
  world.advance(2_000)

  const the = (name: string): GossipNode => {
    const node = started.get(name)
    if (node === undefined) throw new Error(`there is no ${name}`)
    return node
  }
  return {
    world,
    hosts,
    the,
    all: () => [...started.values()],
    wallMs: () => WALL_MS + Math.floor(world.clock.nowMs),
    /** What `origin` would publish now, signed by it; `change` comes before the signature. */
    signed(origin: string, change: Partial<BroadcastMessage> = {}) {
      return signedBroadcast(origin, {
        timestampMs: BigInt(WALL_MS + Math.floor(world.clock.nowMs)),
        ...change,
      })
    },
    /** A puppet passes it on to a node. */
    pass(puppet: string, to: string, message: BroadcastMessage) {
      const outcome = the(puppet).supervisor.send(identityOf(to).id, message)
      if (outcome !== 'queued') throw new Error(`${puppet} could not pass it on: ${outcome}`)
    },
  }
}

export function signedBroadcast(
  origin: string,
  { timestampMs, ...change }: Partial<BroadcastMessage> & { readonly timestampMs: bigint },
): BroadcastMessage {
  const { nodeId, privateKey, publicKey } = identityOf(origin)
  const unsigned = {
    originId: nodeId,
    originPublicKey: publicKey,
    keyType: 1,
    sequence: 1n,
    timestampMs,
    topic: 'news',
    payload: bytesOf('hello'),
    hopsLeft: 8,
    ...change,
  }
  const signature = crypto.sign(broadcastBytes(crypto, NETWORK, unsigned), privateKey)
  return { type: 'broadcast', ...unsigned, signature }
}

/** What the application is asked reaches it by promises; they are settled here. */
export async function promisesSettled(): Promise<void> {
  for (let round = 0; round < 20; round++) await Promise.resolve()
}

export interface AskedNode {
  readonly supervisor: GossipNode['supervisor']
}

/** The application of a node, which is asked about `news` and answers when a test says so. */
export function startValidator({ supervisor }: AskedNode, deadlineMs?: number) {
  const asked: { delivery: Delivery; answer: (verdict: Validation) => void }[] = []
  const removeValidator = supervisor.validate(
    'news',
    (delivery) =>
      new Promise((answer) => {
        asked.push({ delivery, answer })
      }),
    deadlineMs === undefined ? {} : { deadlineMs },
  )
  return {
    asked,
    removeValidator,
    texts: () => asked.map(({ delivery }) => textOf(delivery.payload)),
    async answer(index: number, verdict: Validation) {
      asked[index]?.answer(verdict)
      await promisesSettled()
    },
  }
}
