/**
 * The limits of a network as an application gives them: some in place of the usual ones.
 * @module
 */

/**
 * The usual limits, with those that are given in their place.
 * @throws {RangeError} a limit that there is not, or a number that is none
 */
export function networkLimits<Name extends string>(
  usual: Readonly<Record<Name, number>>,
  given: Partial<Readonly<Record<Name, number>>> = {},
): Readonly<Record<Name, number>> {
  const limits = { ...usual, ...given }
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(usual, name)) throw new RangeError(`there is no limit ${name}`)
    if (!(Number.isSafeInteger(value) && Number(value) >= 0)) {
      throw new RangeError(`the limit ${name} is no whole number: ${String(value)}`)
    }
  }
  return limits
}
