import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../transport/random.ts'
import type { NetworkFaults } from '../../../transport/simulated/faults.ts'
import { createFiring } from '../../../transport/simulated/firing.ts'
import { createSimulatedPolicy } from '../../../transport/simulated/policy.ts'
import { virtualClock } from '../../../transport/virtual-clock.ts'
import { STEADY } from './support.ts'

describe('a fault that is left out takes no draw with it:', () => {
  /** What is in one of them alone. */
  const apart = (one: readonly string[], other: readonly string[]): readonly string[] => [
    ...one.filter((line) => !other.includes(line)),
    ...other.filter((line) => !one.includes(line)),
  ]
  const policyOf = (faults: Partial<NetworkFaults>, skipFault: number | undefined) => {
    const clock = virtualClock()
    const firing = createFiring(skipFault)
    const random = seededRandom('left out')
    const all = { ...STEADY, ...faults }
    return { clock, firing, policy: createSimulatedPolicy({ clock, random, faults: all, firing }) }
  }
  const NUMBERS = Array.from({ length: 20 }, (_, number) => number)

  test('all other cuts are as they were', () => {
    const cuts = (skipFault?: number): readonly string[] => {
      const { policy } = policyOf({ chunkCut: { chance: 0.1, bytesMax: 600 } }, skipFault)
      const ready = { deliveredBytes: 0, readyBytes: 1_000, readyOfWriteBytes: 1_000 }
      return Array.from({ length: 400 }, (_, number) => {
        const bytes = policy.chunking(ready, '10.0.0.1')
        return `${number} ${bytes}`
      })
    }
    for (const number of NUMBERS) expect(apart(cuts(), cuts(number))).toHaveLength(2)
  })

  test('all other datagrams come as they came', () => {
    const faults: Partial<NetworkFaults> = {
      latencyMs: { min: 10, max: 10, tailMean: 5 },
      datagramDuplicate: { chance: 0.2 },
      datagramReorder: { chance: 0.2, delayMsMax: 50 },
      datagramTruncate: { chance: 0.2 },
    }
    const arrivals = (skipFault?: number): readonly string[] => {
      const { clock, policy } = policyOf(faults, skipFault)
      const to = { host: '10.0.0.2', port: 1 }
      const lines: string[] = []
      for (let number = 0; number < 200; number++) {
        policy.datagram({ host: '10.0.0.1', port: 1 }, to, new Uint8Array(100), (came) => {
          lines.push(`${number} ${clock.nowMs} ${came.length}`)
        })
      }
      clock.advance(1_000)
      return lines
    }
    const all = arrivals()
    for (const number of NUMBERS) {
      const lines = apart(all, arrivals(number))
      expect(lines.length).toBeGreaterThan(0)
      // One datagram alone, and its copy.
      expect(new Set(lines.map((line) => line.split(' ')[0])).size).toBe(1)
    }
  })

  test('all other hosts and streams are hit as they were', () => {
    const faults: Partial<NetworkFaults> = {
      halfOpen: { perMinute: 6, giveUpMs: 1_000 },
      slowReader: { perMinute: 6, ms: { min: 1_000, max: 2_000 }, bytesPerSecond: 1 },
    }
    const hits = (skipFault?: number): readonly string[] => {
      const { clock, firing, policy } = policyOf(faults, skipFault)
      const lines: string[] = []
      const hosts = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((name) => policy.addHost([name]))
      const strand = (isDiallerGone: boolean): void => {
        lines.push(`${clock.nowMs} strand ${isDiallerGone}`)
      }
      policy.joined({ reset: () => undefined, strand, place: 0 })
      for (let waited = 0; waited < 600; waited++) {
        clock.advance(1_000)
        lines.push(...hosts.map(({ slowUntilMs }, host) => `${host} slow until ${slowUntilMs}`))
      }
      expect(firing.counts().halfOpen).toBeGreaterThan(10)
      return [...new Set(lines)]
    }
    const all = hits()
    for (const number of NUMBERS) expect(apart(all, hits(number)).length).toBeLessThanOrEqual(1)
  })
})
