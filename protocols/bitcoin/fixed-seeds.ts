/**
 * A list of addresses to begin with where nobody else is known, as a text that an operator writes: one
 * address a line, as the network prints them (`203.0.113.7:8333`, `[2001:db8::7]:8333`, an onion or I2P
 * host); the port may be left out. What stands behind a `#` is a remark, and empty lines are nothing.
 *
 * There is no list in this package: such lists are of other people's nodes, and age.
 * @module
 */
import { parseAddress } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'

/** About five times as many as the longest list that Core brings. */
export const FIXED_SEEDS_MAX = 10_000

/** @throws {RangeError} an address that is none, with its number in the list; or too many */
export function parseFixedSeeds(
  texts: readonly string[],
  defaultPort: number,
): readonly BitcoinAddress[] {
  if (texts.length > FIXED_SEEDS_MAX) {
    throw new RangeError(`${texts.length} fixed seeds; ${FIXED_SEEDS_MAX} are the limit`)
  }
  return texts.map((text, index) => {
    const parsed = parseAddress(text, defaultPort)
    if ('wrong' in parsed) throw new RangeError(`seed ${index + 1}: ${parsed.wrong}`)
    // A name would lead where its owner wants it to.
    if (parsed.address.network === 'name') {
      throw new RangeError(`seed ${index + 1}: a name is no address`)
    }
    return parsed.address
  })
}

/** The addresses in the text of a list, for the option `fixedSeeds`. */
export const fixedSeedLines = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '')
