/**
 * How properties are run: with one seed, so that every run of the suite does the same. To look
 * further: PROPERTY_SEED=7 PROPERTY_RUNS=20 npx vitest run, twenty times as many from another seed.
 * @module
 */
import fc from 'fast-check'

const numberFrom = (name: string, otherwise: number): number => {
  const value = Number(process.env[name] ?? otherwise)
  if (!Number.isInteger(value)) throw new Error(`${name} is not a whole number`)
  return value
}

const SEED = numberFrom('PROPERTY_SEED', 20_260_101)
const RUNS_FACTOR = numberFrom('PROPERTY_RUNS', 1)

/** Fails with the smallest counter-example found. `runs` is what a plain run of the suite does. */
export function holds<Values>(property: fc.IProperty<Values>, runs = 100): void {
  fc.assert(property, { seed: SEED, numRuns: runs * RUNS_FACTOR })
}

export const anyBytes = (lengthMax = 200): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ maxLength: lengthMax })

export const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

/** Bytes in pieces of any size, empty ones among them. */
export const piecesOf = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array[]> =>
  fc.tuple(bytes, fc.array(fc.nat(), { maxLength: 12 })).map(([whole, draws]) => {
    const cuts = draws.map((draw) => draw % (whole.length + 1)).sort((one, other) => one - other)
    return [0, ...cuts].map((start, index) => whole.slice(start, cuts[index] ?? whole.length))
  })
