/**
 * What every implementation of datagrams must do, as cases that any runner can run: the contract of
 * `world/datagrams.ts`.
 * @module
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { DatagramSocketId, Datagrams } from '../world/datagrams.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { ContractCase } from './suite.ts'
import { quiet, startDatagrams, until } from './transport-handle.ts'
import type { DatagramsHandle, Turn } from './transport-handle.ts'

/** Two sides that can reach each other, neither started. */
export interface DatagramsPlace {
  readonly one: Datagrams
  readonly other: Datagrams
  readonly oneHost: string
  readonly otherHost: string
  readonly turn: Turn
  release(): Promise<void>
}

export interface DatagramsSubject {
  start(): Promise<DatagramsPlace>
}

interface Sides {
  readonly one: DatagramsHandle
  readonly other: DatagramsHandle
  readonly place: DatagramsPlace
  until(isSo: () => boolean, what: string): Promise<void>
  quiet(): Promise<void>
  bindOne(socket: DatagramSocketId, port?: number): Promise<SocketAddress>
  bindOther(socket: DatagramSocketId, port?: number): Promise<SocketAddress>
}

type Run = (sides: Sides) => Promise<void>

function startSides(place: DatagramsPlace): Sides {
  const waitUntil = (isSo: () => boolean, what: string): Promise<void> =>
    until(place.turn, isSo, what)
  const binder =
    (handle: DatagramsHandle, host: string) =>
    async (socket: DatagramSocketId, port = 0): Promise<SocketAddress> => {
      handle.datagrams.bind(socket, { host, port })
      await waitUntil(() => handle.told(socket).length > 0, 'the answer to bind')
      const [answer] = handle.told(socket)
      if (answer?.kind !== 'datagrams.bound') throw new Error(`not bound: ${answer?.kind}`)
      return answer.address
    }
  const one = startDatagrams(place.one)
  const other = startDatagrams(place.other)
  return {
    one,
    other,
    place,
    until: waitUntil,
    quiet: () => quiet(place.turn),
    bindOne: binder(one, place.oneHost),
    bindOther: binder(other, place.otherHost),
  }
}

export function datagramsContract(subject: DatagramsSubject): readonly ContractCase[] {
  return cases.map(([title, run]) => ({
    title,
    async run() {
      const place = await subject.start()
      try {
        const sides = startSides(place)
        await run(sides)
        sides.one.close()
        sides.other.close()
        await sides.quiet()
        deepEqual([...sides.one.broken, ...sides.other.broken], [])
      } finally {
        await place.release()
      }
    },
  }))
}

const cases: readonly (readonly [string, Run])[] = [
  [
    'binds a free port where 0 was asked for, and says which',
    async ({ bindOne, place }) => {
      const first = await bindOne(1)
      const second = await bindOne(2)
      equal(first.host, place.oneHost)
      ok(first.port > 0 && second.port > 0 && first.port !== second.port)
    },
  ],
  [
    'brings a datagram whole, with the address that an answer reaches',
    async ({ bindOne, bindOther, one, other, until }) => {
      const from = await bindOne(1)
      const to = await bindOther(2)
      for (const length of [0, 1, 1_200, 8_192]) {
        const bytes = new Uint8Array(length).fill(length % 251)
        const before = other.told(2).length
        one.datagrams.send(1, to, bytes)
        await until(() => other.told(2).length > before, `a datagram of ${length} bytes`)
        deepEqual(other.told(2).at(-1), { kind: 'datagrams.received', socket: 2, from, bytes })
      }
      other.datagrams.send(2, from, Uint8Array.of(9))
      await until(() => one.told(1).length > 1, 'the answer')
      deepEqual(one.told(1).at(-1), {
        kind: 'datagrams.received',
        socket: 1,
        from: to,
        bytes: Uint8Array.of(9),
      })
    },
  ],
  [
    'loses what cannot arrive, and neither fails nor throws for it',
    async ({ bindOne, bindOther, one, other, until, quiet }) => {
      const from = await bindOne(1)
      const dead = await bindOther(2)
      other.datagrams.unbind(2)
      const to = await bindOther(3)
      one.datagrams.send(1, dead, Uint8Array.of(1))
      one.datagrams.send(1, to, new Uint8Array(70_000))
      one.datagrams.send(1, { host: 'localhost', port: to.port }, Uint8Array.of(2))
      one.datagrams.send(1, { host: to.host, port: 0 }, Uint8Array.of(3))
      one.datagrams.send(1, { host: '2001:db8::1', port: to.port }, Uint8Array.of(4))
      one.datagrams.send(99, to, Uint8Array.of(5))
      await quiet()
      one.datagrams.send(1, to, Uint8Array.of(6))
      await until(() => other.told(3).length > 1, 'the one that can')
      deepEqual(other.told(3).slice(1), [
        { kind: 'datagrams.received', socket: 3, from, bytes: Uint8Array.of(6) },
      ])
      equal(one.told(1).length, 1)
    },
  ],
  [
    'refuses to bind where it cannot: no address, not its own, in use',
    async ({ bindOne, one, place, until }) => {
      const taken = await bindOne(1)
      const asked = [
        [{ host: 'localhost', port: 0 }, 'bad-address'],
        [{ host: place.oneHost, port: 65_536 }, 'bad-address'],
        // RFC 5737: documentation, nobody's address.
        [{ host: '192.0.2.1', port: 0 }, 'bad-address'],
        [taken, 'address-in-use'],
      ] as const
      for (const [index, [address, fault]] of asked.entries()) {
        const socket = 10 + index
        one.datagrams.bind(socket, address)
        await until(() => one.told(socket).length > 0, `${fault}, ${address.host}`)
        deepEqual(one.told(socket), [{ kind: 'datagrams.failed', socket, fault }])
      }
      deepEqual(one.datagrams.held(), { sockets: 1 })
    },
  ],
  [
    'gives a port back at once, and says nothing of a socket that is unbound',
    async ({ bindOne, bindOther, one, other, quiet }) => {
      const from = await bindOne(1)
      const to = await bindOther(2)
      one.datagrams.send(1, to, Uint8Array.of(1))
      other.datagrams.unbind(2)
      other.datagrams.unbind(2)
      deepEqual(other.datagrams.held(), { sockets: 0 })
      one.datagrams.bind(3, { host: from.host, port: 0 })
      one.datagrams.unbind(3)
      one.datagrams.bind(4, { host: 'localhost', port: 0 })
      one.datagrams.unbind(4)
      await quiet()
      equal(one.told(3).length + one.told(4).length, 0)
      one.datagrams.unbind(1)
      deepEqual(await bindOne(5, from.port), from)
    },
  ],
]
