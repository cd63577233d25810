/**
 * Whether this process can still open a descriptor. It has to be asked: where none is left, the
 * platform (libuv, in every Node so far) accepts a connection with a descriptor it keeps in reserve,
 * closes it at once and tells nobody.
 * @module
 */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { faultOf } from './faults.ts'

/**
 * How soon it is noticed that something else in the process took the last descriptor. A probe is two
 * system calls, so that once a second costs nothing, and an operator needs no faster answer.
 */
const WATCH_MS = 1_000

export function descriptorsAreLeft(): boolean {
  try {
    closeSync(openSync(devNull, 'r'))
    return true
  } catch (error) {
    // Another fault than exhaustion (no /dev/null in a jail) says nothing about descriptors.
    return faultOf(error) !== 'too-many-open'
  }
}

/** Calls once each time the descriptors run out. Returns what ends the watch. */
export function watchDescriptors(ranOut: () => void): () => void {
  let left = true
  const timer = setInterval(() => {
    const before = left
    left = descriptorsAreLeft()
    if (before && !left) ranOut()
  }, WATCH_MS)
  // The watch alone is no reason for the process to stay.
  timer.unref()
  return () => clearInterval(timer)
}
