/**
 * One direction of a memory stream: what was written and not yet delivered, and how much of it the
 * far side's window has taken. In a pipe that is timed only what has arrived can be delivered. It knows nothing of who reads and when.
 * @module
 */

export interface Pipe {
  write(bytes: Uint8Array): void
  /** Nothing more will be written. */
  end(): void
  /** As `end`, and what the window has not taken is lost: the writer is gone. */
  cut(): void
  /** Copies the next bytes into `target`. Count and target are the caller's to have fitted. */
  take(count: number, target: Uint8Array): void
  /** How far the stream has come (a total), and whether its end has. For a pipe that is timed. */
  arrive(uptoBytes: number, isEnd: boolean): void
  readonly writtenBytes: number
  readonly deliveredBytes: number
  /** What the window has taken: a total. */
  readonly sentBytes: number
  /** What can be delivered now. */
  readonly readyBytes: number
  /** How much of `readyBytes` belongs to the write at the head. */
  readonly readyOfWriteBytes: number
  /** Ended, the end is there, and all is delivered. */
  readonly isDry: boolean
  readonly isEnded: boolean
}

export function createPipe(windowBytes: number, isTimed: boolean): Pipe {
  let writes: Uint8Array[] = []
  let head = 0
  let offset = 0
  let writtenBytes = 0
  let deliveredBytes = 0
  let isEnded = false
  let arrivedBytes = isTimed ? 0 : Infinity
  let hasEndArrived = !isTimed

  const sentBytes = (): number => Math.min(writtenBytes, deliveredBytes + windowBytes)
  const readyBytes = (): number => Math.min(sentBytes(), arrivedBytes) - deliveredBytes
  const headBytes = (): number => (writes[head]?.length ?? 0) - offset

  const next = (): void => {
    head++
    offset = 0
    if (head < writes.length / 2) return
    writes = writes.slice(head)
    head = 0
  }

  return {
    write(bytes) {
      if (isEnded || bytes.length === 0) return
      writes.push(bytes)
      writtenBytes += bytes.length
    },
    end() {
      isEnded = true
    },
    cut() {
      isEnded = true
      writtenBytes = sentBytes()
    },
    take(count, target) {
      let filled = 0
      for (let write = writes[head]; write !== undefined && filled < count; write = writes[head]) {
        const part = write.subarray(offset, offset + count - filled)
        target.set(part, filled)
        filled += part.length
        offset += part.length
        if (offset === write.length) next()
      }
      deliveredBytes += filled
    },
    arrive(uptoBytes, isEnd) {
      arrivedBytes = uptoBytes
      if (isEnd) hasEndArrived = true
    },
    get writtenBytes() {
      return writtenBytes
    },
    get deliveredBytes() {
      return deliveredBytes
    },
    get sentBytes() {
      return sentBytes()
    },
    get readyBytes() {
      return readyBytes()
    },
    get readyOfWriteBytes() {
      return Math.min(headBytes(), readyBytes())
    },
    get isDry() {
      return isEnded && hasEndArrived && deliveredBytes === writtenBytes
    },
    get isEnded() {
      return isEnded
    },
  }
}
