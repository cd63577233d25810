/**
 * How long to wait before a retry: it doubles up to a maximum, and half of it is drawn, so that
 * peers that failed together do not come back together.
 * @module
 */
import type { Random } from '../world/random.ts'
import { CORE_LIMITS } from './limits.ts'

export interface BackoffLimits {
  /** The longest wait before the first retry. */
  readonly baseMs: number
  /** The longest wait before any retry. */
  readonly maxMs: number
}

const DEFAULTS: BackoffLimits = {
  baseMs: CORE_LIMITS.backoffBaseMs,
  maxMs: CORE_LIMITS.backoffMaxMs,
}

/**
 * `firstMs` doubled so many times, up to `maxMs`. By doubling, not by a power: the last digit of a
 * power is the engine's to choose.
 */
export function doubled(firstMs: number, times: number, maxMs: number): number {
  let ms = Math.min(firstMs, maxMs)
  for (let done = 0; done < times && ms < maxMs; done++) ms = Math.min(maxMs, ms * 2)
  return ms
}

/** The wait before retry 1, 2, 3 ...: uniform between half and the whole of the doubled base. */
export function backoffMs(
  random: Random,
  retry: number,
  { baseMs, maxMs }: BackoffLimits = DEFAULTS,
): number {
  const half = doubled(baseMs, retry - 1, maxMs) / 2
  return half + random.unit() * half
}
