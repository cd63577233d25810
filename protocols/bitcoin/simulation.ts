/**
 * Nodes of the Bitcoin network among simulated ones: how each is made, and what its application says.
 * @module
 */
import type { Workload } from '../../actors/protocol-tools.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import type { BitcoinOptions } from '../bitcoin.ts'

/**
 * They claim to serve blocks and serve none, so that others fill their places with them: who offers
 * nothing is dialled by nobody. On regtest, where no names are asked. With all eleven places twenty nodes
 * would be neighbours of each other, and nobody would be found by what others tell.
 */
export const SIMULATED_OPTIONS: BitcoinOptions = {
  network: 'regtest',
  services: ['network', 'witness'],
  limits: { fullRelayMax: 3, blockRelayOnlyMax: 1 },
}

/** Known to nobody: passed over by who has no use for it, and said on connections of every kind. */
const COMMAND = 'workload'

export const BITCOIN_WORKLOAD: Workload<BitcoinTypes> = {
  publications: [],
  takesRequests: false,
  oneWay: {
    type: 'unknown',
    make: (payload) => ({ type: 'unknown', command: COMMAND, payload }),
    payloadOf: (message) =>
      message.type === 'unknown' && message.command === COMMAND ? message.payload : undefined,
  },
}
