/**
 * A stand-in with the habits of an authenticated network: two handshake messages, keys that change
 * between two frames of one chunk, a listener that is provisional until something decrypts, an end
 * that is truncated without a farewell, and a ping window that outlives the connection.
 *
 * Frame before keys: length (2, big-endian), payload; after: sealed records. A payload's first byte
 * is its type: 1 hello and 2 reply (static key, ephemeral key), 3 confirm, 4 ping, 5 bye, 6 note.
 * Static keys enter the derivation, so that whoever decrypts has proven his.
 * @module
 */
import { assign, setup } from 'xstate'
import { concatBytes, encodeHex, viewOf } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { createOpener, createSealer, deriveDirectionKeys } from '../../../codec/sealed-records.ts'
import type { DirectionKeys, SealedRecordParameters } from '../../../codec/sealed-records.ts'
import { asSlot, HOLDING, sessionActions, WireError } from '../../../index.ts'
import type { Asking, NodePart, NodeTools, Protocol, ProtocolTypes } from '../../../index.ts'
import type { Read, Wire, WireSetup } from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { hostAddresses, ONE_STRIKE, ROOMY } from './common.ts'
import type { ChartTypes, HostAddress } from './common.ts'

const NONE = new Uint8Array(0)
const TYPES = ['hello', 'reply', 'confirm', 'ping', 'bye', 'note'] as const
const KEY_BYTES = 33
/** A second ping sooner than this ends the connection, whichever connection brought the first. */
export const PING_WINDOW_MS = 30_000

type KeyedType = (typeof TYPES)[number]
export type KeyedMessage = {
  [Type in KeyedType]: { readonly type: Type; readonly payload: Uint8Array }
}[KeyedType]
export type KeyedDetail =
  'bad-frame' | 'bad-key' | 'bye' | 'late' | 'ping-rate' | 'silent' | 'spent'
interface Keys {
  readonly send: DirectionKeys
  readonly receive: DirectionKeys
}
type Question =
  | { readonly ask: 'greet' }
  | { readonly ask: 'agree'; readonly theirs: Uint8Array }
  | { readonly ask: 'ping'; readonly identity: string }
type Answer =
  | { readonly payload: Uint8Array }
  | { readonly identity: string; readonly payload: Uint8Array }
  | 'fine'
  | 'refused'

export interface KeyedTypes extends ProtocolTypes {
  readonly message: KeyedMessage
  readonly address: HostAddress
  readonly keys: Keys
  readonly facts: Record<string, never>
  readonly detail: KeyedDetail
  readonly dial: never
  readonly question: Question
  readonly answer: Answer
  readonly news: never
}

const RECORDS: Omit<SealedRecordParameters<KeyedDetail>, 'framesMax'> = {
  rekeyLabel: 'keyed rekey',
  byteOrder: 'big',
  payloadBytesMax: 65_536,
  rekeyFrames: 4,
  details: {
    tooShort: 'bad-frame',
    tooLong: 'bad-frame',
    unauthentic: 'bad-key',
    exhausted: 'spent',
  },
}

const payloadOf = (answer: Answer): Uint8Array =>
  typeof answer === 'object' ? answer.payload : NONE

function decode(bytes: Uint8Array, bytesOnWire: number): Read<KeyedMessage, never, KeyedDetail> {
  const type = TYPES[(bytes[0] ?? 0) - 1]
  if (type === undefined) throw new WireError('close', 'bad-frame')
  return { kind: 'message', message: { type, payload: bytes.subarray(1) }, bytesOnWire }
}

function keyedWire({ crypto, out }: WireSetup<HostAddress, never>, framesMax: number) {
  const records = { ...RECORDS, framesMax }
  const buffer = createFrameBuffer()
  let sealer: ReturnType<typeof createSealer> | undefined
  let opener: ReturnType<typeof createOpener> | undefined
  let saidBye = false
  const wire: Wire<KeyedMessage, Keys, Record<string, never>, KeyedDetail> = {
    start: () => undefined,
    push: buffer.push,
    keep: buffer.keep,
    read() {
      const before = buffer.length
      if (opener === undefined) {
        const header = buffer.peek(2)
        const frame = header && buffer.take(2 + viewOf(header).getUint16(0))
        return frame === undefined ? { kind: 'more' } : decode(frame.subarray(2), frame.length)
      }
      const plaintext = opener.read(buffer)
      if (plaintext === undefined) return { kind: 'more' }
      const read = decode(plaintext, before - buffer.length)
      saidBye = read.kind === 'message' && read.message.type === 'bye'
      return read
    },
    secure({ receive, send }) {
      sealer = createSealer(crypto, send, records)
      opener = createOpener(crypto, receive, records)
    },
    resume: () => undefined,
    write(messages) {
      for (const message of messages) {
        if ('raw' in message) continue
        const type = Uint8Array.of(TYPES.indexOf(message.type) + 1)
        const bytes = concatBytes(type, message.payload)
        const header = Uint8Array.of(bytes.length >> 8, bytes.length & 0xff)
        out(sealer === undefined ? concatBytes(header, bytes) : sealer.seal(bytes))
      }
    },
    end: () => (buffer.length > 0 ? 'mid-frame' : saidBye ? 'clean' : 'truncated'),
    get bufferedBytes() {
      return buffer.length
    },
    wipe() {
      sealer?.wipe()
      opener?.wipe()
    },
  }
  return wire
}

function keyedNode(tools: NodeTools<KeyedTypes>, own: Uint8Array): NodePart<KeyedTypes> {
  const { crypto } = tools
  const ephemerals = new Map<string, Uint8Array>()
  const lastPings = new Map<string, number>()
  const greet = ({ connection, random }: Asking<KeyedTypes>): Uint8Array => {
    const ephemeral = ephemerals.get(connection.name) ?? random.fork('ephemeral').bytes(32)
    ephemerals.set(connection.name, ephemeral)
    return concatBytes(crypto.publicKeyOf(own), crypto.publicKeyOf(ephemeral))
  }
  return {
    answer(question, about) {
      const { name, role } = about.connection
      if (question.ask === 'greet') return { payload: greet(about) }
      if (question.ask === 'ping') {
        const nowMs = tools.monotonicMs()
        const sinceMs = nowMs - (lastPings.get(question.identity) ?? -Infinity)
        lastPings.set(question.identity, nowMs)
        return sinceMs < PING_WINDOW_MS ? 'refused' : 'fine'
      }
      const [theirKey, theirEphemeral] = [
        question.theirs.slice(0, KEY_BYTES),
        question.theirs.slice(KEY_BYTES),
      ]
      const payload = greet(about)
      const ephemeral = ephemerals.get(name)
      const fixed = crypto.sharedX(own, theirKey)
      if (ephemeral === undefined || fixed === undefined || !crypto.isPublicKey(theirEphemeral)) {
        return 'refused'
      }
      return {
        job: { operation: 'sharedX', privateKey: ephemeral, publicKey: theirEphemeral },
        finish(fresh) {
          if (!(fresh instanceof Uint8Array)) return 'refused'
          const { initiator, responder } = deriveDirectionKeys(crypto, {
            sharedX: fresh,
            transcript: crypto.sha256(fixed),
            initiatorLabel: 'keyed dialler',
            responderLabel: 'keyed listener',
          })
          const [send, receive] =
            role === 'dialler' ? [initiator, responder] : [responder, initiator]
          about.secrets.set('session', { send, receive })
          return { identity: encodeHex(theirKey), payload }
        },
      }
    },
    closed: ({ name }) => {
      ephemerals.get(name)?.fill(0)
      ephemerals.delete(name)
    },
    counts: () => ({ ephemerals: ephemerals.size }),
  }
}

interface Context {
  readonly dials: boolean
  readonly identity: string
}

const session = setup({
  types: {} as ChartTypes<KeyedTypes, Context>,
  actions: {
    ...sessionActions<KeyedTypes, Context>(),
    know: assign({
      identity: ({ event }) =>
        event.type === 'answer' && typeof event.answer === 'object' && 'identity' in event.answer
          ? event.answer.identity
          : '',
    }),
  },
  guards: {
    dials: ({ context }) => context.dials,
    isRefused: ({ event }) => event.type === 'answer' && event.answer === 'refused',
    is: ({ event }, type: KeyedMessage['type']) =>
      event.type === 'unit' && event.message.type === type,
  },
  delays: { replyMs: 10_000 },
}).createMachine({
  id: 'keyed',
  context: ({ input }) => ({ dials: input.role === 'dialler', identity: '' }),
  initial: 'idle',
  states: {
    idle: {
      on: { opened: [{ guard: 'dials', target: 'greeting' }, { target: 'awaiting' }] },
    },
    greeting: {
      tags: HOLDING,
      entry: { type: 'ask', params: { id: 'greet', question: { ask: 'greet' } } },
      on: {
        answer: {
          target: 'awaiting',
          actions: {
            type: 'write',
            params: ({ event }) => ({
              messages: [{ type: 'hello' as const, payload: payloadOf(event.answer) }],
            }),
          },
        },
      },
    },
    awaiting: {
      on: {
        unit: [
          { guard: { type: 'is', params: 'hello' }, target: 'agreeing' },
          { guard: { type: 'is', params: 'reply' }, target: 'agreeing' },
          { actions: { type: 'end', params: { detail: 'bad-frame' } } },
        ],
      },
      after: { replyMs: { actions: { type: 'end', params: { detail: 'late' } } } },
    },
    agreeing: {
      tags: HOLDING,
      entry: {
        type: 'ask',
        params: ({ event }) => ({
          id: 'agree',
          question: {
            ask: 'agree' as const,
            theirs: event.type === 'unit' ? event.message.payload : NONE,
          },
        }),
      },
      on: {
        answer: [
          { guard: 'isRefused', actions: { type: 'end', params: { detail: 'bad-key' } } },
          {
            guard: 'dials',
            target: 'open',
            actions: [
              'know',
              { type: 'secure', params: { slot: 'session' } },
              { type: 'write', params: { messages: [{ type: 'confirm', payload: NONE }] } },
              {
                type: 'ready',
                params: ({ context }) => ({ facts: {}, identity: context.identity }),
              },
            ],
          },
          {
            target: 'provisional',
            actions: [
              'know',
              {
                type: 'write',
                params: ({ event }) => ({
                  messages: [{ type: 'reply' as const, payload: payloadOf(event.answer) }],
                }),
              },
              { type: 'secure', params: { slot: 'session' } },
            ],
          },
        ],
      },
    },
    provisional: {
      on: {
        unit: {
          target: 'open',
          actions: [
            { type: 'ready', params: ({ context }) => ({ facts: {}, identity: context.identity }) },
            { type: 'handOn', params: ({ event }) => ({ message: event.message }) },
          ],
        },
      },
      after: { replyMs: { actions: { type: 'end', params: { detail: 'late' } } } },
    },
    open: {
      on: {
        unit: [
          { guard: { type: 'is', params: 'ping' }, target: 'pinged' },
          {
            guard: { type: 'is', params: 'bye' },
            actions: { type: 'end', params: { detail: 'bye' } },
          },
        ],
      },
    },
    pinged: {
      tags: HOLDING,
      entry: {
        type: 'ask',
        params: ({ context }) => ({
          id: 'ping',
          question: { ask: 'ping' as const, identity: context.identity },
        }),
      },
      on: {
        answer: [
          { guard: 'isRefused', actions: { type: 'end', params: { detail: 'ping-rate' } } },
          { target: 'open' },
        ],
      },
    },
  },
})

/** @param options `framesMax`: after so many records a direction's keys are spent */
export function keyed(privateKey: Uint8Array, { framesMax = 2 ** 32 } = {}): Protocol<KeyedTypes> {
  const identity = encodeHex(chooseCrypto().publicKeyOf(privateKey))
  return {
    name: 'keyed',
    defaultPort: 7002,
    identity,
    addresses: hostAddresses(7002),
    node: (tools) => keyedNode(tools, privateKey),
    wire: (options) => keyedWire(options, framesMax),
    session: asSlot(session),
    control: ['confirm', 'ping', 'bye'],
    deadlines: {
      connectMs: 2_000,
      establish: { ms: 15_000, detail: 'late' },
      session: { replyMs: { ms: 10_000, detail: 'late' } },
      progress: { ms: 120_000, detail: 'silent' },
      drainMs: 20_000,
      flushMs: 1_000,
    },
    lane: ({ type }) =>
      type === 'note'
        ? { lane: 'requests', full: 'stop-reading' }
        : { lane: 'control', full: 'close' },
    estimateBytes: ({ payload }) => payload.length + 21,
    details: {
      'bad-frame': { reason: 'peer-fault', verdict: ONE_STRIKE },
      // Whoever sits on the path can cause it.
      'bad-key': { reason: 'peer-fault', verdict: { do: 'wait' } },
      bye: { reason: 'peer-left', verdict: { do: 'wait' } },
      late: { reason: 'deadline', verdict: { do: 'wait' } },
      'ping-rate': { reason: 'peer-fault', verdict: { do: 'strike', whom: 'identity' } },
      silent: { reason: 'deadline', verdict: { do: 'wait' } },
      spent: { reason: 'overload', verdict: { do: 'redial' } },
    },
    strikes: { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 },
    farewell: (detail, phase) =>
      phase === 'active' && detail !== 'bye' && detail !== 'bad-key'
        ? { messages: [{ type: 'bye', payload: NONE }], answerMs: 0, reads: [] }
        : undefined,
    // The dialler with the smaller key stays.
    duplicate(older, newer, own = '') {
      const dialler = ({ role }: typeof older) =>
        role === 'dialler' ? own : (older.identity ?? '')
      return dialler(older) <= dialler(newer) ? 'close-newer' : 'close-older'
    },
    slots: [
      { name: 'inbound', role: 'listener', max: 8 },
      { name: 'outbound', role: 'dialler', max: 8 },
    ],
    admission: ROOMY,
  }
}
