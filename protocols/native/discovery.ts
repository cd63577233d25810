/**
 * Discovery in the native network: getAddresses and addresses. A node does not know under which host
 * others see it; its own entry may leave the host empty, and whoever reads it fills in what it sees.
 * @module
 */
import { discovery } from '../../actors/discovery.ts'
import type { Acquaintances, SeenAddress } from '../../actors/discovery.ts'
import type { ChildSpec } from '../../actors/child.ts'
import type { ConnectionView } from '../../actors/protocol.ts'
import { decodeHex, encodeHex, equalBytes } from '../../codec/bytes.ts'
import { parseAddress, printAddress } from '../../codec/native/address.ts'
import type { NativeAddress } from '../../codec/native/address.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'
import type { AddressEntry, NativeMessage } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { isUnspecified, mayTell } from './addresses.ts'
import type { NativeLimits } from './limits.ts'

export interface NativeDiscoveryOptions {
  readonly own: NodeIdentity
  readonly limits: NativeLimits
}

type Seen = SeenAddress<NativeAddress>

const entryOf = ({ address: { host, id, port }, seenMs }: Seen): readonly AddressEntry[] => {
  const nodeId = id === undefined ? undefined : decodeHex(id)
  return nodeId === undefined
    ? []
    : [{ nodeId, host, port, seenMs: BigInt(Math.max(0, Math.trunc(seenMs))) }]
}

/** What is no address is passed over: its sender may speak a newer form. */
function seenIn(
  { host, nodeId, port, seenMs }: AddressEntry,
  from: ConnectionView<NativeTypes>,
): readonly Seen[] {
  const id = encodeHex(nodeId)
  if (host === '' && id !== from.identity) return []
  const place = host === '' ? from.remote.host : host
  const parsed = parseAddress(printAddress({ id, host: place, port }))
  if ('wrong' in parsed) return []
  // A time that no number says exactly is in no case a time of today.
  return [{ address: parsed.address, seenMs: Number(seenMs) }]
}

export const discoveryChild = ({
  limits,
  own,
}: NativeDiscoveryOptions): ChildSpec<NativeTypes, Acquaintances> =>
  discovery<NativeTypes>(
    {
      asks: 'getAddresses',
      tells: 'addresses',
      ask: () => ({ type: 'getAddresses' }),
      tell: (addresses): NativeMessage => ({
        type: 'addresses',
        addresses: addresses.flatMap(entryOf),
      }),
      announcement(listening, seenMs, to) {
        const found = listening.find(
          ({ host, port }) => isUnspecified(host) || mayTell({ id: own.id, host, port }, to),
        )
        if (found === undefined) return undefined
        const host = isUnspecified(found.host) ? '' : found.host
        const entry = { nodeId: own.nodeId, host, port: found.port, seenMs: BigInt(seenMs) }
        return { type: 'addresses', addresses: [entry] }
      },
      addressesIn: (message, from) =>
        message.type === 'addresses'
          ? message.addresses
              .filter(({ nodeId }) => !equalBytes(nodeId, own.nodeId))
              .flatMap((entry) => seenIn(entry, from))
          : [],
      keyOf: printAddress,
      identityOf: ({ id }) => id,
      mayTell,
    },
    limits,
  )
