/**
 * Nodes of the native network that keep items, in a virtual world; and one that says whatever a test
 * wants in their place.
 */
import { createSupervisor } from '../../index.ts'
import type {
  ChildSpec,
  ChildTools,
  Delivery,
  Protocol,
  Supervisor,
  SupervisorEvent,
} from '../../index.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { KEY_TYPE_SECP256K1 } from '../../codec/native/identity.ts'
import { itemBytes } from '../../codec/native/publication-bytes.ts'
import type { ItemMessage } from '../../codec/native/messages.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { itemsChild } from '../../protocols/native/items.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import type { NativeLimits } from '../../protocols/native/limits.ts'
import { ownIdentityOf } from '../../protocols/native/own-identity.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import type { Jobs } from '../../world/jobs.ts'
import type { Store } from '../../world/store.ts'
import { startNode } from '../support/nodes.ts'

export const TOPIC = 'news'
const NETWORK = 'test/items'
const crypto = chooseCrypto()

const keyOf = (name: string) => crypto.sha256(new TextEncoder().encode(`items ${name}`))
export const identityOf = (name: string) => ownIdentityOf(keyOf(name))
export const addressOf = (name: string, host: string) =>
  `node://${identityOf(name).id}@${host}:9946`
export const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (payload: Uint8Array) => new TextDecoder().decode(payload)

export interface ItemNodeOptions {
  readonly bootstrap?: readonly string[]
  readonly limits?: Partial<NativeLimits>
  readonly allow?: readonly string[]
  readonly store?: Store
  readonly jobs?: Jobs
  /** In place of the one that the other options give. */
  readonly protocol?: Protocol<NativeTypes>
  /** Called before it starts. */
  readonly before?: (supervisor: Supervisor<NativeTypes>) => void
}

export function itemProtocol(
  name: string,
  { allow, limits = {} }: Pick<ItemNodeOptions, 'allow' | 'limits'> = {},
): Protocol<NativeTypes> {
  const child = itemsChild({
    network: NETWORK,
    own: identityOf(name),
    limits: { ...NATIVE_LIMITS, ...limits },
  })
  const manifest = native({ network: NETWORK, privateKey: keyOf(name) })
  return {
    ...manifest,
    children: [child],
    // Who may publish, and not who may connect.
    node: (tools) => ({
      ...manifest.node(tools),
      ...(allow && { admits: (identity: string) => allow.includes(identity) }),
    }),
  }
}

/** What was handed over, as "origin number text": the origin by the start of its id. */
const lineOf = ({ number, origin, payload }: Delivery) =>
  `${origin.slice(0, 4)} ${String(number)} ${textOf(payload)}`

export function startItemNode(
  world: VirtualWorld,
  name: string,
  host: string,
  { before, bootstrap = [], jobs, store, ...options }: ItemNodeOptions = {},
) {
  const given = { ...(jobs && { jobs }) }
  const { datagrams, store: ownStore, streams, ...rest } = world.nodeWorld(name, host, given)
  const supervisor = createSupervisor({
    name,
    protocol: options.protocol ?? itemProtocol(name, options),
    transport: streams,
    store: store ?? ownStore,
    world: rest,
    listen: [`${host}:9946`],
    peers: { bootstrap },
    ...(datagrams && { datagrams }),
  })
  before?.(supervisor)
  const events: SupervisorEvent[] = []
  const deliveries: Delivery[] = []
  // Before it starts: what it misses may come with its first step.
  supervisor.events.subscribe((event) => events.push(event))
  supervisor.topic(TOPIC).subscribe((delivery) => deliveries.push(delivery))
  const started = supervisor.start()
  started.catch(() => undefined)
  world.settle()
  return {
    supervisor,
    events,
    deliveries,
    id: identityOf(name).id,
    lines: () => deliveries.map(lineOf),
    /** What the sub-protocol said about it. */
    notes: (what: string) =>
      events.flatMap((event) =>
        event.type === 'child.noted' && event.what === what ? [event.about] : [],
      ),
    publish: (text: string | Uint8Array) =>
      supervisor.publish(TOPIC, typeof text === 'string' ? bytesOf(text) : text, {
        kind: 'item',
      }),
  }
}

export type ItemNode = ReturnType<typeof startItemNode>

/** A verified neighbour without rules: what comes is noted, what is sent is the test's. */
export function startRawNode(
  world: VirtualWorld,
  name: string,
  host: string,
  bootstrap: readonly string[] = [],
) {
  const got: NativeTypes['message'][] = []
  let lent: ChildTools<NativeTypes> | undefined
  const child: ChildSpec<NativeTypes, undefined> = {
    name: 'raw',
    restart: 'permanent',
    keep: () => undefined,
    start(tools) {
      lent = tools
      for (const type of ['item', 'locator', 'range'] as const) {
        tools.feed(type, ({ message }) => got.push(structuredClone(message)))
      }
      return () => undefined
    },
  }
  const protocol = { ...native({ network: NETWORK, privateKey: keyOf(name) }), children: [child] }
  const node = startNode(world, name, host, protocol, { bootstrap })
  const gotOf = <Type extends 'item' | 'locator' | 'range'>(type: Type) =>
    got.filter(
      (message): message is Extract<NativeTypes['message'], { readonly type: Type }> =>
        message.type === type,
    )
  return {
    ...node,
    id: identityOf(name).id,
    gotOf,
    send(message: NativeTypes['message']): void {
      for (const connection of node.supervisor.connections()) {
        lent?.send(connection.name, message)
      }
    },
  }
}

/** An item of that origin, rightly signed, before it is changed. */
export function itemOf(
  origin: string,
  number: bigint,
  text: string,
  { timestampMs = 0n, ...change }: Partial<ItemMessage> = {},
): ItemMessage {
  const { nodeId, privateKey, publicKey } = identityOf(origin)
  const unsigned = { originId: nodeId, number, timestampMs, topic: TOPIC, payload: bytesOf(text) }
  return {
    ...unsigned,
    type: 'item',
    originPublicKey: publicKey,
    keyType: KEY_TYPE_SECP256K1,
    hopsLeft: 8,
    signature: crypto.sign(itemBytes(crypto, NETWORK, unsigned), privateKey),
    ...change,
  }
}

export const idOf = (item: ItemMessage) =>
  encodeHex(crypto.sha256(itemBytes(crypto, NETWORK, item)))
export const short = (name: string) => identityOf(name).id.slice(0, 4)
