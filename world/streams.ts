/**
 * Ordered byte streams (TCP, memory, a proxy): what the core may ask, and what it is told.
 *
 * A stream has a number. The side that starts one numbers it: the core with even numbers, the
 * transport with odd ones, rising, never reused. Nothing is ever delivered inside a call of the
 * core, and nothing about a stream after `destroy`.
 * @module
 */

export type StreamId = number
export type ListenerId = number

/**
 * `host` is an IP literal without brackets, in the form the transport's platform prints it; of a target
 * it may be a name, where the transport takes it.
 */
export interface SocketAddress {
  readonly host: string
  readonly port: number
}

/** What a transport reports of its platform's faults: codes of ours, never a system's text. */
export type TransportFault =
  | 'address-in-use'
  | 'bad-address'
  | 'failed'
  | 'no-access'
  | 'not-found'
  /** Of a proxy on the way, not of who was to be reached: it is away, or does not do what we ask of it. */
  | 'proxy-failed'
  | 'refused'
  | 'reset'
  | 'timed-out'
  | 'too-many-open'
  | 'unreachable'

export type StreamInput =
  | {
      readonly kind: 'stream.opened'
      readonly stream: StreamId
      readonly local: SocketAddress
      readonly remote: SocketAddress
    }
  /** The bytes are the receiver's until this input's step ends: what is kept longer is copied. */
  | { readonly kind: 'stream.bytes'; readonly stream: StreamId; readonly bytes: Uint8Array }
  /** All that the system has taken so far: a total, so that one lost report is made good by the next. */
  | { readonly kind: 'stream.sent'; readonly stream: StreamId; readonly sentBytes: number }
  /** The far side will send nothing more. */
  | { readonly kind: 'stream.ended'; readonly stream: StreamId }
  /** Gone, both ways. Only `destroy` may follow. */
  | { readonly kind: 'stream.failed'; readonly stream: StreamId; readonly fault: TransportFault }

export type ListenerInput =
  | {
      readonly kind: 'listener.listening'
      readonly listener: ListenerId
      readonly address: SocketAddress
    }
  | {
      readonly kind: 'listener.failed'
      readonly listener: ListenerId
      readonly fault: TransportFault
    }
  | {
      readonly kind: 'listener.accepted'
      readonly listener: ListenerId
      readonly stream: StreamId
      readonly local: SocketAddress
      readonly remote: SocketAddress
    }
  /** A connection could not be accepted (descriptors exhausted); the listener goes on. */
  | {
      readonly kind: 'listener.overloaded'
      readonly listener: ListenerId
      readonly fault: TransportFault
    }

/** How a host is reached: as it is, not at all, or through a proxy. */
export type StreamWay =
  | 'direct'
  | 'refused'
  | {
      readonly proxy: SocketAddress | { readonly path: string }
      /** Whether each stream has credentials of its own there, by which the proxy can keep streams apart. */
      readonly isIsolated: boolean
    }

export interface Streams {
  /** Once, before all else: where inputs go. */
  start(enter: (input: StreamInput | ListenerInput) => void): void
  /** Answered by `stream.opened` or `stream.failed`. The stream starts paused. */
  open(stream: StreamId, address: SocketAddress): void
  /**
   * Whether `open` takes this name as a host, for a proxy to find: then it is not to be resolved. Left
   * out: `open` takes IP literals alone. Who puts a world together asks this and hands the core names
   * that answer so (`namesThrough`): the core learns it as an input, which a recording holds.
   */
  takesName?(name: string): boolean
  /** How a host is reached, for an operator: the core does not ask. Left out: whatever is dialled is dialled directly. */
  wayTo?(host: string): StreamWay
  /** Answered by `listener.listening` or `listener.failed`. Port 0 asks for any free one. */
  listen(listener: ListenerId, address: SocketAddress): void
  /** No more streams are accepted; those that are open stay. Accepted streams start paused. */
  unlisten(listener: ListenerId): void
  /**
   * Queues the bytes; they are the transport's from now on. There is no limit here: the caller
   * counts what it wrote against `stream.sent`.
   */
  write(stream: StreamId, bytes: Uint8Array): void
  /**
   * As `write` of all pieces joined. Nobody else looks at their memory from now on: the transport may give
   * it back once they have left. Left out: whoever has pieces joins them.
   */
  writePieces?(stream: StreamId, pieces: readonly Uint8Array[]): void
  /**
   * At most one chunk that was already on its way arrives after `pause`. Nobody looks at a paused
   * stream: that its far side ended or broke may be told only when it is resumed or written to.
   */
  pause(stream: StreamId): void
  resume(stream: StreamId): void
  /** Asks for a `stream.sent` report, whether or not anything changed. */
  report(stream: StreamId): void
  /**
   * Sends what is queued, then the end of our side. The far side may still be read; what is written
   * afterwards goes nowhere.
   */
  end(stream: StreamId): void
  /** Releases everything at once, on any stream in any state; unknown and released ones are ignored. */
  destroy(stream: StreamId): void
  /** How many streams and listeners hold a resource of the platform, for the audit. */
  held(): { readonly streams: number; readonly listeners: number }
}
