/**
 * Broadcasts as the raw peer makes, passes on and checks them; and lines, rings and meshes of nodes of
 * ours with raw peers where a test wants to listen.
 * @module
 */
import { expect } from 'vitest'
import type { Delivery } from '../../actors/services.ts'
import { native } from '../../protocols/native.ts'
import { makePublication, NUMBER, publicationOf } from '../interop/raw-native-messages.ts'
import { publicationValues, rawIdentity } from '../interop/raw-native-messages.ts'
import type { Publication, RawIdentity } from '../interop/raw-native-messages.ts'
import { startRawHost } from '../interop/raw-native-virtual.ts'
import type { RawStream } from '../interop/raw-native-virtual.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { addressOf, NETWORK, OTHER, seatOf, startScene } from './native-conformance-support.ts'
import type { OurRole, SceneOptions } from './native-conformance-support.ts'

/** It is connected with nobody, unless a test says so. */
export const ORIGIN = rawIdentity('origin')
/** Who listens for what our node passes on. */
const SINK = OTHER
const START_WALL_MS = 1_735_689_600_000

type Content = Pick<Publication, 'count' | 'payload' | 'timestampMs' | 'topic'>

/** Right in every way, at the given time. */
export const published = (
  nowMs: number,
  content: Partial<Content> = {},
  { identity = ORIGIN, network = NETWORK } = {},
): Publication =>
  makePublication(network, identity, {
    kind: 'broadcast',
    count: 1n,
    timestampMs: BigInt(nowMs),
    topic: 'news',
    payload: new Uint8Array(5).fill(7),
    ...content,
  })

export const pass = (
  { peer }: RawStream,
  publication: Publication,
  change: Partial<Publication> = {},
): void => {
  peer.say(publicationValues({ ...publication, ...change }))
}

/** What came out here. Throws where one is not what its origin signed. */
export const heardAt = ({ peer }: RawStream): readonly Publication[] =>
  peer.heardOf(NUMBER.broadcast).map((values) => publicationOf(NETWORK, values))

/** One node of ours between a raw neighbour that passes on and one that listens. */
export function startRelay(role: OurRole = 'responder', options?: SceneOptions) {
  const scene = startScene(options)
  const deliveries: Delivery[] = []
  scene.ours.supervisor.topic('news').subscribe((delivery) => deliveries.push(delivery))
  const neighbour = scene.establish(role)
  const sink = scene.establish(role, { host: '10.0.0.3', identity: SINK })
  /** Passed on to our node, which has done all that it does when this returns. */
  const relay = (publication: Publication, change?: Partial<Publication>): void => {
    pass(neighbour, publication, change)
    scene.world.settle()
  }
  return { scene, deliveries, neighbour, sink, relay }
}

type Relay = ReturnType<typeof startRelay>

/** Neither the application nor another peer knows of it, and nothing was said to anybody about it. */
export function expectDropped(
  { deliveries, neighbour, scene, sink }: Relay,
  run: () => void,
): void {
  const before = [deliveries.length, neighbour.bytes().length, sink.bytes().length]
  run()
  scene.world.settle()
  expect([deliveries.length, neighbour.bytes().length, sink.bytes().length]).toEqual(before)
  expect([neighbour.state(), sink.state()]).toEqual(['open', 'open'])
  expect(scene.ours.eventsOf('fault')).toEqual([])
}

/** By their numbers: who is next to whom. Nobody else can be reached, whatever addresses are told. */
type Edges = readonly (readonly [number, number])[]

export const lineOf = (count: number): Edges =>
  Array.from({ length: count - 1 }, (_, at) => [at, at + 1] as const)
export const ringOf = (count: number): Edges => [...lineOf(count), [0, count - 1]]
export const meshOf = (count: number): Edges =>
  Array.from({ length: count }, (_, one) => one).flatMap((one) =>
    Array.from({ length: count - 1 - one }, (_, more) => [one, one + 1 + more] as const),
  )

const hostOf = (at: number): string => `10.0.1.${at + 1}`

/** `count` nodes of ours, connected as the edges say when this returns. */
export function startMap(count: number, edges: Edges) {
  const world = startVirtualWorld({ seed: 'map' })
  const ways = new Set(edges.flatMap(([one, other]) => [`${one} ${other}`, `${other} ${one}`]))
  const numberAt = new Map(Array.from({ length: count }, (_, at) => [hostOf(at), at]))
  world.network.setReach((from, to) => {
    const [one, other] = [numberAt.get(from.host), numberAt.get(to.host)]
    if (one === undefined || other === undefined) return 'open'
    return ways.has(`${one} ${other}`) ? 'open' : 'refused'
  })

  const nodes = Array.from({ length: count }, (_, at) => {
    const identity = rawIdentity(`node ${at}`)
    const bootstrap = edges.flatMap(([one, other]) =>
      other === at ? [addressOf(rawIdentity(`node ${one}`), hostOf(one))] : [],
    )
    const protocol = native({ network: NETWORK, privateKey: identity.privateKey })
    const node = startNode(world, `node ${at}`, hostOf(at), protocol, { bootstrap })
    const deliveries: Delivery[] = []
    node.supervisor.topic('news').subscribe((delivery) => deliveries.push(delivery))
    return { ...node, identity, deliveries }
  })
  world.advance(5_000)
  const degrees = nodes.map((_, at) => edges.filter((edge) => edge.includes(at)).length)
  expect(nodes.map(({ supervisor }) => supervisor.connections().length)).toEqual(degrees)
  const the = (at: number) => {
    const node = nodes[at]
    if (node === undefined) throw new Error(`there is no node ${at}`)
    return node
  }

  let rawCount = 0
  return {
    world,
    nodes,
    the,
    nowMs: () => START_WALL_MS + world.clock.nowMs,
    /** How often each node's application got something. */
    counts: () => nodes.map(({ deliveries }) => deliveries.length),
    /** A raw neighbour of this node alone. */
    attach(at: number, identity: RawIdentity): RawStream {
      rawCount += 1
      const host = startRawHost(world, `10.0.2.${rawCount}`)
      const recipientId = the(at).identity.nodeId
      const stream = host.dial(hostOf(at), { ...seatOf(identity), recipientId })
      stream.peer.greet()
      world.settle()
      stream.peer.confirm()
      world.settle()
      expect([stream.state(), stream.peer.problems]).toEqual(['open', []])
      return stream
    },
    expectNobodyStruck() {
      expect(nodes.flatMap((node) => node.eventsOf('peer.struck'))).toEqual([])
      expect(nodes.flatMap((node) => node.eventsOf('fault'))).toEqual([])
    },
  }
}
