/**
 * The numbers of our own broadcasts (native protocol, section 13): they rise strictly, across
 * restarts too. They start at the wall clock, in microseconds, but a clock can be set back: so none is
 * used before the store holds a bound above it, and none below that bound is used by the next run. The
 * bound is far ahead, so that it is seldom written.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import { encodeAscii, viewOf } from '../../codec/bytes.ts'
import type { ProtocolTypes } from '../../machines/session.ts'

/** One write for so many numbers. As times they are 65 ms, so that the clock is soon ahead again. */
const RESERVED_AT_ONCE = 65_536n
const PER_MILLISECOND = 1_000n
const TABLE = 'sequence'
const KEY = encodeAscii('bound')
const BOUND_BYTES = 8

/** What outlives an incarnation. */
export interface SequenceKept {
  /** 0: not known yet. */
  next: bigint
  /** Numbers below it are ours: the store has it. */
  bound: bigint
}

export const keepSequence = (): SequenceKept => ({ next: 0n, bound: 0n })

type Take = (outcome: { readonly sequence: bigint } | 'store-failed') => void

export interface Sequence {
  /** The next number: at once, or when the store has its bound. Returns how to want it no more. */
  take(take: Take): () => void
  stop(): void
}

export function startSequence(
  { store, wallMs }: Pick<ChildTools<ProtocolTypes>, 'store' | 'wallMs'>,
  kept: SequenceKept,
): Sequence {
  const waiting = new Set<Take>()
  let isWriting = false

  const serve = (): void => {
    for (const take of waiting) {
      if (kept.next >= kept.bound) return
      waiting.delete(take)
      take({ sequence: kept.next++ })
    }
  }

  const reserve = (): void => {
    if (isWriting) return
    isWriting = true
    const bound = kept.next + RESERVED_AT_ONCE
    store.write([{ table: TABLE, key: KEY, value: bytesOf(bound) }], (outcome) => {
      isWriting = false
      if (outcome === 'durable') {
        if (bound > kept.bound) kept.bound = bound
        serve()
        return
      }
      const failed = [...waiting]
      waiting.clear()
      for (const take of failed) take('store-failed')
    })
  }

  const first = [kept.next, boundOf(store.get(TABLE, KEY)), BigInt(wallMs()) * PER_MILLISECOND]
  if (kept.next === 0n) for (const one of first) if (one > kept.next) kept.next = one

  return {
    take(take) {
      waiting.add(take)
      serve()
      if (kept.bound - kept.next < RESERVED_AT_ONCE / 2n) reserve()
      return () => waiting.delete(take)
    },
    stop() {
      waiting.clear()
    },
  }
}

function bytesOf(bound: bigint): Uint8Array {
  const bytes = new Uint8Array(BOUND_BYTES)
  viewOf(bytes).setBigUint64(0, bound)
  return bytes
}

/** What is no number of ours is as if it were not there. */
const boundOf = (bytes: Uint8Array | undefined): bigint =>
  bytes?.length === BOUND_BYTES ? viewOf(bytes).getBigUint64(0) : 0n
