/**
 * Where each message of the native network waits to be sent. A broadcast that has to wait for long is
 * worth nothing, and an item is repaired by sync: both may be dropped. What somebody waits for is
 * not; a peer that asks for more than it takes is read no further. What keeps the session itself
 * going is small and rare, and a peer that does not even take that is gone. An Error that answers a
 * direct is none of these: there are as many of them as there are directs.
 * @module
 */
import type { LaneRule } from '../../actors/protocol.ts'
import type { NativeMessage } from '../../codec/native/messages.ts'

const CONTROL: LaneRule = { lane: 'control', full: 'close' }
const REQUESTS: LaneRule = { lane: 'requests', full: 'stop-reading' }
const GOSSIP: LaneRule = { lane: 'gossip', full: 'drop' }

const LANES: Readonly<Record<NativeMessage['type'], LaneRule>> = {
  handshake: CONTROL,
  confirm: CONTROL,
  error: CONTROL,
  ping: CONTROL,
  pong: CONTROL,
  message: REQUESTS,
  direct: REQUESTS,
  // It is only read; what is counted is counted as the direct that it was.
  oversizedDirect: REQUESTS,
  response: REQUESTS,
  getAddresses: REQUESTS,
  addresses: REQUESTS,
  locator: REQUESTS,
  range: REQUESTS,
  broadcast: GOSSIP,
  item: GOSSIP,
}

export const laneOf = (message: NativeMessage): LaneRule =>
  message.type === 'error' && message.requestId !== undefined ? REQUESTS : LANES[message.type]
