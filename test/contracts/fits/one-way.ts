/**
 * A stand-in with the habits of a network of static keys: who dials says who he is and is active at
 * once, who was dialled never answers, the newest connection of an identity wins, and discovery goes
 * over datagrams under the same keys.
 * @module
 */
import { assign, setup } from 'xstate'
import { decodeHex, encodeHex, equalBytes } from '../../../codec/bytes.ts'
import { asSlot, placeAddresses, HOLDING, sessionActions } from '../../../index.ts'
import type {
  AddressRules,
  ChildSpec,
  ConnectionView,
  Protocol,
  SessionTypes,
} from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { NONE, ONE_STRIKE, smallerDiallerStays } from './common.ts'
import { USUAL, USUAL_WAITS, WAIT } from './common.ts'
import { end, isMessage } from './chart-parts.ts'
import { oneWayDatagrams, oneWayNode } from './one-way-node.ts'
import { KEY_BYTES, oneWayWire } from './one-way-wire.ts'
import type { OneWayAddress, OneWayMessage, OneWayTypes } from './one-way-wire.ts'

/** Two dials cross when neither side knew of the other's: a few round trips, generously. */
const CROSSING_MS = 5_000
export const FIRST_RECORD_MS = 15_000
const hosts = placeAddresses(7005)
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
    types: {} as SessionTypes<OneWayTypes, Context>,
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
      ...USUAL_WAITS,
      establish: { ms: FIRST_RECORD_MS, detail: 'late' },
      session: { firstRecordMs: { ms: FIRST_RECORD_MS, detail: 'late' } },
      progress: { ms: 3_600_000, detail: 'silent' },
      drainMs: 60_000,
    },
    lane: () => ({ lane: 'gossip', full: 'close' }),
    estimateBytes: ({ payload }) => payload.length + 31,
    details: {
      'bad-key': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'bad-record': { reason: 'peer-fault', verdict: ONE_STRIKE },
      late: { reason: 'deadline', verdict: WAIT },
      'other-network': { reason: 'refused-by-us', verdict: { do: 'nothing' } },
      silent: { reason: 'deadline', verdict: WAIT },
    },
    ...USUAL,
    duplicate,
  }
}
