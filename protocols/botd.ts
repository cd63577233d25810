/**
 * The BOTD network, as the core reads it: "BOTD #2: Peer Protocol", two nodes that prove their keys to
 * each other by Init and Ack and keep a sealed session alive by Ping and Pong. What they say in it is
 * the application's, on topics.
 * @module
 */
import { utils } from '@noble/secp256k1'
import { areConnected } from '../actors/connected-nodes.ts'
import { networkLimits } from '../actors/network-limits.ts'
import type { AddressRules, Protocol } from '../actors/protocol.ts'
import type { IdentityCrypto, ProtocolTools } from '../actors/protocol-tools.ts'
import { encodeUtf8 } from '../codec/bytes.ts'
import { groupOf, isLoopback } from '../codec/place.ts'
import { DEFAULT_PORT, isIdentity, parseAddress } from '../codec/botd/address.ts'
import { printAddress } from '../codec/botd/address.ts'
import type { BotdAddress } from '../codec/botd/address.ts'
import type { BotdMessage } from '../codec/botd/messages.ts'
import { botdWire } from '../codec/botd/wire.ts'
import { botdSession } from '../machines/handshakes/botd.ts'
import type { BotdTypes } from '../machines/handshakes/botd.ts'
import { estimateBytes, laneOf, wrongWith } from './botd/app-messages.ts'
import { BOTD_DETAILS } from './botd/details.ts'
import { decideDuplicate } from '../actors/simultaneous-dials.ts'
import { farewellOf } from './botd/farewells.ts'
import { BOTD_LIMITS } from './botd/limits.ts'
import type { BotdLimits } from './botd/limits.ts'
import { createNodePart } from './botd/node-part.ts'
import { ownIdentityOf } from './botd/own-identity.ts'
import { pingChild } from './botd/ping.ts'
import { optionsOf, recipeOf } from './botd/recipe.ts'

export type { BotdMessage, BotdTypes }

export interface BotdOptions {
  /** 32 bytes, a secp256k1 private key: who this node is. A copy is kept. */
  readonly privateKey: Uint8Array
  /** Whether a peer that does not answer a ping is left. Default: yes. */
  readonly closeOnMissingPong?: boolean
  /** Other numbers than the usual ones. */
  readonly limits?: Partial<BotdLimits>
  /**
   * Makes the identity of the key, where the world of the node has other cryptography than secp256k1:
   * the two have to agree. Left out: @noble.
   */
  readonly crypto?: IdentityCrypto
}

const ADDRESSES: AddressRules<BotdAddress> = {
  parse: parseAddress,
  print: printAddress,
  // A port and a canonical host in one form: equal text, same address.
  key: printAddress,
  socket: ({ host, port }) => ({ host, port }),
  fromSocket: ({ host, port }) => ({ identity: undefined, host, port }),
  group: groupOf,
  isShared: isLoopback,
  identity: ({ identity }) => identity,
  isIdentity,
}

/** @throws {RangeError} a key or a limit that is none */
export function botd(options: BotdOptions): Protocol<BotdTypes> {
  const { closeOnMissingPong = true } = options
  const limits = networkLimits(BOTD_LIMITS, options.limits)
  const own = ownIdentityOf(options.privateKey, options.crypto)
  const partMs = limits.handshakePartMs

  return {
    name: 'botd',
    defaultPort: DEFAULT_PORT,
    identity: own.identity,
    addresses: ADDRESSES,
    node: (tools) => createNodePart(tools, { own, limits }),
    wire: (setup) => botdWire(setup),
    session: botdSession(partMs),
    control: ['disconnecting', 'sessionConfirm'],
    details: BOTD_DETAILS,
    deadlines: {
      connectMs: limits.connectMs,
      establish: { ms: limits.handshakeMs, detail: 'handshake-timeout' },
      session: {
        initMs: { ms: partMs, detail: 'no-init' },
        ackMs: { ms: partMs, detail: 'no-ack' },
        confirmMs: { ms: partMs, detail: 'no-confirm' },
      },
      progress: { ms: limits.progressMs, detail: 'no-progress' },
      drainMs: limits.drainMs,
      flushMs: limits.flushMs,
    },
    wrongWith,
    lane: laneOf,
    estimateBytes,
    // An empty message is held, too.
    contentBytes: estimateBytes,
    strikes: {
      count: limits.strikes,
      withinMs: limits.strikesWithinMs,
      banMs: limits.banMs,
      banMsMax: limits.banMsMax,
    },
    farewell(detail, _, facts) {
      const farewell = facts === undefined ? undefined : farewellOf(detail, facts)
      return farewell === undefined ? undefined : { messages: [farewell], answerMs: 0, reads: [] }
    },
    duplicate: (older, newer) => decideDuplicate(older, newer, own.identity, limits.simultaneousMs),
    slots: [
      { name: 'outbound', role: 'dialler', max: limits.outboundMax },
      // Who comes in takes a place before it is confirmed.
      {
        ...{ name: 'inbound', role: 'listener' },
        max: limits.inboundMax === 0 ? 0 : limits.inboundMax + limits.pendingInboundMax,
      },
    ],
    children: [pingChild({ limits, closeOnMissingPong })],
    admission: {
      pendingInbound: limits.pendingInboundMax,
      pendingOutbound: limits.pendingOutboundMax,
      pendingPerGroup: limits.pendingPerGroupMax,
      inboundPerGroup: limits.inboundPerGroupMax,
      acceptedPerGroup: {
        count: limits.acceptedPerGroupMax,
        withinMs: limits.acceptedPerGroupWithinMs,
      },
    },
    recipe: () => recipeOf(options, own.privateKey),
  }
}

/** The topic of what tools send. */
const WORKLOAD_TOPIC = 'workload'
/** One for all: nobody but its sender looks at the id of an application's message. */
const WORKLOAD_ID = 'workload'

const appMessage = (topic: string, payload: Uint8Array): BotdMessage => ({
  type: 'app',
  id: WORKLOAD_ID,
  topic,
  payload,
})

/** What the command line needs to start a node of this network. */
export const tools: ProtocolTools<BotdTypes> = {
  options: [
    {
      flags: '--keep-without-pong',
      description: 'keep peers that do not answer a ping',
    },
  ],
  isPrivateKey: (bytes) => utils.isValidSecretKey(bytes),
  takesSlots: true,
  create({ keepWithoutPong }, { crypto, inboundMax, outboundMax, privateKey }) {
    if (privateKey === undefined) throw new RangeError('a node of this network needs a key')
    return botd({
      ...{ privateKey, closeOnMissingPong: keepWithoutPong !== true },
      ...(crypto === undefined ? {} : { crypto }),
      limits: {
        ...(inboundMax === undefined ? {} : { inboundMax }),
        ...(outboundMax === undefined ? {} : { outboundMax }),
      },
    })
  },
  remake: (recipe) => botd(optionsOf(recipe)),
  ownAddress: (identity, { host, port }) => printAddress({ identity, host, port }),
  messages: [appMessage('example', encodeUtf8('hello'))],
  workload: {
    publications: [],
    takesRequests: false,
    oneWay: {
      type: 'app',
      make: (payload) => appMessage(WORKLOAD_TOPIC, payload),
      payloadOf: (message) =>
        message.type === 'app' && message.topic === WORKLOAD_TOPIC ? message.payload : undefined,
    },
  },
  // Nobody tells addresses here: nodes hang together by the seeds that all of them know.
  converged: areConnected,
}
