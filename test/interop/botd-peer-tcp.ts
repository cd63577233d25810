/**
 * BOTD peers on real sockets: each stands at one end of a node:net connection on the loopback. A test
 * waits for what it names, and each wait ends as soon as bytes make it true, or the connection is over.
 * @module
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { BotdPeer, BotdPeerOptions, BotdPipe } from './botd-peer.ts'
import { startBotdPeer } from './botd-peer.ts'
import { botdIdentity } from './botd-peer-messages.ts'
import { hexOf } from './raw-native-crypto.ts'

const LOOPBACK = '127.0.0.1'

export type BotdSeat = Partial<Omit<BotdPeerOptions, 'pipe' | 'role' | 'recipientKey'>> & {
  /** Each byte is a write and a read of its own. */
  readonly byteByByte?: boolean
}

export interface BotdTcpPeer {
  readonly peer: BotdPeer
  /** Settles once it is true of what has come; rejects if the connection is over before. */
  until(isTrue: () => boolean): Promise<void>
  /** Settles when the socket is closed, by whomever. */
  readonly closed: Promise<void>
}

export interface BotdTcpListener {
  readonly port: number
  /** `botd://<key>@host:port`, for whoever is to dial. */
  readonly address: string
  /** Who comes in, in turn; nothing is said to it. */
  next(): Promise<BotdTcpPeer>
  /** As `next`, when both sides have confirmed. */
  nextSession(): Promise<BotdTcpPeer>
}

export interface BotdTcpHost {
  /** A connection on which nothing is said. */
  dial(port: number, recipientKey: Uint8Array, seat?: BotdSeat): Promise<BotdTcpPeer>
  /** A session with whoever listens there and has this key: both sides have confirmed. */
  talkTo(port: number, recipientKey: Uint8Array, seat?: BotdSeat): Promise<BotdTcpPeer>
  listen(seat?: BotdSeat): Promise<BotdTcpListener>
  /** Gives back every socket. */
  [Symbol.asyncDispose](): Promise<void>
}

interface Waiter {
  readonly isTrue: () => boolean
  settle(isOver: boolean): void
}

/** One write a byte: the next one when the system has taken the last. */
function slowly(socket: Socket): BotdPipe {
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

const atOnce = (socket: Socket): BotdPipe => ({
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

function hold(
  socket: Socket,
  role: BotdPeerOptions['role'],
  seat: BotdSeat & Pick<BotdPeerOptions, 'recipientKey'>,
): BotdTcpPeer {
  const { byteByByte = false, ...options } = seat
  const waiters = new Set<Waiter>()
  const pipe = byteByByte ? slowly(socket) : atOnce(socket)
  const identity = options.identity ?? DEFAULT_IDENTITY[role]
  const peer = startBotdPeer({ ...options, identity, role, pipe })
  const look = (isOver: boolean): void => {
    for (const waiter of waiters) waiter.settle(isOver)
  }
  socket.on('data', (chunk) => {
    const bytes = new Uint8Array(chunk)
    const pieces = byteByByte ? [...bytes].map((byte) => Uint8Array.of(byte)) : [bytes]
    for (const piece of pieces) peer.push(piece)
    look(false)
  })
  socket.on('end', () => {
    peer.ended()
    pipe.end()
    look(true)
  })
  // A reset closes the socket, and what a test waits for does not come.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      look(true)
      resolve()
    })
  })
  return {
    peer,
    closed,
    until: (isTrue) =>
      new Promise((resolve, reject) => {
        const waiter: Waiter = {
          isTrue,
          settle(isOver) {
            if (isTrue()) resolve()
            else if (isOver) reject(new Error(`over too early: ${peer.problem ?? peer.end ?? ''}`))
            else return
            waiters.delete(waiter)
          },
        }
        waiters.add(waiter)
        waiter.settle(peer.end !== undefined || socket.destroyed)
      }),
  }
}

const DEFAULT_IDENTITY = {
  dialler: botdIdentity('botd alice static'),
  listener: botdIdentity('botd bob static'),
}

export function startBotdTcpHost(): BotdTcpHost {
  const sockets = new Set<Socket>()
  const servers = new Set<Server>()
  const own = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    return socket
  }
  const dial: BotdTcpHost['dial'] = (port, recipientKey, seat = {}) =>
    new Promise((resolve, reject) => {
      const socket = own(connect({ host: LOOPBACK, port, allowHalfOpen: true }))
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(hold(socket, 'dialler', { ...seat, recipientKey }))
      })
    })
  const confirmed = async (side: BotdTcpPeer): Promise<BotdTcpPeer> => {
    side.peer.confirm()
    await side.until(() => side.peer.isConfirmed)
    return side
  }
  return {
    dial,
    async talkTo(port, recipientKey, seat) {
      const side = await dial(port, recipientKey, seat)
      side.peer.init()
      await side.until(() => side.peer.keys !== undefined)
      return await confirmed(side)
    },
    listen: (seat = {}) =>
      new Promise((resolve, reject) => {
        const came: BotdTcpPeer[] = []
        const asked: ((side: BotdTcpPeer) => void)[] = []
        const server = createServer({ allowHalfOpen: true }, (socket) => {
          const side = hold(own(socket), 'listener', seat)
          const first = asked.shift()
          if (first === undefined) came.push(side)
          else first(side)
        })
        servers.add(server)
        server.once('error', reject)
        const next = (): Promise<BotdTcpPeer> => {
          const side = came.shift()
          return side === undefined
            ? new Promise((settle) => asked.push(settle))
            : Promise.resolve(side)
        }
        server.listen(0, LOOPBACK, () => {
          const { port } = server.address() as AddressInfo
          const { publicKey } = seat.identity ?? DEFAULT_IDENTITY.listener
          resolve({
            port,
            address: `botd://${hexOf(publicKey)}@${LOOPBACK}:${port}`,
            next,
            async nextSession() {
              const side = await next()
              await side.until(() => side.peer.theirInit !== undefined)
              side.peer.ack()
              return await confirmed(side)
            },
          })
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
