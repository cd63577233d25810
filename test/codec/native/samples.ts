/**
 * One message of each type that can be written, and any message of each type.
 * @module
 */
import fc from 'fast-check'
import type {
  BroadcastMessage,
  ErrorMessage,
  LocatorEntry,
  NativeMessage,
} from '../../../codec/native/messages.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, bytesOf } from '../../support/properties.ts'
import { ALICE, ALICE_BROADCAST, ALICE_HANDSHAKE, ALICE_ITEM, BOB, VECTORS } from './vectors.ts'

type Written = Exclude<NativeMessage['type'], 'oversizedDirect'>
type Samples = {
  readonly [Type in Written]: Extract<NativeMessage, { readonly type: Type }>
}
type Sealed = Exclude<Written, 'handshake'>

export const ID = hex('000102030405060708090a0b0c0d0e0f')

export const FULL_ERROR: ErrorMessage = {
  type: 'error',
  code: 423,
  message: 'banned – for now',
  requestId: new Uint8Array(16).fill(7),
  retryAfterMs: 300_000,
  localMajor: 1,
  localMinor: 0,
  localTimeMs: 1_700_000_000_000n,
}

const publication = { originPublicKey: ALICE.publicKey, keyType: 1, hopsLeft: 8 }

export const SAMPLES: Samples = {
  handshake: ALICE_HANDSHAKE,
  direct: {
    type: 'direct',
    requestId: ID,
    protocol: 'chat',
    payload: hex('00ff10'),
    metadata: hex('aa'),
  },
  broadcast: {
    type: 'broadcast',
    ...ALICE_BROADCAST,
    ...publication,
    signature: hex(VECTORS.broadcastSignature),
  },
  response: { type: 'response', requestId: ID, payload: hex('00ff10') },
  error: FULL_ERROR,
  confirm: { type: 'confirm' },
  message: { type: 'message', protocol: 'chat', payload: hex('00ff10') },
  ping: { type: 'ping', id: ID },
  pong: { type: 'pong', id: ID },
  getAddresses: { type: 'getAddresses' },
  addresses: {
    type: 'addresses',
    addresses: [
      { nodeId: ALICE.nodeId, host: '', port: 9946, seenMs: 1_700_000_000_000n },
      { nodeId: BOB.nodeId, host: '2001:db8::1', port: 1, seenMs: 0n },
    ],
  },
  item: {
    type: 'item',
    ...ALICE_ITEM,
    ...publication,
    signature: hex(VECTORS.itemSignature),
  },
  locator: {
    type: 'locator',
    origins: [
      { originId: ALICE.nodeId, runs: [0n, 4n, 9n, 9n] },
      { originId: BOB.nodeId, runs: [] },
    ],
  },
  range: { type: 'range', originId: ALICE.nodeId, first: 5n, last: 8n },
}

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
/** Each length of the encoding of numbers is as likely as the others. */
const anyUint64 = fc.oneof(u64, fc.bigInt({ min: 0n, max: 300n }), fc.bigInt(0n, 70_000n))
const anyUint = (max: number) => fc.oneof(fc.nat({ max }), fc.nat({ max: Math.min(max, 300) }))
const anyName = fc.string({ unit: 'grapheme', maxLength: 10 })

/** From the gaps between the numbers: the first of each pair to the last, and on to the next. */
const anyRuns = fc
  .array(fc.tuple(fc.bigInt(0n, 70_000n), fc.bigInt(0n, 300n)), { maxLength: 64 })
  .map((steps) => {
    const runs: bigint[] = []
    for (const [gap, length] of steps) {
      const first = (runs.at(-1) ?? -2n) + 2n + gap
      runs.push(first, first + length)
    }
    return runs
  })

const published = {
  originId: bytesOf(32),
  originPublicKey: bytesOf(33),
  keyType: anyUint(0xff),
  timestampMs: anyUint64,
  topic: anyName,
  payload: anyBytes(),
  hopsLeft: anyUint(0xffff_ffff),
  signature: bytesOf(64),
} satisfies { [Field in keyof BroadcastMessage]?: unknown }

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })

export const ANY: {
  readonly [Type in Sealed]: fc.Arbitrary<Extract<NativeMessage, { readonly type: Type }>>
} = {
  direct: fc.record({
    type: fc.constant('direct'),
    requestId: bytesOf(16),
    protocol: anyName,
    payload: anyBytes(300),
    metadata: optional(anyBytes(300)),
  }),
  broadcast: fc.record({ type: fc.constant('broadcast'), ...published, sequence: anyUint64 }),
  response: fc.record({
    type: fc.constant('response'),
    requestId: bytesOf(16),
    payload: anyBytes(300),
  }),
  error: fc.record({
    type: fc.constant('error'),
    code: anyUint(0xffff_ffff),
    message: anyName,
    requestId: optional(bytesOf(16)),
    retryAfterMs: optional(anyUint(0xffff_ffff)),
    localMajor: optional(anyUint(0xffff)),
    localMinor: optional(anyUint(0xffff)),
    localTimeMs: optional(anyUint64),
  }),
  confirm: fc.constant({ type: 'confirm' }),
  message: fc.record({
    type: fc.constant('message'),
    protocol: anyName,
    payload: anyBytes(300),
  }),
  ping: fc.record({ type: fc.constant('ping'), id: bytesOf(16) }),
  pong: fc.record({ type: fc.constant('pong'), id: bytesOf(16) }),
  getAddresses: fc.constant({ type: 'getAddresses' }),
  addresses: fc.record({
    type: fc.constant('addresses'),
    addresses: fc.array(
      fc.record({
        nodeId: bytesOf(32),
        host: fc.string({ maxLength: 60 }),
        port: anyUint(0xffff),
        seenMs: anyUint64,
      }),
      { maxLength: 20 },
    ),
  }),
  item: fc.record({ type: fc.constant('item'), ...published, number: anyUint64 }),
  locator: fc.record({
    type: fc.constant('locator'),
    origins: fc.array(fc.record<LocatorEntry>({ originId: bytesOf(32), runs: anyRuns }), {
      maxLength: 20,
    }),
  }),
  range: fc.tuple(bytesOf(32), anyUint64, anyUint64).map(([originId, one, other]) => ({
    type: 'range',
    originId,
    first: one < other ? one : other,
    last: one < other ? other : one,
  })),
}
