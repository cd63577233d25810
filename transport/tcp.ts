/**
 * Streams over TCP. Hosts are IP literals: a name is refused, so that no resolver is asked behind
 * the core's back.
 *
 * A stream that is paused is not read, and the platform then does not look at it either: that its
 * far side left is noticed when it is written to or resumed.
 * @module
 */
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type {
  ListenerId,
  ListenerInput,
  SocketAddress,
  StreamId,
  StreamInput,
  Streams,
} from '../world/streams.ts'
import { canonicalHost } from '../codec/host.ts'
import { localAddress, printedAddress, targetAddress } from './address.ts'
import { descriptorsAreLeft, watchDescriptors } from './descriptors.ts'
import { faultOf } from './faults.ts'
import { fixedReads, fixedReadsOf } from './fixed-reads.ts'
import type { FixedReads } from './fixed-reads.ts'
import { enteredBy, notStarted } from './later.ts'
import { discard, endsOf, startTcpStream } from './tcp-stream.ts'
import type { TcpStream } from './tcp-stream.ts'

export interface TcpOptions {
  /**
   * How long a connection is silent before the system asks whether its far side is still there;
   * 0 turns that off. Default: 60 s, well below what common routers wait before they forget an
   * idle connection.
   */
  readonly keepAliveMs?: number
  /** How many connections may wait to be accepted. Default: 511, Node's; the system may bound it lower. */
  readonly backlog?: number
  /** Whether a listener on `::` leaves IPv4 to others. Default: false, it takes both. */
  readonly ipv6Only?: boolean
  /** From which address of this machine it dials, an IP literal. Default: the system chooses. */
  readonly dialFrom?: string
  /** Whether `destroy` breaks a connection (RST) where it would close it. Default: false. */
  readonly resetsOnDestroy?: boolean
}

const KEEP_ALIVE_MS = 60_000
const BACKLOG = 511

/** @throws {RangeError} `dialFrom` is no IP literal */
export function tcp(options: TcpOptions = {}): Streams {
  const { keepAliveMs = KEEP_ALIVE_MS, backlog = BACKLOG, ipv6Only = false } = options
  const { dialFrom, resetsOnDestroy = false } = options
  // Node would throw at each dial.
  if (dialFrom !== undefined && canonicalHost(dialFrom) === undefined) {
    throw new RangeError(`what is dialled from is an IP address, not ${dialFrom}`)
  }
  const socketOptions = {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: keepAliveMs > 0,
    keepAliveInitialDelay: keepAliveMs,
  } as const
  const streams = new Map<StreamId, TcpStream>()
  const servers = new Map<ListenerId, Server>()
  /** Asked for with an address that cannot be; the answer is on its way. */
  const refusedStreams = new Set<StreamId>()
  const refusedListeners = new Set<ListenerId>()
  let enter: (input: StreamInput | ListenerInput) => void = notStarted
  let nextStream = 1
  let endWatch: (() => void) | undefined

  const add = (
    stream: StreamId,
    socket: Socket,
    reads: FixedReads | undefined,
    dialled: boolean,
  ): void => {
    const onGone = (): void => {
      streams.delete(stream)
    }
    streams.set(stream, startTcpStream({ stream, socket, reads, tell: enter, onGone, dialled }))
  }

  const overloaded = (listener: ListenerId): void => {
    enter({ kind: 'listener.overloaded', listener, fault: 'too-many-open' })
  }

  const accept = (listener: ListenerId, socket: Socket): void => {
    // The last descriptor is nobody's: one stays free, so that the platform goes on accepting what
    // is refused here and told, and the store can open its files.
    if (!descriptorsAreLeft()) {
      socket.on('error', () => undefined).resetAndDestroy()
      return overloaded(listener)
    }
    const ends = endsOf(socket)
    // Reset before it was accepted: there is nobody to name.
    if (ends === undefined) return discard(socket)
    const stream = nextStream
    nextStream += 2
    add(stream, socket, fixedReadsOf(socket), false)
    enter({ kind: 'listener.accepted', listener, stream, ...ends })
  }

  const dropServer = (listener: ListenerId): void => {
    servers.delete(listener)
    if (servers.size > 0) return
    endWatch?.()
    endWatch = undefined
  }

  const onListening = (listener: ListenerId, server: Server): void => {
    const bound = server.address()
    const address =
      typeof bound === 'object' ? printedAddress(bound?.address, bound?.port) : undefined
    if (address === undefined) throw new Error('a TCP server listens on no address')
    endWatch ??= watchDescriptors(() => {
      for (const each of servers.keys()) overloaded(each)
    })
    enter({ kind: 'listener.listening', listener, address })
  }

  const listenOn = (listener: ListenerId, address: SocketAddress): void => {
    const server = createServer({ ...socketOptions, pauseOnConnect: true })
    servers.set(listener, server)
    const isOurs = (): boolean => servers.get(listener) === server
    server.on('listening', () => {
      // `close` before the server listens does not keep it from listening.
      if (isOurs()) onListening(listener, server)
      else server.close()
    })
    server.on('connection', (socket) => {
      if (isOurs()) accept(listener, socket)
      else discard(socket)
    })
    server.on('error', (error) => {
      if (!isOurs()) return
      const fault = faultOf(error)
      // A server that listens goes on after an error: one connection was not accepted.
      if (server.listening) return enter({ kind: 'listener.overloaded', listener, fault })
      dropServer(listener)
      enter({ kind: 'listener.failed', listener, fault })
    })
    server.listen({ host: address.host, port: address.port, backlog, ipv6Only, exclusive: true })
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    open(stream, address) {
      const target = targetAddress(address)
      if (target === undefined) {
        refusedStreams.add(stream)
        setImmediate(() => {
          if (!refusedStreams.delete(stream)) return
          enter({ kind: 'stream.failed', stream, fault: 'bad-address' })
        })
        return
      }
      const from = dialFrom === undefined ? {} : { localAddress: dialFrom }
      const reads = fixedReads()
      const { onread } = reads
      add(stream, connect({ ...socketOptions, ...target, ...from, onread }), reads, true)
    },
    listen(listener, address) {
      const local = localAddress(address)
      if (local !== undefined) return listenOn(listener, local)
      refusedListeners.add(listener)
      setImmediate(() => {
        if (!refusedListeners.delete(listener)) return
        enter({ kind: 'listener.failed', listener, fault: 'bad-address' })
      })
    },
    unlisten(listener) {
      refusedListeners.delete(listener)
      const server = servers.get(listener)
      if (server === undefined) return
      dropServer(listener)
      if (server.listening) server.close()
    },
    write: (stream, bytes) => streams.get(stream)?.write([bytes]),
    writePieces: (stream, pieces) => streams.get(stream)?.write(pieces, true),
    pause: (stream) => streams.get(stream)?.pause(),
    resume: (stream) => streams.get(stream)?.resume(),
    report: (stream) => streams.get(stream)?.report(),
    end: (stream) => streams.get(stream)?.end(),
    destroy(stream) {
      refusedStreams.delete(stream)
      streams.get(stream)?.destroy({ resets: resetsOnDestroy })
      streams.delete(stream)
    },
    held: () => ({ streams: streams.size, listeners: servers.size }),
  }
}
