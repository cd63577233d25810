/**
 * Who is compared, by name. Those of others are a package of their own, in `rivals/`: what they need is
 * nobody's dependency but the benchmark's.
 * @module
 */
import { bareDials } from './bare-dials.ts'
import { bare } from './bare-peers.ts'
import { sockets } from './bare-sockets.ts'
import { bareRoundTrips } from './bare-round-trips.ts'
import type { Contender } from './contender.ts'
import { gossipFloor } from './gossip-floor.ts'
import { CROWD_LIMITS, peerloom } from './native-peers.ts'
import { page } from './page.ts'

const RIVALS = ['libp2p', 'secret-stream'] as const
export type RivalName = (typeof RIVALS)[number]

const OWN: Readonly<Record<string, () => Contender>> = {
  bare: () => bare,
  sockets: () => sockets,
  'bare-round-trip': () => bareRoundTrips,
  'bare-addon': () => bareDials('addon'),
  'bare-node': () => bareDials('node'),
  'gossip-floor': () => gossipFloor,
  page: () => page,
  peerloom: () => peerloom(),
  'peerloom-crowd': () => peerloom({ raised: CROWD_LIMITS }),
  'peerloom-noble': () => peerloom({ crypto: 'noble' }),
  'peerloom-node': () => peerloom({ crypto: 'node' }),
  'peerloom-addon': () => peerloom({ crypto: 'addon' }),
  'peerloom-recorded-floor': () => peerloom({ record: 'floor' }),
  'peerloom-recorded-memory': () => peerloom({ record: 'memory' }),
  'peerloom-recorded-file': () => peerloom({ record: 'file' }),
}

/** What a file of `rivals/` exports. Compiled it is not beside this one: it resolves its own packages. */
export const rivalModule = async <Module>(name: string): Promise<Module> =>
  (await import(new URL(`../../bench/dist/rivals/${name}.js`, import.meta.url).href)) as Module

const isRival = (name: string): name is RivalName => RIVALS.some((rival) => rival === name)

/** @throws {Error} nobody has this name, or its package is not there */
export async function contenderNamed(name: string): Promise<Contender> {
  const own = OWN[name]
  if (own !== undefined) return own()
  if (!isRival(name)) throw new Error(`nobody is called ${name}`)
  return (await rivalModule<{ readonly contender: Contender }>(name)).contender
}
