/**
 * `peerloom crawl`: the network's own command. Its node dials whom the crawl names and nobody else, lets nobody in,
 * and tells addresses to nobody.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { ToolOption, ToolValues, ToolWay } from '../../actors/protocol-tools.ts'
import type { ToolCommand } from '../../actors/tool-command.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { crawlOptionsOf, startCrawl } from './crawl.ts'
import type { BitcoinLimits } from './limits.ts'

/** Those that answer and judge peers: none that dials, asks names or tells addresses. */
const CHILDREN: ReadonlySet<string> = new Set(['conduct', 'ping'])

const OPTIONS: readonly ToolOption[] = [
  { flags: '--connect <address...>', description: 'where to begin' },
  { flags: '--known <count>', description: 'addresses that are kept in mind', default: '10000' },
  { flags: '--dials <count>', description: 'at once', default: '8' },
  { flags: '--rate <count>', description: 'dials a second', default: '2' },
  {
    flags: '--patience <time>',
    description: 'so long with each peer: they may take half a minute to answer',
    default: '60s',
  },
  { flags: '--for <time>', description: 'so long in all', default: '10m' },
]

export const crawlCommand = (
  options: readonly ToolOption[],
  make: (values: ToolValues, limits: Partial<BitcoinLimits>) => Protocol<BitcoinTypes>,
): ToolCommand<BitcoinTypes> => {
  const create = (values: ToolValues, { proxyMs = 0 }: ToolWay = {}): Protocol<BitcoinTypes> => {
    const { defaultPort } = make(values, {})
    const { dialsMax } = crawlOptionsOf(values, defaultPort)
    const protocol = make(
      { ...values, connectOnly: true },
      {
        // Those that are taking leave still have their places.
        ...{ manualMax: 2 * dialsMax, pendingOutboundMax: 2 * dialsMax, inboundMax: 0 },
        ...{ fullRelayMax: 0, blockRelayOnlyMax: 0, feelerMax: 0, addressFetchMax: 0, proxyMs },
      },
    )
    const children = protocol.children?.filter(({ name }) => CHILDREN.has(name)) ?? []
    return { ...protocol, children }
  }
  return {
    description:
      'walks addresses of the Bitcoin network, and prints whom it finds as lines of JSON',
    options: [...options, ...OPTIONS],
    hears: ['addr', 'addrv2'],
    create,
    start: (values, node) => startCrawl(crawlOptionsOf(values, make(values, {}).defaultPort), node),
  }
}
