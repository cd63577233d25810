/**
 * A node of ours among raw peers, in a virtual world: the cases of the node network specification's
 * section 13 are played on it, in both roles, byte for byte.
 * @module
 */
import { expect } from 'vitest'
import { native } from '../../protocols/native.ts'
import type { NativeOptions } from '../../protocols/native.ts'
import type { Forging, RawIdentity } from '../interop/raw-native-messages.ts'
import { NUMBER, rawIdentity } from '../interop/raw-native-messages.ts'
import { PORT, startRawHost } from '../interop/raw-native-virtual.ts'
import type { Seat, RawStream } from '../interop/raw-native-virtual.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

export const NETWORK = 'test/conformance'
export const OURS_HOST = '10.0.0.1'
export const ROLES = ['responder', 'initiator'] as const
/** Of our node. */
export type OurRole = (typeof ROLES)[number]

export const OURS = rawIdentity('ours')
export const RAW = rawIdentity('raw')
export const OTHER = rawIdentity('other')

export interface SceneOptions extends Partial<Omit<NativeOptions, 'network' | 'privateKey'>> {
  readonly store?: NonNullable<Parameters<typeof startNode>[4]>['store']
}

export interface Meeting {
  readonly host?: string
  readonly identity?: RawIdentity
  /** Whom our node dials, if not who is there. */
  readonly dialled?: RawIdentity
}

export const addressOf = ({ id }: RawIdentity, host: string) => `node://${id}@${host}:${PORT}`

/** Whoever is verified stays: it answers pings. */
export const seatOf = (identity: RawIdentity): Seat => ({
  identity,
  network: NETWORK,
  answersPings: true,
})

export function startScene({ store, ...options }: SceneOptions = {}) {
  const world = startVirtualWorld({ seed: 'conformance' })
  const start = () =>
    startNode(
      world,
      'ours',
      OURS_HOST,
      native({ network: NETWORK, privateKey: OURS.privateKey, ...options }),
      store === undefined ? {} : { store },
    )
  let ours = start()
  const hosts = new Map<string, ReturnType<typeof startRawHost>>()
  const hostAt = (host: string) => {
    const known = hosts.get(host) ?? startRawHost(world, host)
    hosts.set(host, known)
    return known
  }

  /** Raw dials; nothing is said yet. */
  const dial = ({ host = '10.0.0.2', identity = RAW }: Meeting = {}): RawStream =>
    hostAt(host).dial(OURS_HOST, { ...seatOf(identity), recipientId: OURS.nodeId })

  /** Our node dials, and its handshake has come. */
  function attract(meeting: Meeting = {}): RawStream {
    const { host = '10.0.0.2', identity = RAW, dialled = identity } = meeting
    const place = hostAt(host)
    place.listen(seatOf(identity))
    const before = place.accepted.length
    ours.supervisor.connect(addressOf(dialled, host)).catch(() => undefined)
    world.settle()
    const stream = place.accepted[before]
    if (stream === undefined) throw new Error(`our node did not dial ${host}`)
    return stream
  }

  /** The stream is there; a dialler of ours has said its handshake. */
  const meet = (role: OurRole, meeting?: Meeting): RawStream =>
    role === 'responder' ? dial(meeting) : attract(meeting)

  /** Raw's handshake has reached our node. */
  function greet(role: OurRole, forging?: Forging, meeting?: Meeting): RawStream {
    const stream = meet(role, meeting)
    stream.peer.greet(forging)
    world.settle()
    return stream
  }

  /** A verified session. */
  function establish(role: OurRole = 'responder', meeting?: Meeting): RawStream {
    const stream = greet(role, undefined, meeting)
    if (role === 'responder') stream.peer.confirm()
    world.settle()
    expect(stream.peer.problems).toEqual([])
    expect(stream.peer.keys).toBeDefined()
    return stream
  }

  return {
    world,
    get ours() {
      return ours
    },
    hostAt,
    dial,
    attract,
    meet,
    greet,
    establish,
    wallMs: () => startWallMs + world.clock.nowMs,
    start() {
      ours = start()
      world.settle()
    },
    /** The process dies, and comes again with what its store kept. */
    restart() {
      world.kill('ours')
      ours = start()
      world.settle()
    },
    phases: () => ours.supervisor.connections().map(({ phase }) => phase),
    active: () => ours.eventsOf('connection.active').length,
    details: () => ours.eventsOf('connection.closed').map(({ detail }) => detail),
    struck: () => ours.eventsOf('peer.struck').map(({ subject }) => subject),
    banned: () => ours.eventsOf('peer.banned'),
  }
}

/** The virtual world's wall clock at its start: 2025-01-01. */
const startWallMs = 1_735_689_600_000

export type Scene = ReturnType<typeof startScene>

export const codesOf = ({ peer }: RawStream): readonly number[] =>
  peer.errors().map(({ code }) => code)

/** The exact code on the wire, without a request's id, then the end, and nobody was verified by it. */
export function expectRefused(scene: Scene, stream: RawStream, code: number): void {
  expect(codesOf(stream)).toEqual([code])
  expect(stream.peer.heard.at(-1)?.values[0]).toBe(NUMBER.error)
  expect(stream.peer.errors()[0]?.requestId).toBeUndefined()
  expect(stream.state()).toBe('ended')
  expect(scene.ours.eventsOf('fault')).toEqual([])
  const active = new Set(scene.ours.eventsOf('connection.active').map((event) => event.connection))
  const last = scene.ours.eventsOf('connection.closed').at(-1)
  expect(active.has(last?.connection ?? '')).toBe(false)
}
