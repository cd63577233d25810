import { describe, expect, test } from 'vitest'
import type { ProtocolTypes } from '../../index.ts'
import { createCounters } from '../../actors/counters.ts'
import { createSeries } from '../../inspector/series.ts'
import { native } from '../../protocols/native.ts'
import { botd } from '../../protocols/botd.ts'
import { startPair } from '../../testing/pair.ts'
import type { NodePair } from '../../testing/pair.ts'
import { addressOf, OURS, RAW } from '../protocols/botd-raw.ts'
import { regtest } from '../protocols/bitcoin-support.ts'

const SECONDS = 60

/** A point a second of one of a pair, from when it met the other. */
function pingsOf<T extends ProtocolTypes>({ listener, world }: NodePair<T>) {
  const series = createSeries(listener.supervisor.inside, () => undefined)
  for (let second = 0; second < SECONDS; second++) {
    world.advance(1_000)
    series.point(second * 1_000, second * 1_000)
  }
  const said = listener.supervisor.connections()[0]?.about['pingMs']
  return { said, pings: series.read().points.map(({ pingMs }) => pingMs) }
}

const people = { dialler: RAW, listener: OURS }
const nativePair = () => {
  const privateKey = { dialler: RAW.privateKey, listener: OURS.privateKey }
  return startPair((role) => native({ network: 'test', privateKey: privateKey[role] }), {
    address: (identity = '', { host, port }) => `node://${identity}@${host}:${String(port)}`,
  })
}
const botdPair = () =>
  startPair((role) => botd({ privateKey: people[role].privateKey }), {
    address: (_, { host }) => addressOf(OURS, host),
  })

describe('latency', () => {
  test.each([
    ['native', () => pingsOf(nativePair())],
    ['bitcoin', () => pingsOf(startPair(regtest()))],
    ['botd', () => pingsOf(botdPair())],
  ])('of %s is how long its pings are under way', (_, run) => {
    const { pings, said } = run()
    expect(said).toBeTypeOf('number')
    expect(pings.at(-1)).toEqual({ count: 1, median: said, percentile90: said })
  })

  test('is that of the active ones which have been answered: half, and nine of ten, are no longer', () => {
    const connection = (phase: string, pingMs?: number) => ({
      counters: createCounters(),
      view: { phase, about: pingMs === undefined ? {} : { pingMs } },
    })
    let connections = [connection('active')]
    const series = createSeries({ connections: () => connections } as never, () => undefined)
    const pingAt = (second: number) => {
      series.point(second * 1_000, second * 1_000)
      return series.read().points.at(-1)?.pingMs
    }
    pingAt(0)
    expect(pingAt(1)).toBeNull()
    connections = [
      ...Array.from({ length: 100 }, (_, place) => connection('active', 100 - place)),
      ...[connection('active'), connection('closing', 5_000)],
    ]
    expect(pingAt(2)).toEqual({ count: 100, median: 51, percentile90: 91 })
  })
})
