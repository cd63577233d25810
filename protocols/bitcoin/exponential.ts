/**
 * A wait until something that happens at any moment alike (a Poisson process): whoever watches when we
 * speak learns nothing about when we heard. Its distribution is exponential, so that the time waited says
 * nothing about what is left.
 *
 * It is drawn by comparing (von Neumann, 1951), and is exact: a logarithm's last digit is not the same
 * in every engine, and a run has to be.
 * @module
 */
import type { Random } from '../../world/random.ts'

/** A whole number, 0 among them; no bound above, but 50 times the mean is beyond all experience. */
export function exponentialMs(random: Random, meanMs: number): number {
  let wholes = 0
  for (;;) {
    const first = random.unit()
    // How long the numbers drawn fall: of an odd length with the probability e to the minus `first`.
    let length = 1
    let last = first
    for (let next = random.unit(); next < last; next = random.unit()) {
      last = next
      length++
    }
    if (length % 2 === 1) return Math.round((wholes + first) * meanMs)
    wholes++
  }
}
