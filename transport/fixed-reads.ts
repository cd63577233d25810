/**
 * Sockets that read into memory that stays: one piece for all of them, because what is read is handed
 * on before anything else is.
 *
 * Node takes 64 KiB of new memory for each read otherwise, however little comes, and half of what a
 * round trip of 64 bytes took a process was that. It offers fixed memory (`onread`) to sockets that
 * dial. A socket that a server accepts is made without options; it is given here what the option would
 * have given it, found by value and not by name. On a Node that keeps it otherwise, such a socket is read
 * as usual.
 * @module
 */
import { Socket } from 'node:net'
import type { OnReadOpts, SocketConstructorOpts } from 'node:net'
import { markAsUntransferable } from 'node:worker_threads'

/** What Node asks the system for at once. */
const READ_BYTES = 64 * 1_024
const MEMORY = new Uint8Array(READ_BYTES)
/** Whoever was lent it and transfers it would take it from all sockets. */
markAsUntransferable(MEMORY.buffer)

const ignore = (): void => undefined

export interface FixedReads {
  /** What `connect` takes. */
  readonly onread: OnReadOpts
  /** Who is told from now on. The bytes are theirs until they return. */
  hear(onBytes: (bytes: Uint8Array) => void): void
  /** Nobody is told any more. */
  release(): void
}

export function fixedReads(): FixedReads {
  let tell: (bytes: Uint8Array) => void = ignore
  return {
    onread: {
      buffer: MEMORY,
      callback(count) {
        tell(MEMORY.subarray(0, count))
        return true
      },
    },
    hear(onBytes) {
      tell = onBytes
    },
    release() {
      tell = ignore
    },
  }
}

/** Where a socket keeps what it was given as `onread`. */
interface Places {
  readonly buffer: symbol
  readonly callback: symbol
}

function findPlaces(): Places | undefined {
  const { onread } = fixedReads()
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { onread }
  const socket = new Socket(options)
  const placeOf = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(socket).find((symbol) => Reflect.get(socket, symbol) === value)
  const [buffer, callback] = [placeOf(onread.buffer), placeOf(onread.callback)]
  socket.destroy()
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback }
}

interface Handle {
  useUserBuffer(memory: Uint8Array): void
}

const isHandle = (value: unknown): value is Handle =>
  typeof value === 'object' &&
  value !== null &&
  typeof Reflect.get(value, 'useUserBuffer') === 'function'

let places: Places | 'none' | undefined

/**
 * For a socket that was accepted and has not been read yet.
 * @returns undefined where this Node has no way to: then it tells of its bytes by `data`
 */
export function fixedReadsOf(socket: Socket): FixedReads | undefined {
  places ??= findPlaces() ?? 'none'
  const handle: unknown = Reflect.get(socket, '_handle')
  if (places === 'none' || !isHandle(handle)) return undefined
  const reads = fixedReads()
  Reflect.set(socket, places.buffer, reads.onread.buffer)
  Reflect.set(socket, places.callback, reads.onread.callback)
  handle.useUserBuffer(MEMORY)
  return reads
}
