/**
 * Listens on one address: streams, and datagrams on the same port where the network speaks them.
 * @module
 */
import type { DatagramInput, Datagrams, DatagramSocketId } from '../world/datagrams.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { ListenerInput, SocketAddress, Streams, TransportFault } from '../world/streams.ts'

/** A free stream port can be a taken datagram port: another pair is asked for so many times. */
const PAIRS_MAX = 8

export type Accepted = Extract<ListenerInput, { kind: 'listener.accepted' }>
export type Received = Extract<DatagramInput, { kind: 'datagrams.received' }>

export interface ListenerOptions {
  /** Its number; also the number of its datagram socket. */
  readonly listener: number
  readonly address: SocketAddress
  readonly loop: StepLoop
  readonly streams: Streams
  /** Left out where the network speaks no datagrams. */
  readonly datagrams?: Datagrams
  onListening(address: SocketAddress): void
  onFailed(fault: TransportFault): void
  onAccepted(accepted: Accepted): void
  onReceived(received: Received): void
  onOverloaded(fault: TransportFault): void
}

export interface Listener {
  /** Where it listens, once it does. */
  readonly address: SocketAddress | undefined
  readonly socket: DatagramSocketId | undefined
  stop(): void
}

export function startListener(options: ListenerOptions): Listener {
  const { listener, loop, streams, datagrams } = options
  let address: SocketAddress | undefined
  let bound = false
  let pairs = 1

  const listening = (): void => {
    if (address !== undefined) options.onListening(address)
  }

  const onDatagram = (input: DatagramInput): void => {
    switch (input.kind) {
      case 'datagrams.bound':
        bound = true
        listening()
        return
      case 'datagrams.received':
        options.onReceived(input)
        return
      case 'datagrams.failed':
        loop.sockets.delete(listener)
        if (input.fault === 'address-in-use' && options.address.port === 0 && pairs < PAIRS_MAX) {
          pairs++
          streams.unlisten(listener)
          streams.listen(listener, options.address)
        } else options.onFailed(input.fault)
        return
    }
  }

  loop.listeners.set(listener, (input) => {
    switch (input.kind) {
      case 'listener.listening':
        address = input.address
        if (datagrams === undefined) listening()
        else {
          loop.sockets.set(listener, onDatagram)
          datagrams.bind(listener, input.address)
        }
        return
      case 'listener.failed':
        options.onFailed(input.fault)
        return
      case 'listener.accepted':
        options.onAccepted(input)
        return
      case 'listener.overloaded':
        options.onOverloaded(input.fault)
        return
    }
  })
  streams.listen(listener, options.address)

  return {
    get address() {
      return address
    },
    get socket() {
      return bound ? listener : undefined
    },
    stop() {
      loop.listeners.delete(listener)
      loop.sockets.delete(listener)
      streams.unlisten(listener)
      if (address !== undefined) datagrams?.unbind(listener)
    },
  }
}
