/**
 * BOTD peers on real sockets, and how one of them comes to a session with whoever is at the other end.
 * @module
 */
import type { BotdPeer, BotdPeerOptions } from './botd-peer.ts'
import { startBotdPeer } from './botd-peer.ts'
import { botdIdentity } from './botd-peer-messages.ts'
import { hexOf } from './raw-native-crypto.ts'
import { LOOPBACK, startTcpHost } from './tcp-host.ts'
import type { PeerKind, TcpPeer } from './tcp-host.ts'

export type BotdSeat = Partial<Omit<BotdPeerOptions, 'pipe' | 'role' | 'recipientKey'>> & {
  /** Each byte is a write and a read of its own. */
  readonly byteByByte?: boolean
}

export type BotdTcpPeer = TcpPeer<BotdPeer>

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

const DEFAULT_IDENTITY = {
  dialler: botdIdentity('botd alice static'),
  listener: botdIdentity('botd bob static'),
}

const BOTD: PeerKind<BotdSeat & Pick<BotdPeerOptions, 'recipientKey'>, BotdPeer> = {
  start(role, { byteByByte: _, identity = DEFAULT_IDENTITY[role], ...rest }, pipe) {
    return startBotdPeer({ ...rest, identity, role, pipe })
  },
  problemOf: ({ end, problem }) => problem ?? end ?? '',
  isByteByByte: ({ byteByByte = false }) => byteByByte,
}

async function confirmed(side: BotdTcpPeer): Promise<BotdTcpPeer> {
  side.peer.confirm()
  await side.until(() => side.peer.isConfirmed)
  return side
}

export function startBotdTcpHost(): BotdTcpHost {
  const host = startTcpHost(BOTD)
  const dial: BotdTcpHost['dial'] = (port, recipientKey, seat) =>
    host.dial(port, { ...seat, recipientKey })
  return {
    dial,
    async talkTo(port, recipientKey, seat) {
      const side = await dial(port, recipientKey, seat)
      side.peer.init()
      await side.until(() => side.peer.keys !== undefined)
      return await confirmed(side)
    },
    async listen(seat = {}) {
      const { next, port } = await host.listen(seat)
      const { publicKey } = seat.identity ?? DEFAULT_IDENTITY.listener
      return {
        ...{ next, port },
        address: `botd://${hexOf(publicKey)}@${LOOPBACK}:${port}`,
        async nextSession() {
          const side = await next()
          await side.until(() => side.peer.theirInit !== undefined)
          side.peer.ack()
          return await confirmed(side)
        },
      }
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}
