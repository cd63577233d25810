/**
 * Slots: how many connections of each kind there may be. A connection holds at most one, under its
 * name, from before it is opened until it is gone.
 * @module
 */
import type { Role } from '../codec/wire.ts'
import type { DialMotive, SlotKind } from '../actors/protocol.ts'

export interface FreeSlots {
  readonly name: string
  readonly free: number
  /** As in the manifest. */
  readonly fill?: number | undefined
  /** As in the manifest. */
  readonly takes?: readonly DialMotive[] | undefined
  /** As in the manifest. */
  readonly spare?: number | undefined
}

export interface Slots {
  /** False, and nothing taken, where all of the kind are. @throws {RangeError} no such kind, or the connection holds a slot */
  take(connection: string, kind: string): boolean
  /** The first kind of the role with room, in the manifest's order. @throws {RangeError} as `take` */
  takeAny(connection: string, role: Role): string | undefined
  /** The kind given back; undefined where the connection held none, which is no fault. */
  giveBack(connection: string): string | undefined
  /** For a redial: the new connection goes on in the old one's slot. False where it held none. */
  handOver(from: string, to: string): boolean
  kindOf(connection: string): string | undefined
  /** The kinds of a role in the manifest's order, those without room as well. */
  kinds(role: Role): readonly FreeSlots[]
  /** Whether there are slots for whom the node dials for that reason. */
  takes(motive: DialMotive): boolean
  /** How many of a role are free, all kinds together. */
  free(role: Role): number
  /** Taken, by kind. */
  counts(): Readonly<Record<string, number>>
}

interface Kind extends SlotKind {
  taken: number
}

/** @throws {RangeError} two kinds of one name, a maximum that is no count, or a fill that leaves seeds no place */
export function createSlots(declared: readonly SlotKind[]): Slots {
  const kinds = new Map<string, Kind>()
  const holders = new Map<string, Kind>()
  for (const kind of declared) {
    if (kinds.has(kind.name)) throw new RangeError(`two kinds of slots are named ${kind.name}`)
    if (!(Number.isInteger(kind.max) && kind.max >= 0)) {
      throw new RangeError(`${kind.name} has ${kind.max} slots, which is no count`)
    }
    const { fill } = kind
    if (fill !== undefined && !(Number.isInteger(fill) && fill >= 1 && fill < kind.max)) {
      throw new RangeError(
        `of ${kind.max} slots ${kind.name} fills ${fill}: from 1 on, and not all`,
      )
    }
    const { spare = 0 } = kind
    if (!(Number.isInteger(spare) && spare >= 0 && spare <= kind.max)) {
      throw new RangeError(`of ${kind.max} slots ${kind.name} spares ${spare}, which is no part`)
    }
    kinds.set(kind.name, { ...kind, taken: 0 })
  }

  const ofRole = (role: Role): readonly Kind[] =>
    [...kinds.values()].filter((kind) => kind.role === role)

  const hold = (connection: string, kind: Kind): boolean => {
    if (holders.has(connection)) throw new RangeError(`${connection} holds a slot already`)
    if (kind.taken >= kind.max) return false
    kind.taken++
    holders.set(connection, kind)
    return true
  }

  return {
    take(connection, name) {
      const kind = kinds.get(name)
      if (kind === undefined) throw new RangeError(`no slots are named ${name}`)
      return hold(connection, kind)
    },
    takeAny: (connection, role) => ofRole(role).find((kind) => hold(connection, kind))?.name,
    giveBack(connection) {
      const kind = holders.get(connection)
      if (kind === undefined) return undefined
      holders.delete(connection)
      kind.taken--
      return kind.name
    },
    handOver(from, to) {
      const kind = holders.get(from)
      if (kind === undefined) return false
      if (holders.has(to)) throw new RangeError(`${to} holds a slot already`)
      holders.delete(from)
      holders.set(to, kind)
      return true
    },
    kindOf: (connection) => holders.get(connection)?.name,
    kinds: (role) =>
      ofRole(role).map(({ name, max, fill, spare, taken, takes }) => {
        const free = max - taken
        return { name, free, fill, spare, takes }
      }),
    takes: (motive) => ofRole('dialler').some(({ takes }) => takes?.includes(motive) ?? true),
    free: (role) => ofRole(role).reduce((sum, { max, taken }) => sum + max - taken, 0),
    counts: () => Object.fromEntries([...kinds.values()].map(({ name, taken }) => [name, taken])),
  }
}
