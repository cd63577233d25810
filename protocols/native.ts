/**
 * The native network, as the core reads it: the runtime's own protocol, with a mutual handshake, sealed
 * records and one-way messages. `docs/native-protocol.md` is its specification.
 * @module
 */
import { utils } from '@noble/secp256k1'
import { areConnected } from '../actors/connected-nodes.ts'
import { networkLimits } from '../actors/network-limits.ts'
import type { Protocol } from '../actors/protocol.ts'
import type { IdentityCrypto, ProtocolTools } from '../actors/protocol-tools.ts'
import { DEFAULT_PORT, printAddress } from '../codec/native/address.ts'
import { isNodeId } from '../codec/native/identity.ts'
import { encodeUtf8 } from '../codec/bytes.ts'
import { NETWORK_NAME, PAYLOAD_BYTES_MAX, PROTOCOL_BYTES_MAX } from '../codec/native/messages.ts'
import type { NativeMessage } from '../codec/native/messages.ts'
import { ownedMessage } from '../codec/native/owned-message.ts'
import { nativeWire } from '../codec/native/wire.ts'
import { nativeSession } from '../machines/handshakes/native.ts'
import type { NativeTypes } from '../machines/handshakes/native.ts'
import { NATIVE_ADDRESSES } from './native/addresses.ts'
import { discoveryChild } from './native/discovery.ts'
import { NATIVE_DETAILS } from './native/details.ts'
import { decideDuplicate } from '../actors/simultaneous-dials.ts'
import { closedDoorOf, farewellErrorOf } from './native/errors.ts'
import { estimateBytes } from './native/estimates.ts'
import { laneOf } from './native/lanes.ts'
import { gossipChild } from './native/gossip.ts'
import { itemsChild } from './native/items.ts'
import { NATIVE_LIMITS } from './native/limits.ts'
import type { NativeLimits } from './native/limits.ts'
import { createNodePart } from './native/node-part.ts'
import { NATIVE_WORKLOAD } from './native/workload.ts'
import { pingChild } from './native/ping.ts'
import { requestsChild } from './native/requests.ts'
import { ownIdentityOf } from './native/own-identity.ts'
import { optionsOf, recipeOf } from './native/recipe.ts'

export type { NativeMessage, NativeTypes }

export interface NativeOptions {
  /** 1 to 64 printable ASCII characters; nodes of other networks are refused. */
  readonly network: string
  /** 32 bytes, a secp256k1 private key: who this node is. A copy is kept. */
  readonly privateKey: Uint8Array
  /**
   * The node ids that may connect, 64 lower-case hexadecimal digits each. Left out: all. It changes
   * by `supervisor.instruct({ type: 'allow' or 'disallow', id })`.
   */
  readonly allow?: Iterable<string>
  /** Other numbers than the specification's. */
  readonly limits?: Partial<NativeLimits>
  /**
   * Makes the identity of the key, where the world of the node has other cryptography than secp256k1:
   * the two have to agree. Left out: @noble.
   */
  readonly crypto?: IdentityCrypto
}

/** UTF-8 takes at most three bytes for one unit of a text's length: so long a name is within its limit. */
const SHORT_NAME_LENGTH = Math.floor(PROTOCOL_BYTES_MAX / 3)

/** What of a message is the application's to get right; the rest is the session's to send. */
function wrongWith(message: NativeMessage): string | undefined {
  if (message.type !== 'message') return `a ${message.type} is not the application's to send`
  // Who calls from JavaScript was told by no compiler.
  if (!((message.payload as unknown) instanceof Uint8Array)) return 'the payload is no Uint8Array'
  if (typeof (message.protocol as unknown) !== 'string') return 'the protocol is no text'
  if (message.payload.length > PAYLOAD_BYTES_MAX) {
    return `the payload has ${message.payload.length} bytes; ${PAYLOAD_BYTES_MAX} are the limit`
  }
  // No encoding for each message where the text is too short to be above the limit.
  if (message.protocol.length <= SHORT_NAME_LENGTH) return undefined
  const protocolBytes = encodeUtf8(message.protocol).length
  return protocolBytes > PROTOCOL_BYTES_MAX
    ? `the protocol's name has ${protocolBytes} bytes; ${PROTOCOL_BYTES_MAX} are the limit`
    : undefined
}

/** @throws {RangeError} a name, key, id or limit that is none */
export function native(options: NativeOptions): Protocol<NativeTypes> {
  const { network, allow } = options
  if (!NETWORK_NAME.test(network)) {
    throw new RangeError('the network name is not 1 to 64 printable ASCII characters')
  }
  const limits = networkLimits(NATIVE_LIMITS, options.limits)
  const own = ownIdentityOf(options.privateKey, options.crypto)
  const allowed = allow === undefined ? undefined : new Set(allow)
  for (const id of allowed ?? []) {
    if (!isNodeId(id)) throw new RangeError(`not a node id on the allow list: ${id}`)
  }

  return {
    name: 'native',
    defaultPort: DEFAULT_PORT,
    identity: own.id,
    addresses: NATIVE_ADDRESSES,
    node: (tools) => createNodePart(tools, { network, own, allowed, limits }),
    wire: (setup) => nativeWire(setup),
    session: nativeSession(limits.handshakeMs),
    control: ['confirm', 'error'],
    details: NATIVE_DETAILS,
    deadlines: {
      connectMs: limits.connectMs,
      establish: { ms: limits.handshakeMs, detail: 'handshake-timeout' },
      session: { handshakeMs: { ms: limits.handshakeMs, detail: 'handshake-timeout' } },
      progress: { ms: limits.progressMs, detail: 'no-progress' },
      drainMs: limits.drainMs,
      flushMs: limits.flushMs,
    },
    wrongWith,
    lane: laneOf,
    estimateBytes,
    own: ownedMessage,
    // The same as what it takes on the wire: an empty message is held, too.
    contentBytes: estimateBytes,
    strikes: {
      count: limits.strikes,
      withinMs: limits.strikesWithinMs,
      banMs: limits.banMs,
      banMsMax: limits.banMsMax,
    },
    farewell(detail, phase) {
      const error = farewellErrorOf(detail, phase)
      return error === undefined ? undefined : { messages: [error], answerMs: 0, reads: [] }
    },
    refusal: (why, banMs) => closedDoorOf(why, why === 'rate' ? limits.throttleMs : banMs),
    duplicate: (older, newer) => decideDuplicate(older, newer, own.id, limits.simultaneousMs),
    slots: [
      {
        ...{ name: 'outbound', role: 'dialler', max: limits.outboundMax },
        // A node with fewer slots fills them all, and has none to give away.
        ...(limits.outboundFill < limits.outboundMax ? { fill: limits.outboundFill } : {}),
      },
      // Who comes in takes a place before it is verified; check 11 counts those that are, and answers.
      {
        ...{ name: 'inbound', role: 'listener' },
        max: limits.inboundMax === 0 ? 0 : limits.inboundMax + limits.pendingInboundMax,
      },
    ],
    children: [
      pingChild(limits),
      discoveryChild({ own, limits }),
      requestsChild({ limits }),
      gossipChild({ network, own, limits }),
      itemsChild({ network, own, limits }),
    ],
    admission: {
      pendingInbound: limits.pendingInboundMax,
      pendingOutbound: limits.pendingOutboundMax,
      pendingPerGroup: limits.pendingPerGroupMax,
      inboundPerGroup: limits.inboundPerGroupMax,
      acceptedPerGroup: { count: limits.acceptedPerGroupPerMinuteMax, withinMs: 60_000 },
    },
    recipe: () => recipeOf(options, own.privateKey),
  }
}

/** What the command line needs to start a node of this network. */
export const tools: ProtocolTools<NativeTypes> = {
  options: [
    {
      flags: '--network <name>',
      description: 'nodes of other networks are refused',
      default: 'peerloom/main',
    },
    { flags: '--allow <id...>', description: 'the node ids that may connect (default: all)' },
  ],
  isPrivateKey: (bytes) => utils.isValidSecretKey(bytes),
  takesSlots: true,
  create({ network, allow }, { crypto, inboundMax, outboundMax, privateKey }) {
    if (typeof network !== 'string') throw new RangeError('the network has no name')
    if (privateKey === undefined) throw new RangeError('a node of this network needs a key')
    return native({
      ...{ network, privateKey },
      ...(crypto === undefined ? {} : { crypto }),
      ...(typeof allow === 'object' ? { allow } : {}),
      limits: {
        ...(inboundMax === undefined ? {} : { inboundMax }),
        ...(outboundMax === undefined ? {} : { outboundMax }),
      },
    })
  },
  remake: (recipe) => native(optionsOf(recipe)),
  ownAddress: (id, { host, port }) => printAddress({ id, host, port }),
  messages: [{ type: 'message', protocol: 'peerloom/example', payload: encodeUtf8('hello') }],
  workload: NATIVE_WORKLOAD,
  converged: areConnected,
}
