/**
 * Peers that share nothing with ours, on real sockets: each stands at one end of a node:net connection on
 * the loopback. Which network they speak is said by whoever starts the host. A test waits for what it
 * names, and each wait ends as soon as bytes make it true, or the connection is over.
 * @module
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export const LOOPBACK = '127.0.0.1'

export type PeerRole = 'dialler' | 'listener'

/** Where a peer's bytes go. */
export interface PeerPipe {
  write(bytes: Uint8Array): void
  /** Nothing more will be written. */
  end(): void
  /** Both ways are over, and nothing more is said. */
  destroy(): void
}

/** What a host tells a peer. */
export interface PipedPeer {
  push(bytes: Uint8Array): void
  ended(): void
}

/** A network's peers. */
export interface PeerKind<Seat, Peer extends PipedPeer> {
  start(role: PeerRole, seat: Seat, pipe: PeerPipe): Peer
  /** What the far side did wrong, for whoever waits in vain. */
  problemOf(peer: Peer): string
  /** Each byte is a write and a read of its own. */
  isByteByByte?(seat: Seat): boolean
}

export interface TcpPeer<Peer> {
  readonly peer: Peer
  /** Settles once it is true of what has come; rejects if the connection is over before. */
  until(isTrue: () => boolean): Promise<void>
  /** Settles when the socket is closed, by whomever. */
  readonly closed: Promise<void>
  /** As if its process had died: whoever speaks to it is told that nobody is there. */
  die(): void
}

export interface TcpHost<Seat, Peer> {
  /** A connection on which nothing is said. */
  dial(port: number, seat: Seat): Promise<TcpPeer<Peer>>
  /** Where it listens, and who comes in, in turn; nothing is said to it. */
  listen(seat: Seat): Promise<{ readonly port: number; next(): Promise<TcpPeer<Peer>> }>
  /** Gives back every socket. */
  [Symbol.asyncDispose](): Promise<void>
}

interface Waiter {
  readonly isTrue: () => boolean
  settle(isOver: boolean): void
}

/** One write a byte: the next one when the system has taken the last. */
function slowly(socket: Socket): PeerPipe {
  let [bytesToWrite, isWriting, isEnding]: [number[], boolean, boolean] = [[], false, false]
  const go = (error?: Error | null): void => {
    if (error != null) return
    const byte = bytesToWrite.shift()
    isWriting = byte !== undefined
    if (byte !== undefined) socket.write(Uint8Array.of(byte), go)
    else if (isEnding) socket.end()
  }
  return {
    write(bytes) {
      bytesToWrite = bytesToWrite.concat([...bytes])
      if (!isWriting) go()
    },
    end() {
      isEnding = true
      if (!isWriting) go()
    },
    destroy: () => {
      socket.destroy()
    },
  }
}

const atOnce = (socket: Socket): PeerPipe => ({
  write: (bytes) => {
    socket.write(bytes)
  },
  end: () => {
    socket.end()
  },
  destroy: () => {
    socket.destroy()
  },
})

function hold<Seat, Peer extends PipedPeer>(
  kind: PeerKind<Seat, Peer>,
  socket: Socket,
  role: PeerRole,
  seat: Seat,
): TcpPeer<Peer> {
  const isByteByByte = kind.isByteByByte?.(seat) ?? false
  const waiters = new Set<Waiter>()
  const pipe = isByteByByte ? slowly(socket) : atOnce(socket)
  const peer = kind.start(role, seat, pipe)
  let isOver = false
  const look = (): void => {
    for (const waiter of waiters) waiter.settle(isOver)
  }
  socket.on('data', (chunk) => {
    const bytes = new Uint8Array(chunk)
    const pieces = isByteByByte ? [...bytes].map((byte) => Uint8Array.of(byte)) : [bytes]
    for (const piece of pieces) peer.push(piece)
    look()
  })
  socket.on('end', () => {
    isOver = true
    peer.ended()
    pipe.end()
    look()
  })
  // A reset closes the socket, and what a test waits for does not come.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isOver = true
      look()
      resolve()
    })
  })
  return {
    peer,
    closed,
    die: () => {
      socket.resetAndDestroy()
    },
    until: (isTrue) =>
      new Promise((resolve, reject) => {
        const waiter: Waiter = {
          isTrue,
          settle(isTooLate) {
            if (isTrue()) resolve()
            else if (isTooLate) reject(new Error(`over too early: ${kind.problemOf(peer)}`))
            else return
            waiters.delete(waiter)
          },
        }
        waiters.add(waiter)
        waiter.settle(isOver)
      }),
  }
}

export function startTcpHost<Seat, Peer extends PipedPeer>(
  kind: PeerKind<Seat, Peer>,
): TcpHost<Seat, Peer> {
  const sockets = new Set<Socket>()
  const servers = new Set<Server>()
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
          resolve(hold(kind, socket, 'dialler', seat))
        })
      }),
    listen: (seat) =>
      new Promise((resolve, reject) => {
        const came: TcpPeer<Peer>[] = []
        const asked: ((peer: TcpPeer<Peer>) => void)[] = []
        const server = createServer({ allowHalfOpen: true }, (socket) => {
          const peer = hold(kind, own(socket), 'listener', seat)
          const first = asked.shift()
          if (first === undefined) came.push(peer)
          else first(peer)
        })
        servers.add(server)
        server.once('error', reject)
        server.listen(0, LOOPBACK, () => {
          const { port } = server.address() as AddressInfo
          const next = (): Promise<TcpPeer<Peer>> => {
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
