/**
 * Whom a ban covers: a connection that is there, or whoever would be dialled. To close and to refuse are
 * others' to do.
 * @module
 */
import { canonicalRange, isInRange } from '../codec/host-range.ts'
import type { BanKey } from './ban-records.ts'

/** Somebody who is there, or would be dialled: each part is undefined where it is not known. */
export interface Covered {
  readonly host: string | undefined
  readonly group: string | undefined
  /** Proven, or who is dialled. */
  readonly identity: string | undefined
  /** Who it says that it is. */
  readonly claim: string | undefined
}

/** For many of them: what takes time is done once for the key. */
export function coveredBy(key: BanKey): (somebody: Covered) => boolean {
  switch (key.kind) {
    case 'identity':
      return ({ identity }) => identity === key.identity
    case 'address':
      return ({ host }) => host === key.host
    case 'claim':
      return ({ claim, group }) => claim === key.identity && group === key.group
    case 'range': {
      const range = canonicalRange(key.range)
      return ({ host }) => range !== undefined && host !== undefined && isInRange(range, host)
    }
  }
}
