/**
 * A CRC-32 over all parts of a recording but its secrets, as it was made. It stands in the end, so that
 * a journal that was written anew with one entry changed is told from the one that was recorded.
 * It is no proof against a forger.
 * @module
 */
import { crc32 } from 'node:zlib'
import { followedBy } from './checksum.ts'
import type { Checked } from './checksum.ts'

export interface Seal {
  add(encodedPart: Uint8Array): void
  addChecked(encodedParts: Checked): void
  readonly value: number
}

export function createSeal(): Seal {
  let value = 0
  return {
    add(encodedPart) {
      value = crc32(encodedPart, value)
    },
    addChecked(encodedParts) {
      value = followedBy(value, encodedParts)
    },
    get value() {
      return value
    },
  }
}
