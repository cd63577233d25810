/**
 * A journal's body: segments one after the other, each a length (4 bytes, big-endian), a CRC-32 (4) and
 * that many bytes. The CRC goes on from the segment before, so that none can be left out or moved.
 * @module
 */
import { crc32 } from 'node:zlib'
import { viewOf } from '../codec/bytes.ts'
import { checked, followedBy } from './checksum.ts'
import type { Checked } from './checksum.ts'

const LENGTH_BYTES = 4
/** What stands in front of a segment's content. */
export const SEGMENT_OVERHEAD_BYTES = 8

/** Of content. A recording ends where one entry is larger; what says to be longer is no segment. */
export const SEGMENT_BYTES_MAX = 256 * 1_024 * 1_024

export interface SegmentWriter {
  /** Fills in what stands in front of the content, and gives the content's checksum. */
  seal(segment: Uint8Array): Checked
}

export function createSegmentWriter(): SegmentWriter {
  let check = 0
  return {
    seal(segment) {
      const view = viewOf(segment)
      view.setUint32(0, segment.length - SEGMENT_OVERHEAD_BYTES)
      const content = checked(segment.subarray(SEGMENT_OVERHEAD_BYTES))
      check = followedBy(crc32(segment.subarray(0, LENGTH_BYTES), check), content)
      view.setUint32(LENGTH_BYTES, check)
      return content
    },
  }
}

export interface Segments {
  readonly contents: readonly Uint8Array[]
  /** Where reading stopped before the end, and why. What is in `contents` stands before it. */
  readonly fault: { readonly atByte: number; readonly what: 'cut' | 'damaged' } | undefined
}

/** The contents are views of the bytes. `from` is where the first segment begins. */
export function readSegments(bytes: Uint8Array, from: number): Segments {
  const contents: Uint8Array[] = []
  const view = viewOf(bytes)
  let check = 0
  let at = from
  while (at < bytes.length) {
    if (bytes.length - at < SEGMENT_OVERHEAD_BYTES)
      return { contents, fault: { atByte: at, what: 'cut' } }
    const length = view.getUint32(at)
    if (length > SEGMENT_BYTES_MAX) return { contents, fault: { atByte: at, what: 'damaged' } }
    const end = at + SEGMENT_OVERHEAD_BYTES + length
    if (end > bytes.length) return { contents, fault: { atByte: at, what: 'cut' } }
    const content = bytes.subarray(at + SEGMENT_OVERHEAD_BYTES, end)
    const next = crc32(content, crc32(bytes.subarray(at, at + LENGTH_BYTES), check))
    if (next !== view.getUint32(at + LENGTH_BYTES)) {
      return { contents, fault: { atByte: at, what: 'damaged' } }
    }
    check = next
    contents.push(content)
    at = end
  }
  return { contents, fault: undefined }
}
