/**
 * The unavoidable part of a journal in memory: the bytes that enter a node are copied into memory that
 * stays, and nothing else is done. Nobody could replay it.
 * @module
 */
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

export function copiedInputs(): JournalRecording & { readonly bytes: number } {
  const kept = createKeptBytes()
  const segment = new Uint8Array(SEGMENT_BYTES)
  let [filled, total] = [0, 0]

  const keep = (bytes: Uint8Array): void => {
    total += bytes.length
    if (filled + bytes.length > SEGMENT_BYTES) {
      kept.add(segment.subarray(0, filled))
      filled = 0
    }
    if (bytes.length > SEGMENT_BYTES) kept.add(bytes)
    else {
      segment.set(bytes, filled)
      filled += bytes.length
    }
  }

  return {
    begin: ({ random }) => ({
      random,
      abandon: () => undefined,
      watch(port) {
        port.watch(
          (observation) => {
            const bytes = observation.of === 'step' ? bytesOf(observation.input) : undefined
            if (bytes !== undefined) keep(bytes)
          },
          { kinds: ['step'] },
        )
      },
    }),
    get bytes() {
      return total
    },
  }
}
