import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AHEAD_BYTES_MAX } from '../../codec/bitcoin/long-body.ts'
import { allocationsOf } from '../support/allocations.ts'
import { holds } from '../support/properties.ts'
import { anySession, receive, SESSION_INPUTS } from './bitcoin-receiving.ts'
import type { FuzzOutcome } from './bitcoin-receiving.ts'

/** `npm run fuzz -- --runs N` asks for more. */
const INPUTS = Number(process.env['PEERLOOM_FUZZ_RUNS'] ?? 20_000)
const LONG = { timeout: 60_000 + INPUTS * 10 }
/** Of a session, for each byte that came: copies on the way, and what a decoder sets aside. */
const ALLOCATED_PER_BYTE_MAX = 16
/** What a session has in any case: its keys, their schedules, and room that is made ahead. */
const ALLOCATED_BYTES_MAX = {
  v1: 65_536,
  // A length of v2 cannot be told from chance before all has come: room is made ahead, up to this.
  v2: 65_536 + AHEAD_BYTES_MAX,
}
/**
 * For each byte on the wire, of a message that is held: what is shortest and most are indexes of one byte,
 * and transactions of nothing, with their numbers and names.
 */
const HELD_PER_BYTE_MAX = 32

describe.each(['v1', 'v2'] as const)('what comes over %s', (transport) => {
  test(
    'neither throws, nor is read for ever, nor is held in more than so many bytes for each one',
    LONG,
    () => {
      const sums = {
        inputs: 0,
        messages: 0,
        refused: 0,
        closed: 0,
        whole: 0,
        heldPerByte: 0,
        beyondBytes: 0,
      }
      const runs = Math.ceil(INPUTS / 2 / SESSION_INPUTS)
      holds(
        fc.property(anySession, ({ inputs, role }) => {
          // Where an input ends a session, the next one begins another.
          for (let rest = inputs; rest.length > 0;) {
            let outcome: FuzzOutcome | undefined
            const { bytes } = allocationsOf(() => {
              outcome = receive(transport, { inputs: rest, role })
            })
            if (outcome === undefined) throw new Error('nothing came of it')
            const { given, isClosed, messages, mostPerByte, pushedBytes, refused } = outcome
            rest = rest.slice(given)
            if (mostPerByte > HELD_PER_BYTE_MAX) {
              throw new Error(`${String(mostPerByte)} bytes are held for each one`)
            }
            if (bytes > ALLOCATED_BYTES_MAX[transport] + ALLOCATED_PER_BYTE_MAX * pushedBytes) {
              throw new Error(`${String(bytes)} bytes were allocated for ${String(pushedBytes)}`)
            }
            sums.inputs += given
            sums.messages += messages
            sums.refused += refused
            sums[isClosed ? 'closed' : 'whole']++
            sums.heldPerByte = Math.max(sums.heldPerByte, mostPerByte)
            sums.beyondBytes = Math.max(
              sums.beyondBytes,
              bytes - ALLOCATED_PER_BYTE_MAX * pushedBytes,
            )
          }
        }),
        runs,
      )
      expect(sums.inputs).toBe(runs * SESSION_INPUTS)
      // Most of it is read, some is refused, and some ends a session.
      expect(sums.messages).toBeGreaterThan(sums.inputs / 4)
      expect(sums.refused).toBeGreaterThan(sums.inputs / 50)
      expect(Math.min(sums.closed, sums.whole)).toBeGreaterThan(0)
      if (process.env['PEERLOOM_FUZZ_RUNS'] !== undefined) console.info(transport, sums)
    },
  )
})
