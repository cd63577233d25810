/**
 * What a run did, step by step, chained into one hash: when, which node, what came in, and a hash of
 * all that it asked of the world in that step. Two runs with one hash did the same; where two differ,
 * their lines say at which step first.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { encodeHex, encodeUtf8 } from '../../codec/bytes.ts'
import { createMix, mixIn, mixInText, mixInWhole, printMix } from './mixing.ts'

export interface Trace {
  /** A step begins; the one before it is over. */
  input(node: number, nowMs: number, kind: string, about: number | string, bytes: number): void
  /** The node asked for something in the step at hand. */
  readonly asked: (kind: number, about: number) => void
  /** What is mixed in belongs to what was asked for last. */
  readonly effects: ReturnType<typeof createMix>
  readonly steps: number
  /** The hash of the whole run. Nothing may follow. */
  end(): string
}

/** Microseconds are the finest that the virtual clock tells. */
const MICROSECONDS = 1_000

/**
 * @param header says which run it is: other numbers, another hash
 * @param onLine gets a line a step
 */
export function createTrace(header: string, onLine?: (line: string) => void): Trace {
  const chain = createMix()
  const effects = createMix()
  const kinds = new Map<string, number>()
  let steps = 0
  let count = 0
  let at = { node: 0, nowMs: 0, kind: '', about: '' as number | string, bytes: 0 }

  const close = (): void => {
    if (steps === 0) return
    mixIn(chain, effects.low)
    mixIn(chain, effects.high)
    if (onLine === undefined) return
    const { about, bytes, kind, node, nowMs } = at
    onLine(
      `${steps} ${nowMs} n${node} ${kind} ${about} ${bytes} -> ${count} ${printMix(effects)} ${printMix(chain)}`,
    )
  }

  /** By the name and not by the order in which they came up. */
  const codeOf = (text: string): number => {
    const known = kinds.get(text)
    if (known !== undefined) return known
    const mix = createMix()
    mixInText(mix, text)
    kinds.set(text, mix.low)
    return mix.low
  }

  return {
    input(node, nowMs, kind, about, bytes) {
      close()
      steps++
      count = 0
      effects.low = 0
      effects.high = 0
      mixInWhole(chain, Math.round(nowMs * MICROSECONDS))
      mixIn(chain, node)
      mixIn(chain, codeOf(kind))
      mixIn(chain, typeof about === 'number' ? about : codeOf(about))
      mixIn(chain, bytes)
      if (onLine !== undefined) at = { node, nowMs, kind, about, bytes }
    },
    asked(kind, about) {
      count++
      mixIn(effects, kind)
      mixIn(effects, about)
    },
    effects,
    get steps() {
      return steps
    },
    end() {
      close()
      return encodeHex(sha256(encodeUtf8(`${header}\n${steps}\n${printMix(chain)}`)))
    },
  }
}

/** Where two runs part. */
export interface TraceDifference {
  /** The line, from 1. */
  readonly step: number
  readonly expected: string | undefined
  readonly got: string | undefined
}

export interface TraceComparison {
  /** A line of the run at hand. */
  line(got: string): void
  /** It has ended. */
  end(): TraceDifference | undefined
}

/** @param nextExpected the lines of the other run, one a call; undefined: there are no more */
export function compareTraces(nextExpected: () => string | undefined): TraceComparison {
  let step = 0
  let difference: TraceDifference | undefined
  const compare = (got: string | undefined): void => {
    if (difference !== undefined) return
    step++
    const expected = nextExpected()
    if (expected !== got) difference = { step, expected, got }
  }
  return {
    line: compare,
    end() {
      compare(undefined)
      return difference
    },
  }
}
