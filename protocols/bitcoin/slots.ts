/**
 * The kinds of connections of the Bitcoin network: what each is there for, and what is said on it.
 * @module
 */
import type { SlotKind } from '../../actors/protocol.ts'
import type { BitcoinLimits } from './limits.ts'

export const SLOTS = {
  /** Blocks, transactions and addresses. */
  fullRelay: 'full-relay',
  /** Blocks alone, so that whoever watches transactions and addresses does not find these connections. */
  blockRelayOnly: 'block-relay-only',
  /** To see whether somebody is there, and no more. */
  feeler: 'feeler',
  /** To ask for addresses, and no more. */
  addressFetch: 'addr-fetch',
  /** Whom the application asks for. */
  manual: 'manual',
  inbound: 'inbound',
} as const

/** Whether we want to be told of transactions there. */
export const relaysTransactions = (slot: string): boolean =>
  slot !== SLOTS.blockRelayOnly && slot !== SLOTS.feeler

/** Whether addresses are told and taken there. */
export const relaysAddresses = (slot: string): boolean => relaysTransactions(slot)

/** Whether the peer has to offer what we connect for. */
export const needsServices = (slot: string): boolean =>
  slot === SLOTS.fullRelay || slot === SLOTS.blockRelayOnly || slot === SLOTS.addressFetch

/**
 * Seeds of the application are for full relay. All else that a node dials by itself its own child chooses
 * (opening.ts); for a moment it has one more of a kind than usual, in the place of a feeler.
 */
export const slotKinds = (limits: BitcoinLimits): readonly SlotKind[] => {
  const { blockRelayOnlyMax, feelerMax, fullRelayMax } = limits
  const spare = Math.min(1, feelerMax)
  return [
    { name: SLOTS.manual, role: 'dialler', max: limits.manualMax, takes: ['wanted'] },
    { name: SLOTS.fullRelay, role: 'dialler', max: fullRelayMax + spare, takes: ['seed'], spare },
    {
      name: SLOTS.blockRelayOnly,
      role: 'dialler',
      max: blockRelayOnlyMax + spare,
      takes: [],
      spare,
    },
    { name: SLOTS.feeler, role: 'dialler', max: feelerMax, takes: [] },
    { name: SLOTS.addressFetch, role: 'dialler', max: limits.addressFetchMax, takes: [] },
    { name: SLOTS.inbound, role: 'listener', max: limits.inboundMax },
  ]
}
