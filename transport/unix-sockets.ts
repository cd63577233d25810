/**
 * Streams to Unix sockets, dialled and never listened on: a host is the absolute path of one, and its
 * port is 0. They lead to what runs on this machine, such as a proxy; a peer has no such address.
 * @module
 */
import { connect } from 'node:net'
import { encodeUtf8 } from '../codec/bytes.ts'
import type {
  ListenerId,
  ListenerInput,
  SocketAddress,
  StreamId,
  StreamInput,
  Streams,
} from '../world/streams.ts'
import { enteredBy, notStarted } from './later.ts'
import { startTcpStream } from './tcp-stream.ts'
import type { TcpStream } from './tcp-stream.ts'

/** What every system's `sun_path` holds, with the zero at its end. */
const PATH_BYTES_MAX = 103

/** Our end of a Unix socket has no name. */
const THIS_MACHINE: SocketAddress = { host: '127.0.0.1', port: 0 }

export const isSocketPath = (path: string): boolean =>
  path.startsWith('/') && !path.includes('\0') && encodeUtf8(path).length <= PATH_BYTES_MAX

export function unixSockets(): Streams {
  const streams = new Map<StreamId, TcpStream>()
  /** Asked for and not to be had; the answer is on its way. */
  const refused = new Set<StreamId>()
  const refusedListeners = new Set<ListenerId>()
  let enter: (input: StreamInput | ListenerInput) => void = notStarted

  const openAt = (stream: StreamId, address: SocketAddress): void => {
    const started = startTcpStream({
      stream,
      socket: connect({ path: address.host, allowHalfOpen: true }),
      tell: enter,
      onGone: () => {
        streams.delete(stream)
      },
      dialled: true,
      ends: { local: THIS_MACHINE, remote: address },
    })
    streams.set(stream, started)
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    open(stream, { host }) {
      if (isSocketPath(host)) return openAt(stream, { host, port: 0 })
      refused.add(stream)
      setImmediate(() => {
        if (refused.delete(stream)) enter({ kind: 'stream.failed', stream, fault: 'bad-address' })
      })
    },
    listen(listener) {
      refusedListeners.add(listener)
      setImmediate(() => {
        if (!refusedListeners.delete(listener)) return
        enter({ kind: 'listener.failed', listener, fault: 'bad-address' })
      })
    },
    unlisten(listener) {
      refusedListeners.delete(listener)
    },
    write: (stream, bytes) => streams.get(stream)?.write([bytes]),
    writePieces: (stream, pieces) => streams.get(stream)?.write(pieces, true),
    pause: (stream) => streams.get(stream)?.pause(),
    resume: (stream) => streams.get(stream)?.resume(),
    report: (stream) => streams.get(stream)?.report(),
    end: (stream) => streams.get(stream)?.end(),
    destroy(stream) {
      refused.delete(stream)
      streams.get(stream)?.destroy()
      streams.delete(stream)
    },
    held: () => ({ streams: streams.size, listeners: 0 }),
  }
}
