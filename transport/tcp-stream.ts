/**
 * One TCP socket as one stream: what the core asks goes to the socket, what the socket reports goes
 * to the core. All of Node's events about a socket end here.
 *
 * Node emits nothing inside a call of ours (errors of `connect`, `write` and `end` come by
 * `process.nextTick`), so that the events may be handed on as they come.
 * @module
 */
import type { Socket } from 'node:net'
import type { SocketAddress, StreamId, StreamInput, TransportFault } from '../world/streams.ts'
import { printedAddress } from './address.ts'
import { dialFaultOf, faultOf } from './faults.ts'
import type { FixedReads } from './fixed-reads.ts'
import { freeMemory } from './free-memory.ts'
import { clearWrites, createWriteQueue, endingWith, nextWrite } from './write-queue.ts'
import { pushWrite, waitingWrites } from './write-queue.ts'

/**
 * How much Node may hold of what was written, before the rest waits here. Node reports what it took
 * from a whole batch of writes at its end, so that a slow reader of a large message would look like
 * one that reads nothing; and it is two pieces of the queue, so that the socket never idles.
 */
const HELD_BY_NODE_BYTES_MAX = 128 * 1_024
/** As many writes as it may hold of them: each is an object, whatever its bytes. */
const HELD_BY_NODE_WRITES_MAX = 64

export interface TcpStream {
  /** One behind the other. `areSole`: nobody else will look at them, so that their memory is given back. */
  write(pieces: readonly Uint8Array[], areSole?: boolean): void
  pause(): void
  resume(): void
  report(): void
  end(): void
  /** `resets`: what is on its way is lost, and the far side is told so. */
  destroy(how?: { readonly resets: boolean }): void
}

export interface TcpStreamOptions {
  readonly stream: StreamId
  readonly socket: Socket
  /** Where its bytes come from. Left out: its `data`. */
  readonly reads?: FixedReads | undefined
  readonly tell: (input: StreamInput) => void
  /** The socket is gone by itself: failed, or ended on both sides. */
  readonly onGone: () => void
  /** Whether we dial: then the stream is to be told as opened. */
  readonly dialled: boolean
  /** Of a socket without addresses. Left out: the socket's own. */
  readonly ends?: SocketEnds
}

export interface SocketEnds {
  readonly local: SocketAddress
  readonly remote: SocketAddress
}

/** Undefined for a socket that is not connected, or no longer. */
export function endsOf(socket: Socket): SocketEnds | undefined {
  const local = printedAddress(socket.localAddress, socket.localPort)
  const remote = printedAddress(socket.remoteAddress, socket.remotePort)
  return local === undefined || remote === undefined ? undefined : { local, remote }
}

/**
 * Stays on a socket that was given up: an error that was already on its way (a refused connect, a
 * write to a peer that left) would otherwise be thrown into the process. Whoever owned the stream
 * has asked to hear nothing more of it.
 */
const ignoreLateError = (): void => undefined

/** Gives up a socket in any state; nothing of it is heard of again. */
export function discard(socket: Socket, how?: { readonly resets: boolean }): void {
  socket.on('error', ignoreLateError)
  // To reset one that connects, Node waits until it is connected: minutes, where nobody answers. One that is
  // just being ended cannot be reset, and Node would never close it.
  const isEnding = socket.writableEnded && !socket.writableFinished
  if (how?.resets === true && !socket.connecting && !isEnding) socket.resetAndDestroy()
  else socket.destroy()
}

export function startTcpStream(options: TcpStreamOptions): TcpStream {
  const { stream, socket, reads, tell, onGone } = options
  const waiting = createWriteQueue()
  let givenBytes = 0
  let heldWrites = 0
  let connected = !options.dialled
  let isRead = false
  let ending = false
  let farEnded = false
  let over = false
  let reportDue: NodeJS.Immediate | undefined

  const report = (): void => {
    reportDue = undefined
    if (over) return
    tell({ kind: 'stream.sent', stream, sentBytes: givenBytes - socket.writableLength })
  }

  /** One report a turn, however many writes were taken in it. */
  const askReport = (): void => {
    reportDue ??= setImmediate(report)
  }

  const taken = (error?: Error | null): void => {
    heldWrites--
    // What failed is told by the socket's own 'error', once.
    if (error || over) return
    askReport()
    pump()
  }

  /**
   * All that was written before has left as well, or the socket is gone, of which Node 20 tells no error: in
   * either case the system does not look at this memory any more.
   */
  const takenWith = (sole: Uint8Array, error?: Error | null): void => {
    if (!error) freeMemory(sole)
    taken(error)
  }

  const isFull = (): boolean =>
    socket.writableLength >= HELD_BY_NODE_BYTES_MAX || heldWrites >= HELD_BY_NODE_WRITES_MAX

  const pump = (): void => {
    // All that goes at once is one call of the system.
    const isMany = waitingWrites(waiting) > 1
    if (isMany) socket.cork()
    while (!isFull()) {
      const bytes = nextWrite(waiting)
      if (bytes === undefined) break
      givenBytes += bytes.length
      heldWrites++
      const sole = endingWith(waiting, bytes)
      if (sole === undefined) socket.write(bytes, taken)
      else socket.write(bytes, (error) => takenWith(sole, error))
    }
    if (isMany) socket.uncork()
    if (ending && waitingWrites(waiting) === 0 && !socket.writableEnded) socket.end()
  }

  /** From here on the core hears nothing of this socket, and the socket holds nothing of ours. */
  const release = (how?: { readonly resets: boolean }): void => {
    over = true
    clearWrites(waiting)
    clearImmediate(reportDue)
    reportDue = undefined
    reads?.release()
    socket.off('connect', onConnect).off('data', onData).off('end', onEnd)
    socket.off('resume', onResume).off('error', onError).off('close', onClose)
    discard(socket, how)
  }

  const fail = (fault: TransportFault): void => {
    release()
    onGone()
    tell({ kind: 'stream.failed', stream, fault })
  }

  const onConnect = (): void => {
    connected = true
    const ends = options.ends ?? endsOf(socket)
    // Without an address it is reset already, and the next event of the socket says so.
    if (ends !== undefined) tell({ kind: 'stream.opened', stream, ...ends })
    if (isRead && !over) socket.resume()
  }
  const onBytes = (bytes: Uint8Array): void => {
    tell({ kind: 'stream.bytes', stream, bytes })
  }
  // A plain Uint8Array: a Buffer's `slice` is a view, where everyone else's is a copy.
  const onData = (bytes: Buffer): void => {
    onBytes(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  }
  const onEnd = (): void => {
    farEnded = true
    tell({ kind: 'stream.ended', stream })
  }
  /**
   * Node resumes in the next tick, also what was paused since: into memory of its own it then reads a
   * little, into fixed memory all that comes.
   */
  const onResume = (): void => {
    if (!isRead) socket.pause()
  }
  const onError = (error: Error): void => fail(connected ? faultOf(error) : dialFaultOf(error))
  const onClose = (): void => {
    if (!farEnded || !socket.writableFinished) return fail('reset')
    if (reportDue !== undefined) report()
    release()
    onGone()
  }

  // Before it listens for data: Node would start to read.
  socket.pause()
  if (reads === undefined) socket.on('data', onData)
  else reads.hear(onBytes)
  socket.on('connect', onConnect).on('end', onEnd)
  socket.on('resume', onResume).on('error', onError).on('close', onClose)

  return {
    write(pieces, areSole = false) {
      if (over || ending) return
      for (const bytes of pieces) pushWrite(waiting, bytes, areSole)
      pump()
    },
    pause() {
      isRead = false
      if (!over) socket.pause()
    },
    resume() {
      isRead = true
      // One that connects would be read once it has, whatever is asked until then.
      if (!over && connected) socket.resume()
    },
    report() {
      if (!over) askReport()
    },
    end() {
      if (over || ending) return
      ending = true
      pump()
    },
    destroy(how) {
      if (!over) release(how)
    },
  }
}
