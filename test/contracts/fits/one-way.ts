/**
 * A stand-in with the habits of a network of static keys: who dials says who he is and is active at
 * once, who was dialled never answers, the newest connection of an identity wins, and discovery goes
 * over datagrams under the same keys.
 * @module
 */
import { assign, setup } from 'xstate'
import { concatBytes, decodeHex, encodeHex, equalBytes } from '../../../codec/bytes.ts'
import { asSlot, HOLDING, sessionActions } from '../../../index.ts'
import type { AddressRules, ChildSpec, ConnectionView, DatagramCodec } from '../../../index.ts'
import type { NodePart, NodeTools, Protocol } from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import type { Aead } from '../../../world/crypto.ts'
import { end, hostAddresses, isMessage, ONE_STRIKE, ROOMY, smallerDiallerStays } from './common.ts'
import type { ChartTypes } from './common.ts'
import { KEY_BYTES, NONE, oneWayWire, openMessage, sealMessage, sharedKey } from './one-way-wire.ts'
import type { OneWayAddress, OneWayMessage, OneWayTypes } from './one-way-wire.ts'

/** Two dials cross when neither side knew of the other's: a few round trips, generously. */
const CROSSING_MS = 5_000
export const FIRST_RECORD_MS = 15_000
export const DATAGRAMS_PER_SECOND = 5
/** Keys that were agreed for datagrams; the oldest go first. */
const AGREED_MAX = 64

const hosts = hostAddresses(7005)
/** `key@host:port`; without a key where it is not known. */
const addresses: AddressRules<OneWayAddress> = {
  ...hosts,
  parse(text) {
    const [rest = '', identity] = text.split('@').toReversed()
    const parsed = hosts.parse(rest)
    if (identity === undefined || 'wrong' in parsed) return parsed
    if (decodeHex(identity)?.length !== KEY_BYTES) return { wrong: 'a key has 66 hex digits' }
    return { address: { ...parsed.address, identity: identity.toLowerCase() } }
  },
  print: ({ identity, ...host }) =>
    (identity === undefined ? '' : `${identity}@`) + hosts.print(host),
  key: (address) => addresses.print(address),
  identity: ({ identity }) => identity,
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
      secrets.set('shared', { own: crypto.publicKeyOf(privateKey), theirs: publicKey, shared })
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
      const message =
        aead && openMessage(aead, publicKey, bytes.subarray(KEY_BYTES), ['ping', 'pong'])
      if (message === undefined) return { refused: aead === undefined ? 'bad-key' : 'bad-record' }
      return { identity: encodeHex(publicKey), messages: [message] }
    },
    encode(message, { identity = '' }) {
      const aead = agree(decodeHex(identity) ?? NONE)
      return aead && concatBytes(own, sealMessage(aead, random, own, message))
    },
    datagramBytesMax: 1_200,
    perGroupPerSecond: DATAGRAMS_PER_SECOND,
  }
}

export const PING_EVERY_MS = 1_000

/** Answers pings, and pings whom it was given until they answer, a restart of its own or not. */
const discovery = (targets: readonly string[]): ChildSpec<OneWayTypes, Set<string>> => ({
  name: 'discovery',
  restart: 'permanent',
  keep: () => new Set(),
  start({ after, feed, sendDatagram }, answered) {
    feed('ping', ({ message: { payload }, peer }) => {
      sendDatagram(peer, { type: 'pong', payload })
    })
    feed('pong', ({ peer: { identity = '' } }) => {
      answered.add(identity)
    })
    const ping = (): void => {
      const left = targets.filter((text) => !answered.has(text.split('@')[0] ?? ''))
      for (const address of left) {
        sendDatagram({ address, identity: undefined }, { type: 'ping', payload: NONE })
      }
      if (left.length > 0) after(PING_EVERY_MS, ping)
    }
    after(PING_EVERY_MS, ping)
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
}

export function oneWay(privateKey: Uint8Array, options: OneWayOptions = {}): Protocol<OneWayTypes> {
  const { network = 1, pings = [] } = options
  return {
    name: 'one-way',
    defaultPort: 7005,
    identity: encodeHex(chooseCrypto().publicKeyOf(privateKey)),
    addresses,
    node: (tools) => oneWayNode(tools, privateKey),
    datagrams: (tools) => oneWayDatagrams(tools, privateKey),
    children: [discovery(pings)],
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
