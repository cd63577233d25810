/**
 * What nodes of the native network can be kept busy with.
 * @module
 */
import type { Workload } from '../../actors/protocol-tools.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'

/** Which protocol the one-way messages name: nobody else's. */
const PROTOCOL = 'workload'

export const NATIVE_WORKLOAD: Workload<NativeTypes> = {
  publications: [
    { kind: 'broadcast', isKept: false },
    { kind: 'item', isKept: true },
  ],
  takesRequests: true,
  oneWay: {
    type: 'message',
    make: (payload) => ({ type: 'message', protocol: PROTOCOL, payload }),
    payloadOf: (message) =>
      message.type === 'message' && message.protocol === PROTOCOL ? message.payload : undefined,
  },
}
