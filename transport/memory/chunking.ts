/**
 * How the memory network cuts a stream into deliveries. A stream promises order and nothing of the
 * cuts: whoever reads one must come to the same result under each of these.
 * @module
 */
import type { Random } from '../../world/random.ts'

export interface Ready {
  /** How many bytes of the stream were delivered before. */
  readonly deliveredBytes: number
  /** How many can be delivered now; at least 1. */
  readonly readyBytes: number
  /** How many of them belong to the write at the head. */
  readonly readyOfWriteBytes: number
}

/** How many bytes the next delivery to a host has; held to 1 and what is ready. */
export type Chunking = (ready: Ready, reader: string) => number

/** A delivery for each write. */
export const asWritten: Chunking = ({ readyOfWriteBytes }) => readyOfWriteBytes

export const oneByte: Chunking = () => 1

/** All that is ready at once. */
export const coalesced: Chunking = ({ readyBytes }) => readyBytes

/** Cuts after these many bytes of the stream, and nowhere else but where nothing more is ready. */
export function splitAt(positions: readonly number[]): Chunking {
  const rising = positions.toSorted((one, other) => one - other)
  return ({ deliveredBytes, readyBytes }) => {
    const cut = rising.find((position) => position > deliveredBytes)
    return cut === undefined ? readyBytes : cut - deliveredBytes
  }
}

/** Sizes drawn from 1 to `chunkBytesMax`. */
export function drawnChunks(random: Random, chunkBytesMax: number): Chunking {
  return () => 1 + random.below(chunkBytesMax)
}
