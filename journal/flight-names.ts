/**
 * Names as numbers of two bytes, for entries of a fixed size. The names are those of charts, events,
 * message types and details, closed lists of the code; should there ever be more, the one too many
 * reads as `other`.
 * @module
 */

/** Five networks have about 700 names together. */
const NAMES_MAX = 4_096
/** The longest state names here have 60 characters. */
const NAME_LENGTH_MAX = 200

export interface FlightNames {
  /** At most two bytes. */
  numberOf(name: string): number
  nameOf(number: number): string
  readonly count: number
}

const OTHER = 'other'

export function createFlightNames(): FlightNames {
  const names = [OTHER]
  const numbers = new Map([[OTHER, 0]])
  /** Most names are the one that was asked for before. */
  let lastName = OTHER
  let lastNumber = 0
  return {
    numberOf(name) {
      if (name === lastName) return lastNumber
      const known = numbers.get(name)
      if (known !== undefined) {
        lastName = name
        lastNumber = known
        return known
      }
      if (names.length >= NAMES_MAX || name.length > NAME_LENGTH_MAX) return 0
      numbers.set(name, names.length)
      return names.push(name) - 1
    },
    nameOf: (number) => names[number] ?? OTHER,
    get count() {
      return names.length
    },
  }
}
