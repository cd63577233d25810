/**
 * Which stencils a journal that is being written has: some for each kind of input, and for what is sent
 * on each connection. There are only so many places; who needs one and finds none waits until all are
 * given anew.
 * @module
 */
import { STENCILS_MAX } from './stencils.ts'
import type { Stencil, StencilField } from './stencils.ts'

/** An application says a few things again and again: so many of them have a stencil on one connection. */
const ALIKE_MAX = 4
/** So many entries without a place, and all are given anew: far more than it takes to cut what fits again. */
const STRANGERS_MAX = 4_096

export interface CutStencil extends Stencil {
  /** Where it is one of what is sent on the connection that is its key: all that can differ. */
  readonly message: StencilField | undefined
}

export interface PlacedStencil extends CutStencil {
  readonly number: number
}

/** What was cut from inputs with the same key. */
export interface Alike {
  readonly key: string
  /** The one that fitted last stands first. */
  stencils: readonly PlacedStencil[]
  /** How many inputs in a row none of them fitted. */
  missed: number
}

export interface StencilPlaces {
  /** Undefined: there is no place for another key. */
  alike(key: string): Alike | undefined
  fitted(alike: Alike, stencil: PlacedStencil): void
  /** None fitted. True: another one is worth cutting. */
  missed(alike: Alike | undefined): boolean
  /** Gives its number; undefined: there is no place. */
  place(alike: Alike, stencil: CutStencil): number | undefined
}

export function createStencilPlaces(): StencilPlaces {
  const known = new Map<string, Alike>()
  /** What comes is mostly like what came last. */
  let last: Alike | undefined
  let numbers = 0
  let strangers = 0

  const noteStranger = (): void => {
    if (++strangers < STRANGERS_MAX) return
    strangers = 0
    numbers = 0
    known.clear()
    last = undefined
  }

  return {
    alike(key) {
      if (last?.key === key) return last
      let alike = known.get(key)
      if (alike === undefined) {
        if (known.size === STENCILS_MAX) return undefined
        alike = { key, stencils: [], missed: 0 }
        known.set(key, alike)
      }
      last = alike
      return alike
    },
    fitted(alike, stencil) {
      alike.missed = 0
      if (alike.stencils[0] === stencil) return
      alike.stencils = [stencil, ...alike.stencils.filter((other) => other !== stencil)]
    },
    missed(alike) {
      if (alike === undefined) {
        noteStranger()
        return false
      }
      const missed = ++alike.missed
      // Where none ever fits, less and less is spent on them.
      return missed <= ALIKE_MAX || (missed & (missed - 1)) === 0
    },
    place(alike, stencil) {
      const isFull = alike.stencils.length === ALIKE_MAX
      const number = isFull ? alike.stencils.at(-1)?.number : numbers
      if (number === undefined || number === STENCILS_MAX) {
        noteStranger()
        return undefined
      }
      if (!isFull) numbers++
      alike.stencils = [{ ...stencil, number }, ...alike.stencils.slice(0, ALIKE_MAX - 1)]
      return number
    },
  }
}
