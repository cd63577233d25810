/**
 * Names that lead to nodes of a network (Core's list): whoever keeps one of them watches which nodes answer,
 * and can leave out whom he wants, so that no seed is the only one asked.
 * @module
 */
import type { BitcoinNetworkName } from './networks.ts'

export const DNS_SEEDS: Readonly<Record<BitcoinNetworkName, readonly string[]>> = {
  mainnet: [
    'dnsseed.bluematt.me',
    'seed.bitcoin.jonasschnelli.ch',
    'seed.btc.petertodd.net',
    'seed.bitcoin.sprovoost.nl',
    'dnsseed.emzy.de',
    'seed.bitcoin.wiz.biz',
    'seed.mainnet.achownodes.xyz',
  ],
  testnet3: [
    'testnet-seed.bitcoin.jonasschnelli.ch',
    'seed.tbtc.petertodd.net',
    'seed.testnet.bitcoin.sprovoost.nl',
    'testnet-seed.bluematt.me',
    'seed.testnet.achownodes.xyz',
  ],
  testnet4: ['seed.testnet4.bitcoin.sprovoost.nl', 'seed.testnet4.wiz.biz'],
  signet: ['seed.signet.bitcoin.sprovoost.nl', 'seed.signet.achownodes.xyz'],
  // A network on one machine has nobody to be found.
  regtest: [],
}
