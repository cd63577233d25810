/**
 * Dial, handshake, close between two processes, with each cryptography that is there. One dial at a
 * time, so that it is the time of one that is measured, and not how many fit beside each other.
 * @module
 */
import { chooseCrypto } from '../transport/crypto/choose.ts'
import type { CryptoChoice } from '../transport/crypto/choose.ts'
import { median, spread } from './figures.ts'
import type { Row } from './figures.ts'
import { RAISED_LIMITS, SKIPPED_MS } from './native-peers.ts'
import { withPeers } from './processes.ts'

export interface HandshakesOptions {
  readonly rounds: number
  /** Of a round. */
  readonly dials: number
}

const CHOICES = ['noble', 'node', 'addon'] as const

const isThere = (choice: CryptoChoice): boolean => {
  try {
    chooseCrypto(choice)
    return true
  } catch {
    // The note says which are missing on this machine.
    return false
  }
}

/** What of the node is not as it ships, said with the figures. */
export const handshakesNote = (): string => {
  const raised = Object.entries(RAISED_LIMITS).map(([name, value]) => `${name} ${value}`)
  const missing = CHOICES.filter((choice) => !isThere(choice))
  return (
    `handshakes: one at a time on loopback; limits of the network raised: ${raised.join(', ')}; ` +
    `the core's rates of dials and handshakes are no limit, for both clocks jump ${SKIPPED_MS} ms after each` +
    (missing.length === 0 ? '' : `; not there: ${missing.join(', ')}`)
  )
}

export function handshakes({ dials, rounds }: HandshakesOptions): Promise<readonly Row[]> {
  const choices = CHOICES.filter(isThere)
  return withPeers(async (peers) => {
    const pairs = await Promise.all(
      choices.map(async (crypto) => {
        const { at } = await peers.start({ part: 'listener', crypto })
        const dialler = await peers.start({ part: 'dialler', crypto, at })
        const round = async (): Promise<number> => {
          const over = dialler.next('dialled')
          dialler.say({ type: 'go', count: dials })
          const told = await over
          if (told.dials !== dials) throw new Error(`${crypto}: ${told.dials} dials, not ${dials}`)
          return (dials * 1_000_000) / told.micros
        }
        return { crypto, rates: [] as number[], round }
      }),
    )
    for (const { round } of pairs) await round()
    for (let round = 0; round < rounds; round++) {
      for (const pair of pairs) pair.rates.push(await pair.round())
    }
    const fastest = pairs.reduce((one, other) =>
      median(other.rates) > median(one.rates) ? other : one,
    )
    return pairs.map(({ crypto, rates }) => {
      const ratios = rates.map((rate, round) => rate / (fastest.rates[round] ?? NaN))
      const more = `${spread(ratios)} in ${rounds} rounds of ${dials}; ${median(rates).toFixed(0)} handshakes/s`
      const unit = `of the fastest (${fastest.crypto})`
      return { row: `handshake-${crypto}`, value: median(ratios), unit, more }
    })
  })
}
