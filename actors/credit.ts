/**
 * Credit: what consumers hold that took work away (an async handler, a validator, a store write). It
 * is counted in bytes of messages, bounded a connection and a node. Above the bound the connection is
 * not read; it is read again at half.
 * @module
 */

/**
 * What a message that is held takes at least: a promise, its closures and a timer are about two
 * kilobytes, however small it is.
 */
const HELD_BYTES_MIN = 2_048

/** What a message with so many bytes of content costs while it is held. */
export const heldBytes = (contentBytes: number): number => Math.max(contentBytes, HELD_BYTES_MIN)

export interface CreditAccount {
  /** Whether this connection must not be read. */
  isExhausted(): boolean
  /** Always succeeds: the bound stops the next read, not the message that is at hand. */
  take(bytes: number): void
  giveBack(bytes: number): void
  /** The owner is gone. What its consumers still hold comes back to the node's account alone. */
  close(): void
}

export interface CreditPool {
  /** `onRoom` runs when an exhausted account may be read again. */
  open(onRoom: () => void): CreditAccount
  readonly usedBytes: number
}

export interface CreditLimits {
  readonly nodeBytesMax: number
  /** One connection holds at most this share of the node's credit, so that eight must be slow to stop all. */
  readonly connectionShare: number
}

export function createCreditPool({ nodeBytesMax, connectionShare }: CreditLimits): CreditPool {
  const connectionBytesMax = Math.floor(nodeBytesMax / connectionShare)
  const open = new Set<{ wake: () => void }>()
  let usedBytes = 0
  let poolFull = false

  return {
    get usedBytes() {
      return usedBytes
    },
    open(onRoom) {
      let used = 0
      let full = false
      const entry = {
        wake: () => {
          if (!full) onRoom()
        },
      }
      open.add(entry)
      return {
        isExhausted: () => full || poolFull,
        take(bytes) {
          used += bytes
          usedBytes += bytes
          if (used >= connectionBytesMax) full = true
          if (usedBytes >= nodeBytesMax) poolFull = true
        },
        giveBack(bytes) {
          used -= bytes
          usedBytes -= bytes
          const wasFull = full
          if (full && used <= connectionBytesMax / 2) full = false
          if (poolFull && usedBytes <= nodeBytesMax / 2) {
            poolFull = false
            for (const other of open) other.wake()
          } else if (wasFull && !full && !poolFull && open.has(entry)) onRoom()
        },
        close() {
          open.delete(entry)
        },
      }
    },
  }
}
