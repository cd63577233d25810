/**
 * A stand-in with the habits of a network of static keys: who dials says who he is and is active at
 * once, who was dialled never answers, the newest connection of an identity wins, and discovery goes
 * over datagrams under the same keys.
 *
 * Record: length (2, big-endian), body. A body is sealed: nonce (12), AES-256-GCM of type (1) and
 * payload. In front of the first body of a dialler, and of each datagram, stands his key in clear.
 * @module
 */
import { assign, setup } from 'xstate'
import { concatBytes, decodeHex, encodeAscii, encodeHex } from '../../../codec/bytes.ts'
import { equalBytes, viewOf } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { asSlot, HOLDING, sessionActions, WireError } from '../../../index.ts'
import type { AddressRules, ChildSpec, ConnectionView, DatagramCodec } from '../../../index.ts'
import type { NodePart, NodeTools, Protocol, ProtocolTypes } from '../../../index.ts'
import type { Read, Wire, WireSetup } from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import type { Aead, CryptoBackend } from '../../../world/crypto.ts'
import type { Random } from '../../../world/random.ts'
import { end, hostAddresses, isMessage, ONE_STRIKE, ROOMY, smallerDiallerStays } from './common.ts'
import type { ChartTypes, HostAddress } from './common.ts'

const NONE: Uint8Array = new Uint8Array(0)
const KEY_BYTES = 33
const NONCE_BYTES = 12
/** The key that stands in clear is a unit of its own: what follows it opens with what it leads to. */
const TYPES = ['key', 'greeting', 'note', 'ping', 'pong'] as const
/** Two that dial each other do so within the time a datagram and a dial take to cross. */
const CROSSING_MS = 5_000
export const FIRST_RECORD_MS = 15_000
export const DATAGRAMS_PER_SECOND = 5
/** Keys that were agreed for datagrams; the oldest go first. */
const AGREED_MAX = 64

type OneWayType = (typeof TYPES)[number]
export type OneWayMessage = {
  [Type in OneWayType]: { readonly type: Type; readonly payload: Uint8Array }
}[OneWayType]
export type OneWayDetail = 'bad-key' | 'bad-record' | 'late' | 'other-network' | 'silent'
export interface OneWayAddress extends HostAddress {
  /** Unknown for who came in. */
  readonly identity?: string
}
interface Keys {
  readonly own: Uint8Array
  readonly shared: Uint8Array
}

export interface OneWayTypes extends ProtocolTypes {
  readonly message: OneWayMessage
  readonly address: OneWayAddress
  readonly keys: Keys
  readonly facts: Record<string, never>
  readonly detail: OneWayDetail
  readonly dial: never
  /** A key to agree with. */
  readonly question: Uint8Array
  readonly answer: 'agreed' | 'refused'
  readonly news: never
}

const hosts = hostAddresses(7005)
/** `key@host:port`; without a key where it is not known. */
const addresses: AddressRules<OneWayAddress> = {
  ...hosts,
  parse(text) {
    const [rest = '', identity] = text.split('@').toReversed()
    const parsed = hosts.parse(rest)
    if (identity === undefined || 'wrong' in parsed) return parsed
    if (decodeHex(identity)?.length !== KEY_BYTES) return { wrong: 'a key has 66 hex digits' }
    return { address: { ...parsed.address, identity } }
  },
  print: ({ identity, ...host }) =>
    (identity === undefined ? '' : `${identity}@`) + hosts.print(host),
  key: (address) => addresses.print(address),
  identity: ({ identity }) => identity,
}

const sharedKey = (crypto: CryptoBackend, sharedX: Uint8Array): Uint8Array =>
  crypto.sha256(encodeAscii('one-way'), sharedX)

function seal(aead: Aead, random: Random, { payload, type }: OneWayMessage): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES)
  const plain = concatBytes(Uint8Array.of(TYPES.indexOf(type)), payload)
  return concatBytes(nonce, aead.seal(nonce, NONE, plain))
}

/** Undefined where it does not authenticate, or is of a type that does not travel this way. */
function open(
  aead: Aead,
  body: Uint8Array,
  types: readonly OneWayType[],
): OneWayMessage | undefined {
  if (body.length < NONCE_BYTES) return undefined
  const plain = aead.open(body.subarray(0, NONCE_BYTES), NONE, body.subarray(NONCE_BYTES))
  const type = TYPES[plain?.[0] ?? 0]
  if (plain === undefined || type === undefined || !types.includes(type)) return undefined
  return { type, payload: plain.subarray(1) }
}

type OneWayRead = Read<OneWayMessage, Record<string, never>, OneWayDetail>

function oneWayWire({ crypto, out, random, role }: WireSetup<OneWayAddress, never>) {
  const buffer = createFrameBuffer()
  let aead: Aead | undefined
  let own = NONE
  let isKeyDue = role === 'dialler'
  /** Of the first record, once its key was read. */
  let greetingBytes: number | undefined

  const record = (): Uint8Array | undefined => {
    if (greetingBytes !== undefined) return buffer.take(greetingBytes)
    const header = buffer.peek(2)
    return header && buffer.take(2 + viewOf(header).getUint16(0))?.subarray(2)
  }

  const readKey = (): OneWayRead => {
    const header = buffer.peek(2)
    const bodyBytes = header === undefined ? 0 : viewOf(header).getUint16(0)
    if (header !== undefined && bodyBytes <= KEY_BYTES) throw new WireError('close', 'bad-record')
    const front = header && buffer.take(2 + KEY_BYTES)
    if (front === undefined) return { kind: 'more' }
    greetingBytes = bodyBytes - KEY_BYTES
    const payload = front.slice(2)
    return { kind: 'message', message: { type: 'key', payload }, bytesOnWire: front.length }
  }

  const wire: Wire<OneWayMessage, Keys, Record<string, never>, OneWayDetail> = {
    start: () => undefined,
    push: buffer.push,
    keep: buffer.keep,
    read() {
      if (aead === undefined)
        return role === 'listener' && greetingBytes === undefined ? readKey() : { kind: 'more' }
      const before = buffer.length
      const body = record()
      if (body === undefined) return { kind: 'more' }
      const message = open(aead, body, [greetingBytes === undefined ? 'note' : 'greeting'])
      if (message === undefined) throw new WireError('close', 'bad-record')
      greetingBytes = undefined
      return { kind: 'message', message, bytesOnWire: before - buffer.length }
    },
    secure(keys) {
      aead = crypto.aes256Gcm(keys.shared)
      own = keys.own
    },
    resume: () => undefined,
    write(messages) {
      for (const message of messages) {
        if ('raw' in message || aead === undefined) throw new TypeError('nothing can be sealed')
        const body = concatBytes(isKeyDue ? own : NONE, seal(aead, random, message))
        isKeyDue = false
        out(concatBytes(Uint8Array.of(body.length >> 8, body.length & 0xff), body))
      }
    },
    end: () => (buffer.length > 0 ? 'mid-frame' : 'clean'),
    get bufferedBytes() {
      return buffer.length
    },
    wipe() {
      aead?.wipe()
    },
  }
  return wire
}

const oneWayNode = (
  { crypto }: NodeTools<OneWayTypes>,
  privateKey: Uint8Array,
): NodePart<OneWayTypes> => ({
  answer: (publicKey, { secrets }) => ({
    job: { operation: 'sharedX', privateKey, publicKey },
    finish(sharedX) {
      if (!(sharedX instanceof Uint8Array)) return 'refused'
      const shared = sharedKey(crypto, sharedX)
      secrets.set('shared', { own: crypto.publicKeyOf(privateKey), shared })
      return 'agreed'
    },
  }),
})

/** Whoever can seal under the key that two hold is one of the two. */
function oneWayDatagrams(
  { crypto, random }: NodeTools<OneWayTypes>,
  privateKey: Uint8Array,
): DatagramCodec<OneWayTypes> {
  const own = crypto.publicKeyOf(privateKey)
  const agreed = new Map<string, Aead>()
  const agree = (publicKey: Uint8Array): Aead | undefined => {
    const identity = encodeHex(publicKey)
    const known = agreed.get(identity)
    if (known !== undefined) return known
    const sharedX = crypto.sharedX(privateKey, publicKey)
    if (sharedX === undefined) return undefined
    const aead = crypto.aes256Gcm(sharedKey(crypto, sharedX))
    agreed.set(identity, aead)
    const [oldest] = agreed
    if (agreed.size > AGREED_MAX && oldest !== undefined) {
      oldest[1].wipe()
      agreed.delete(oldest[0])
    }
    return aead
  }
  return {
    decode(bytes) {
      const publicKey = bytes.slice(0, KEY_BYTES)
      const aead = equalBytes(publicKey, own) ? undefined : agree(publicKey)
      const message = aead && open(aead, bytes.subarray(KEY_BYTES), ['ping', 'pong'])
      if (message === undefined) return { refused: aead === undefined ? 'bad-key' : 'bad-record' }
      return { identity: encodeHex(publicKey), messages: [message] }
    },
    encode(message, { identity = '' }) {
      const aead = agree(decodeHex(identity) ?? NONE)
      return aead && concatBytes(own, seal(aead, random, message))
    },
    datagramBytesMax: 1_200,
    perGroupPerSecond: DATAGRAMS_PER_SECOND,
  }
}

/** Who answered, and where: outlives the child that asked. */
export type Seen = Map<string, string>

const PING_AFTER_MS = 1_000

/** Pings whom it was given, answers pings, and keeps who answered. */
const discovery = (targets: readonly string[], seen: Seen): ChildSpec<OneWayTypes, Seen> => ({
  name: 'discovery',
  restart: 'permanent',
  keep: () => seen,
  start({ after, feed, sendDatagram }, kept) {
    feed('ping', ({ message: { payload }, peer }) => {
      if (payload.length > 8) throw new RangeError('a ping that nobody can answer')
      sendDatagram(peer, { type: 'pong', payload })
    })
    feed('pong', ({ peer: { address, identity } }) => {
      if (identity !== undefined) kept.set(identity, address)
    })
    after(PING_AFTER_MS, () => {
      for (const address of targets) {
        const message = { type: 'ping', payload: Uint8Array.of(1) } as const
        sendDatagram({ address, identity: undefined }, message)
      }
    })
    return () => undefined
  },
})

interface Context {
  readonly network: Uint8Array
  /** The far side's key: what the dialler was given, or what stood in clear. */
  readonly theirs: Uint8Array
}

const is = isMessage<OneWayMessage>()
const READY = {
  type: 'ready',
  params: ({ context: { theirs } }: { context: Context }) => ({
    facts: {},
    identity: encodeHex(theirs),
  }),
} as const

const sessionOf = (network: number) =>
  setup({
    types: {} as ChartTypes<OneWayTypes, Context>,
    actions: {
      ...sessionActions<OneWayTypes, Context>(),
      know: assign({
        theirs: ({ event }) => (event.type === 'unit' ? event.message.payload : NONE),
      }),
    },
    guards: {
      is,
      dials: ({ context }) => context.theirs.length > 0,
      isRefused: ({ event }) => event.type === 'answer' && event.answer === 'refused',
      isOurs: ({ context, event }) =>
        event.type === 'unit' && equalBytes(event.message.payload, context.network),
    },
    delays: { firstRecordMs: FIRST_RECORD_MS },
  }).createMachine({
    id: 'one-way',
    context: ({ input }) => ({
      network: Uint8Array.of(network),
      theirs: decodeHex(input.target?.identity ?? '') ?? NONE,
    }),
    initial: 'idle',
    states: {
      idle: {
        on: { opened: [{ guard: 'dials', target: 'introducing' }, { target: 'listening' }] },
      },
      introducing: {
        tags: HOLDING,
        entry: {
          type: 'ask',
          params: ({ context: { theirs } }) => ({ id: 'agree', question: theirs }),
        },
        on: {
          answer: [
            { guard: 'isRefused', actions: end('bad-key') },
            {
              target: 'open',
              actions: [
                { type: 'secure', params: { slot: 'shared' } },
                {
                  type: 'write',
                  params: ({ context }) => ({
                    messages: [{ type: 'greeting', payload: context.network }],
                  }),
                },
                READY,
              ],
            },
          ],
        },
      },
      listening: {
        on: {
          unit: {
            guard: { type: 'is', params: 'key' },
            target: 'agreeing',
            actions: [
              'know',
              {
                type: 'claim',
                params: ({ event: { message } }) => ({ identity: encodeHex(message.payload) }),
              },
            ],
          },
        },
        after: { firstRecordMs: { actions: end('late') } },
      },
      agreeing: {
        tags: HOLDING,
        entry: {
          type: 'ask',
          params: ({ context: { theirs } }) => ({ id: 'agree', question: theirs }),
        },
        on: {
          answer: [
            { guard: 'isRefused', actions: end('bad-key') },
            { target: 'checking', actions: { type: 'secure', params: { slot: 'shared' } } },
          ],
        },
      },
      checking: {
        on: {
          unit: [
            { guard: 'isOurs', target: 'open', actions: READY },
            { actions: end('other-network') },
          ],
        },
        after: { firstRecordMs: { actions: end('late') } },
      },
      open: {},
    },
  })

/** The newest wins, so that who was restarted can come back; but two dials that crossed are one. */
function duplicate(
  older: ConnectionView<OneWayTypes>,
  newer: ConnectionView<OneWayTypes>,
  own: string | undefined,
): 'close-older' | 'close-newer' {
  const crossed = older.role !== newer.role && newer.startedMs - older.startedMs < CROSSING_MS
  return crossed ? smallerDiallerStays(older, newer, own) : 'close-older'
}

export interface OneWayOptions {
  readonly network?: number
  /** Whom discovery pings. */
  readonly pings?: readonly string[]
  readonly seen?: Seen
}

export function oneWay(privateKey: Uint8Array, options: OneWayOptions = {}): Protocol<OneWayTypes> {
  const { network = 1, pings = [], seen = new Map() } = options
  return {
    name: 'one-way',
    defaultPort: 7005,
    identity: encodeHex(chooseCrypto().publicKeyOf(privateKey)),
    addresses,
    node: (tools) => oneWayNode(tools, privateKey),
    datagrams: (tools) => oneWayDatagrams(tools, privateKey),
    children: [discovery(pings, seen)],
    wire: oneWayWire,
    session: asSlot(sessionOf(network)),
    control: ['key', 'greeting'],
    deadlines: {
      connectMs: 2_000,
      establish: { ms: FIRST_RECORD_MS, detail: 'late' },
      session: { firstRecordMs: { ms: FIRST_RECORD_MS, detail: 'late' } },
      progress: { ms: 3_600_000, detail: 'silent' },
      drainMs: 60_000,
      flushMs: 1_000,
    },
    lane: () => ({ lane: 'gossip', full: 'close' }),
    estimateBytes: ({ payload }) => payload.length + 31,
    details: {
      'bad-key': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'bad-record': { reason: 'peer-fault', verdict: ONE_STRIKE },
      late: { reason: 'deadline', verdict: { do: 'wait' } },
      'other-network': { reason: 'refused-by-us', verdict: { do: 'nothing' } },
      silent: { reason: 'deadline', verdict: { do: 'wait' } },
    },
    strikes: { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 },
    duplicate,
    slots: [
      { name: 'inbound', role: 'listener', max: 8 },
      { name: 'outbound', role: 'dialler', max: 8 },
    ],
    admission: ROOMY,
  }
}
