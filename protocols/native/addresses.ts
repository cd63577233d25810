/**
 * The address rules of the node network, put together for its manifest.
 * @module
 */
import type { AddressRules } from '../../actors/protocol.ts'
import { groupOf, parseAddress, printAddress } from '../../codec/native/address.ts'
import { isNodeId } from '../../codec/native/identity.ts'
import type { NativeAddress } from '../../codec/native/address.ts'

export const NATIVE_ADDRESSES: AddressRules<NativeAddress> = {
  parse: parseAddress,
  print: printAddress,
  // A port and a canonical host in one form: equal text, same address.
  key: printAddress,
  socket: ({ host, port }) => ({ host, port }),
  fromSocket: ({ host, port }) => ({ id: undefined, host, port }),
  group: groupOf,
  identity: ({ id }) => id,
  isIdentity: isNodeId,
}
