/**
 * Raw peers on real sockets: each stands at one end of a node:net connection on the loopback. A test
 * waits for what it names, and each wait ends as soon as bytes make it true.
 * @module
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { RawRole } from './raw-native-messages.ts'
import { startRawPeer } from './raw-native-peer.ts'
import type { RawPeer, RawPeerOptions } from './raw-native-peer.ts'

export const LOOPBACK = '127.0.0.1'

export type TcpSeat = Omit<RawPeerOptions, 'pipe' | 'nowMs' | 'role'>

export interface TcpPeer {
  readonly peer: RawPeer
  /** Settles once it is true of what has come; rejects if the connection is over before. */
  until(isTrue: () => boolean): Promise<void>
}

interface Waiter {
  readonly isTrue: () => boolean
  settle(isOver: boolean): void
}

function hold(socket: Socket, role: RawRole, seat: TcpSeat): TcpPeer {
  const waiters = new Set<Waiter>()
  const peer = startRawPeer({
    ...seat,
    role,
    nowMs: () => Date.now(),
    pipe: {
      write: (bytes) => {
        socket.write(bytes)
      },
      end: () => {
        socket.end()
      },
    },
  })
  const look = (isOver: boolean): void => {
    for (const waiter of waiters) waiter.settle(isOver)
  }
  socket.on('data', (bytes) => {
    peer.push(new Uint8Array(bytes))
    look(false)
  })
  socket.on('end', () => {
    peer.ended()
    socket.end()
    look(true)
  })
  // A reset is the end that a test then sees; what it waited for does not come.
  socket.on('error', () => {
    look(true)
  })
  return {
    peer,
    until: (isTrue) =>
      new Promise((resolve, reject) => {
        const waiter: Waiter = {
          isTrue,
          settle(isOver) {
            if (isTrue()) resolve()
            else if (isOver) reject(new Error(`over too early: ${peer.problems.join(', ')}`))
            else return
            waiters.delete(waiter)
          },
        }
        waiters.add(waiter)
        waiter.settle(peer.isEnded)
      }),
  }
}

export interface TcpHost {
  dial(port: number, seat: TcpSeat): Promise<TcpPeer>
  /** Where it listens, and who comes in, in turn. */
  listen(seat: TcpSeat): Promise<{ readonly port: number; next(): Promise<TcpPeer> }>
  /** Gives back every socket. */
  [Symbol.asyncDispose](): Promise<void>
}

export function startTcpHost(): TcpHost {
  const sockets = new Set<Socket>()
  const servers = new Set<ReturnType<typeof createServer>>()
  const own = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    return socket
  }
  return {
    dial: (port, seat) =>
      new Promise((resolve, reject) => {
        const socket = own(connect({ host: LOOPBACK, port, allowHalfOpen: true }))
        socket.once('error', reject)
        socket.once('connect', () => {
          socket.off('error', reject)
          resolve(hold(socket, 'dialler', seat))
        })
      }),
    listen: (seat) =>
      new Promise((resolve, reject) => {
        const came: TcpPeer[] = []
        const asked: ((peer: TcpPeer) => void)[] = []
        const server = createServer({ allowHalfOpen: true }, (socket) => {
          const peer = hold(own(socket), 'listener', seat)
          const first = asked.shift()
          if (first === undefined) came.push(peer)
          else first(peer)
        })
        servers.add(server)
        server.once('error', reject)
        server.listen(0, LOOPBACK, () => {
          const { port } = server.address() as AddressInfo
          const next = (): Promise<TcpPeer> => {
            const peer = came.shift()
            return peer === undefined
              ? new Promise((settle) => asked.push(settle))
              : Promise.resolve(peer)
          }
          resolve({ port, next })
        })
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await Promise.all(
        [...servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
      )
    },
  }
}
