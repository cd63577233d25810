/**
 * Datagrams (UDP, memory): what the core may ask, and what it is told.
 * @module
 */
import type { SocketAddress, TransportFault } from './streams.ts'

export type DatagramSocketId = number

export type DatagramInput =
  | {
      readonly kind: 'datagrams.bound'
      readonly socket: DatagramSocketId
      readonly address: SocketAddress
    }
  /** Not bound, or bound no longer. */
  | {
      readonly kind: 'datagrams.failed'
      readonly socket: DatagramSocketId
      readonly fault: TransportFault
    }
  /** The bytes are the receiver's until this input's step ends. */
  | {
      readonly kind: 'datagrams.received'
      readonly socket: DatagramSocketId
      readonly from: SocketAddress
      readonly bytes: Uint8Array
    }

export interface Datagrams {
  /** Once, before all else: where inputs go. */
  start(enter: (input: DatagramInput) => void): void
  /** Answered by `datagrams.bound` or `datagrams.failed`. Port 0 asks for any free one. */
  bind(socket: DatagramSocketId, address: SocketAddress): void
  /** Best effort, as datagrams are. The bytes are the transport's from now on. */
  send(socket: DatagramSocketId, to: SocketAddress, bytes: Uint8Array): void
  /** Releases the socket; nothing about it is delivered afterwards. */
  unbind(socket: DatagramSocketId): void
  /** How many sockets hold a resource of the platform, for the audit. */
  held(): { readonly sockets: number }
}
