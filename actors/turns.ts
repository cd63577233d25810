/**
 * Who reads when. In one turn of the platform each connection reads a bounded share; whoever has more
 * comes again at the turn's end, in an order drawn from the random source, so that nobody is served
 * first for ever. What a turn wants to send leaves together at its end.
 * @module
 */
import { shuffled } from '../world/random.ts'
import type { Random } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'

export interface Reader {
  /** Reads one share. True: there is more to read. */
  readShare(): boolean
  flush(): void
}

export interface Turns {
  /** Changes at each end of a turn: a share is good for one turn. */
  readonly number: number
  /** Lets the reader read at the end of this turn. */
  wantsToRead(reader: Reader): void
  /** Lets the reader flush at the end of this turn. */
  wantsToFlush(reader: Reader): void
  leave(reader: Reader): void
}

export function createTurns(loop: StepLoop, random: Random): Turns {
  const readers = new Set<Reader>()
  const flushers = new Set<Reader>()
  let number = 0
  let asked = false

  const ask = (): void => {
    if (asked) return
    asked = true
    loop.atEndOfTurn(end)
  }

  function end(): void {
    asked = false
    number++
    const reading = [...readers]
    readers.clear()
    for (const reader of reading.length > 1 ? shuffled(random, reading) : reading) {
      if (reader.readShare()) readers.add(reader)
    }
    const flushing = [...flushers]
    flushers.clear()
    for (const flusher of flushing) flusher.flush()
    if (readers.size > 0 || flushers.size > 0) ask()
  }

  return {
    get number() {
      return number
    },
    wantsToRead(reader) {
      readers.add(reader)
      ask()
    },
    wantsToFlush(reader) {
      flushers.add(reader)
      ask()
    },
    leave(reader) {
      readers.delete(reader)
      flushers.delete(reader)
    },
  }
}
