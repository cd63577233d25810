/**
 * Chance, as the core may ask for it. There is one root a node; whoever needs chance forks it under
 * a stable name, so that a draw here never shifts the draws there.
 * @module
 */

export interface Random {
  /** The same name under the same parent gives the same stream where the root is seeded. */
  fork(name: string): Random
  /** Fresh memory. */
  bytes(count: number): Uint8Array
  /** A whole number from 0 to `limit` - 1, without bias. `limit` from 1 to 2^32. */
  below(limit: number): number
  /** From 0 to under 1, in steps of 2^-53. */
  unit(): number
}

/** The items in a drawn order (Fisher-Yates); the input stays as it is. */
export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const result = items.slice()
  for (let last = result.length - 1; last > 0; last--) {
    const drawn = random.below(last + 1)
    const [here, there] = [result[last], result[drawn]]
    if (here === undefined || there === undefined) continue
    result[last] = there
    result[drawn] = here
  }
  return result
}
