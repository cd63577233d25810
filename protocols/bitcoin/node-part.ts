/**
 * What the connections of a node share in the Bitcoin network: the nonces by which it knows a connection to
 * itself, what it thinks of a peer's `version`, whom it gives up for a newcomer, and what the operator allows
 * to whom: shown with a connection as `permissions`.
 * @module
 */
import type { Asking, ConnectionView, NodePart, NodeTools } from '../../actors/protocol.ts'
import {
  addressOf,
  addressOfSocket,
  networkAddressOf,
  printAddress,
} from '../../codec/bitcoin/address.ts'
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import type { VersionMessage } from '../../codec/bitcoin/negotiation.ts'
import { NO_ADDRESS } from '../../codec/bitcoin/network-address.ts'
import type { NetworkAddress } from '../../codec/bitcoin/network-address.ts'
import { viewOf } from '../../codec/bytes.ts'
import { NEGOTIATION_VERSION } from '../../machines/handshakes/bitcoin.ts'
import type {
  BitcoinAnswer,
  BitcoinPeer,
  BitcoinTypes,
  ChainTip,
} from '../../machines/handshakes/bitcoin/contract.ts'
import type { Random } from '../../world/random.ts'
import type { OwnAddresses } from './own-addresses.ts'
import { chooseEvictee } from './eviction.ts'
import { createEvictables } from './evictable.ts'
import type { Permissions } from './permissions.ts'
import { reconciliationOffer, reconciliationStance } from './reconciliation.ts'
import { isDesirable, isFreshTip, SERVICES } from './services.ts'
import { needsServices, relaysAddresses, relaysTransactions, SLOTS } from './slots.ts'

/** What we say that we speak. */
export const PROTOCOL_VERSION = 70_017
/** MIN_PEER_PROTO_VERSION. */
const PROTOCOL_VERSION_MIN = 31_800
/** BIP 152. */
const COMPACT_BLOCKS_VERSION = 70_014
const COMPACT_BLOCKS_KIND = 2n

export interface NodePartOptions {
  /** Ours. */
  readonly services: bigint
  readonly userAgent: string
  /** Where we can be reached: whoever comes in says where it found us, and the application what it set up. */
  readonly own: Pick<OwnAddresses, 'add' | 'remove' | 'vote'>
  /** No transactions from anybody. */
  readonly blocksOnly: boolean
  /** Whether peers are told that transactions can be reconciled with us. */
  readonly reconciles: boolean
  readonly permissions: Permissions
  /** Whether it came in through our own onion service. */
  isThroughOnion(connection: Pick<View, 'local' | 'role'>): boolean
}

type View = ConnectionView<BitcoinTypes>

/** Any but zero, which stands for nothing. */
export function drawNonce(random: Random): bigint {
  for (;;) {
    const nonce = viewOf(random.bytes(8)).getBigUint64(0, true)
    if (nonce !== 0n) return nonce
  }
}

export function createNodePart(
  tools: NodeTools<BitcoinTypes>,
  options: NodePartOptions,
): NodePart<BitcoinTypes> {
  const { blocksOnly, isThroughOnion, own, permissions, reconciles, userAgent } = options
  const { services: offered } = options
  /** Ours, of connections that we dialled and that are not active yet. */
  const nonces = new Map<string, bigint>()
  let tip: ChainTip | undefined

  /** What can be said of its address where everybody reads it. */
  const receiverOf = ({ remote }: View): NetworkAddress => {
    const address = networkAddressOf(addressOfSocket(remote))
    if (address === undefined || !isRoutableAddress(address)) return NO_ADDRESS
    return address.network === 'ipv4' || address.network === 'ipv6' ? address : NO_ADDRESS
  }

  const wantsTransactionsOf = (connection: View): boolean =>
    !blocksOnly || permissions.of(connection).has('relay')

  const greet = ({ connection, random }: Asking<BitcoinTypes>): BitcoinAnswer => {
    const nonce = drawNonce(random)
    if (connection.role === 'dialler') nonces.set(connection.name, nonce)
    const allowed = permissions.of(connection)
    if (allowed.size > 0) tools.describe(connection.name, { permissions: [...allowed].join() })
    const services = offered | (allowed.has('bloomfilter') ? SERVICES.bloom : 0n)
    return {
      type: 'greeting',
      version: {
        ...{ type: 'version', protocolVersion: PROTOCOL_VERSION, services, nonce, userAgent },
        unixSeconds: BigInt(Math.floor(tools.wallMs() / 1_000)),
        receiverServices: 0n,
        receiver: receiverOf(connection),
        height: tip?.height ?? 0,
        relay: wantsTransactionsOf(connection) && relaysTransactions(connection.slot),
      },
    }
  }

  const isTipFresh = (): boolean => isFreshTip(tip, tools.wallMs())

  const evictables = createEvictables(tools.random, isThroughOnion)

  /** The connection that we dialled and that has come back to us. */
  const dialledWith = (nonce: bigint): string | undefined =>
    [...nonces].find(([, own]) => own === nonce)?.[0]

  const peerOf = (version: VersionMessage): BitcoinPeer => {
    const seen = addressOf(version.receiver)
    return {
      protocolVersion: version.protocolVersion,
      commonVersion: Math.min(PROTOCOL_VERSION, version.protocolVersion),
      services: version.services,
      userAgent: version.userAgent ?? '',
      height: version.height,
      relay: version.relay,
      wtxidRelay: false,
      wantsAddrV2: false,
      seenAs: seen === undefined ? undefined : printAddress(seen),
      clockOffsetSeconds: Number(version.unixSeconds) - Math.floor(tools.wallMs() / 1_000),
    }
  }

  // In Core's order: what is found first is what is said.
  const judge = (
    version: VersionMessage,
    { connection, random }: Asking<BitcoinTypes>,
  ): BitcoinAnswer => {
    const { role, slot, target } = connection
    // Refused or not: whoever offers less than was told of it is not dialled for that again.
    if (target !== undefined) tools.mark(printAddress(target), version.services)
    if (needsServices(slot) && !isDesirable(version.services, isTipFresh())) {
      return { type: 'refused', detail: 'services-missing' }
    }
    if (version.protocolVersion < PROTOCOL_VERSION_MIN) {
      return { type: 'refused', detail: 'version-too-old' }
    }
    const { nonce } = version
    const self = role === 'dialler' || nonce === undefined ? undefined : dialledWith(nonce)
    if (self !== undefined) {
      // Else it would see no more than an end, and dial the address again.
      tools.close(self, 'self-connection')
      return { type: 'refused', detail: 'self-connection' }
    }
    if (role === 'listener') own.vote(version.receiver)
    const peer = peerOf(version)
    const asksForAddresses = role === 'dialler' && relaysAddresses(slot)
    const stance = reconciles
      ? reconciliationStance({ blocksOnly: !wantsTransactionsOf(connection), peer, slot }, random)
      : undefined
    const offers = peer.commonVersion < NEGOTIATION_VERSION ? [] : OFFERS
    return {
      ...{ type: 'accepted', peer, isEnough: slot === SLOTS.feeler },
      ...(stance === undefined ? {} : { reconciliation: stance }),
      offers: [...offers, ...reconciliationOffer(stance)],
      requests: asksForAddresses ? [{ type: 'getaddr' }] : [],
      announcements: peer.commonVersion < COMPACT_BLOCKS_VERSION ? [] : [NO_COMPACT_BLOCKS],
    }
  }

  return {
    answer: (question, about) =>
      question.type === 'greet' ? greet(about) : judge(question.version, about),
    ready({ name }) {
      nonces.delete(name)
    },
    closed({ name }) {
      nonces.delete(name)
      evictables.forget(name)
    },
    isExempt: (place) => permissions.ofPlace(place).has('noban'),
    evict(candidates) {
      const isFresh = isTipFresh()
      return chooseEvictee(candidates.map((one) => evictables.of(one, isFresh)))
    },
    instruct(instruction) {
      if ('tip' in instruction) {
        ;({ tip } = instruction)
        return
      }
      const isReached = 'reachedAt' in instruction
      const at = isReached ? instruction.reachedAt : instruction.lost
      const address = networkAddressOf(addressOfSocket(at))
      if (address === undefined) return
      if (isReached) own.add(address, 'stated')
      else own.remove(address)
    },
    counts: () => ({ nonces: nonces.size, origins: evictables.size }),
  }
}

const OFFERS: readonly BitcoinMessage[] = [{ type: 'wtxidrelay' }, { type: 'sendaddrv2' }]

/** We understand them, and want none unasked. */
const NO_COMPACT_BLOCKS: BitcoinMessage = {
  ...{ type: 'sendcmpct', announce: 0, version: COMPACT_BLOCKS_KIND },
}
