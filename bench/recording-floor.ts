/**
 * The unavoidable part of a journal in memory: the bytes that enter a node are copied into memory that
 * stays, what it sends gets its fingerprint, and nothing else is done. Nobody could replay it.
 * @module
 */
import { fingerprints } from '../journal/fingerprint.ts'
import type { JournalRecording } from '../journal/recording.ts'
import { createKeptBytes } from '../journal/kept-bytes.ts'
import type { Input } from '../world/input.ts'

/** As a journal: a call for each entry would cost more than the copy. */
const SEGMENT_BYTES = 64 * 1_024

function bytesOf(input: Input): Uint8Array | undefined {
  if ('bytes' in input) return input.bytes
  if (input.kind !== 'command') return undefined
  const { message } = input.command as { readonly message?: { readonly payload?: Uint8Array } }
  return message?.payload
}

export function recordingFloor(): JournalRecording & { readonly bytes: number } {
  const kept = createKeptBytes()
  const segment = new Uint8Array(SEGMENT_BYTES)
  let [filled, total] = [0, 0]

  const room = (count: number): void => {
    if (filled + count <= SEGMENT_BYTES) return
    kept.add(segment.subarray(0, filled))
    filled = 0
  }

  const keep = (bytes: Uint8Array): void => {
    total += bytes.length
    room(Math.min(bytes.length, SEGMENT_BYTES))
    if (bytes.length > SEGMENT_BYTES) kept.add(bytes)
    else {
      segment.set(bytes, filled)
      filled += bytes.length
    }
  }

  const keepText = (text: string): void => {
    total += text.length
    room(text.length)
    for (let at = 0; at < text.length; at++) segment[filled++] = text.charCodeAt(at)
  }

  return {
    begin({ crypto, random }) {
      const fingerprintOf = fingerprints(crypto)
      return {
        random,
        abandon: () => undefined,
        watch(port) {
          port.watch(
            (observation) => {
              if (observation.of === 'step') {
                const bytes = bytesOf(observation.input)
                if (bytes !== undefined) keep(bytes)
              } else if (observation.of === 'effect') {
                const { effect } = observation
                if (effect.kind === 'stream.write') keepText(fingerprintOf(effect.pieces))
              }
            },
            { kinds: ['step', 'effect'] },
          )
        },
      }
    },
    get bytes() {
      return total
    },
  }
}
