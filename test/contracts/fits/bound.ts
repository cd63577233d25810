/**
 * A stand-in with the habits of a network whose encryption names nobody: both send a raw key, then a
 * stream of padded blocks; a signature over what only the two ends of this channel know says who is
 * who. It is active once it got addresses, or, for who came in, once it was asked for data.
 *
 * Key: 33 bytes. Frame, AES-256-CBC that never restarts: size (4, little-endian), type (4), body,
 * zeros up to a multiple of 16. A closing is answered by a closing, and waited for.
 * @module
 */
import { cbc } from '@noble/ciphers/aes.js'
import { assign, setup } from 'xstate'
import { concatBytes, constantTimeEqual, encodeAscii, encodeHex } from '../../../codec/bytes.ts'
import { decodeAscii, viewOf } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { asSlot, HOLDING, sessionActions, WireError } from '../../../index.ts'
import type { ConnectionView, NodePart, NodeTools, Protocol } from '../../../index.ts'
import type { ProtocolTypes, Wire, WireSetup } from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { end, hostAddresses, isMessage, ONE_STRIKE, ROOMY, smallerDiallerStays } from './common.ts'
import type { ChartTypes, HostAddress } from './common.ts'

const NONE: Uint8Array = new Uint8Array(0)
const KEY_BYTES = 33
const HELLO_BYTES = KEY_BYTES + 64
const BLOCK_BYTES = 16
const BODY_BYTES_MAX = 65_536
/** How long the answer to a closing is waited for. */
export const CLOSING_MS = 20_000
const TYPES = [
  'hello',
  'accepted',
  'addressRequest',
  'address',
  'timeRequest',
  'time',
  'reachable',
  'fetch',
  'closing',
] as const

type BoundType = (typeof TYPES)[number]
export type BoundMessage = {
  [Type in BoundType]: { readonly type: Type; readonly payload: Uint8Array }
}[BoundType]
export type BoundDetail =
  | 'bad-key'
  | 'bad-proof'
  | 'known'
  | 'late'
  | 'out-of-turn'
  | 'own-key'
  | 'silent'
  | 'told-to-close'
  | 'too-large'
  | 'unknown-type'
export interface BoundFacts {
  readonly binding: Uint8Array
}
type Question =
  | { readonly ask: 'sign'; readonly binding: Uint8Array }
  | { readonly ask: 'verify'; readonly binding: Uint8Array; readonly hello: Uint8Array }
type Answer =
  | { readonly hello: Uint8Array }
  | { readonly identity: string }
  | { readonly wrong: 'bad-proof' | 'known' | 'own-key' }

export interface BoundTypes extends ProtocolTypes {
  readonly message: BoundMessage
  readonly address: HostAddress
  readonly keys: never
  readonly facts: BoundFacts
  readonly detail: BoundDetail
  readonly dial: never
  readonly question: Question
  readonly answer: Answer
  /** The far side of this connection was reached under this address. */
  readonly news: { readonly reachable: string }
}

export type BoundWire = Wire<BoundMessage, never, BoundFacts, BoundDetail>

export function boundWire(options: WireSetup<HostAddress, never>): BoundWire {
  const { crypto, out, random } = options
  const buffer = createFrameBuffer()
  const privateKey = random.bytes(32)
  let isAsked = false
  let isTold = false
  let saidClosing = false
  let key: Uint8Array | undefined
  let [lastSent, lastRead] = [NONE, NONE]
  let binding = NONE
  /** The first block of a frame that is not whole yet: chaining lets no block be read twice. */
  let first: Uint8Array | undefined

  const open = (blocks: Uint8Array): Uint8Array => {
    if (blocks.length === 0) return NONE
    const plain = cbc(key ?? NONE, lastRead, { disablePadding: true }).decrypt(blocks)
    lastRead = blocks.slice(-BLOCK_BYTES)
    return plain
  }

  const readFrame: BoundWire['read'] = () => {
    const head = first === undefined ? buffer.take(BLOCK_BYTES) : NONE
    if (head === undefined) return { kind: 'more' }
    first ??= open(head)
    const bodyBytes = viewOf(first).getUint32(0, true)
    if (bodyBytes > BODY_BYTES_MAX) throw new WireError('close', 'too-large')
    const bytesOnWire = Math.ceil((8 + bodyBytes) / BLOCK_BYTES) * BLOCK_BYTES
    const rest = buffer.take(bytesOnWire - BLOCK_BYTES)
    if (rest === undefined) return { kind: 'more' }
    const frame = concatBytes(first, open(rest))
    first = undefined
    const type = TYPES[viewOf(frame).getUint32(4, true) - 1]
    if (type === undefined) {
      return { kind: 'refused', error: new WireError('skip', 'unknown-type'), bytesOnWire }
    }
    saidClosing = type === 'closing'
    return {
      kind: 'message',
      message: { type, payload: frame.slice(8, 8 + bodyBytes) },
      bytesOnWire,
    }
  }

  return {
    start() {
      out(crypto.publicKeyOf(privateKey))
    },
    push: buffer.push,
    keep: buffer.keep,
    read() {
      if (key !== undefined && isTold) return readFrame()
      if (key !== undefined) {
        isTold = true
        return { kind: 'secured', facts: { binding } }
      }
      const publicKey = isAsked ? undefined : buffer.take(KEY_BYTES)?.slice()
      if (publicKey === undefined) return { kind: 'more' }
      if (!crypto.isPublicKey(publicKey)) throw new WireError('close', 'bad-key')
      isAsked = true
      return { kind: 'job', job: { operation: 'sharedX', privateKey, publicKey } }
    },
    secure: () => undefined,
    resume(sharedX) {
      if (!(sharedX instanceof Uint8Array)) throw new WireError('close', 'bad-key')
      const secret = crypto.sha512(sharedX)
      key = crypto.sha256(secret)
      lastSent = lastRead = crypto.sha256(encodeAscii('iv'), secret).subarray(0, BLOCK_BYTES)
      binding = crypto.sha256(encodeAscii('binding'), secret)
      secret.fill(0)
    },
    write(messages) {
      for (const message of messages) {
        if ('raw' in message || key === undefined) throw new TypeError('nothing can be sealed')
        const bytes = 8 + message.payload.length
        const frame = new Uint8Array(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES)
        viewOf(frame).setUint32(0, message.payload.length, true)
        viewOf(frame).setUint32(4, TYPES.indexOf(message.type) + 1, true)
        frame.set(message.payload, 8)
        const sealed = cbc(key, lastSent, { disablePadding: true }).encrypt(frame)
        lastSent = sealed.slice(-BLOCK_BYTES)
        out(sealed)
      }
    },
    end: () =>
      buffer.length > 0 || first !== undefined ? 'mid-frame' : saidClosing ? 'clean' : 'truncated',
    get bufferedBytes() {
      return buffer.length
    },
    wipe() {
      key?.fill(0)
      privateKey.fill(0)
    },
  }
}

function boundNode(tools: NodeTools<BoundTypes>, own: Uint8Array): NodePart<BoundTypes> {
  const { crypto } = tools
  const ownKey = crypto.publicKeyOf(own)
  const activeWith = (identity: string) =>
    tools.connections().find((one) => one.phase === 'active' && one.identity === identity)

  /** A dial that finds whom we know already has shown that he can be reached. */
  const known = ({ target }: ConnectionView<BoundTypes>, identity: string): Answer => {
    const other = activeWith(identity)
    if (other === undefined) return { identity }
    if (other.role === 'listener' && target !== undefined) {
      tools.tell(other.name, { reachable: hostAddresses(0).print(target) })
    }
    return { wrong: 'known' }
  }

  return {
    answer(question, { connection }) {
      if (question.ask === 'sign') {
        return {
          job: { operation: 'sign', message: question.binding, privateKey: own },
          finish: (signature) =>
            signature instanceof Uint8Array
              ? { hello: concatBytes(ownKey, signature) }
              : { wrong: 'bad-proof' },
        }
      }
      const { binding: message, hello } = question
      const publicKey = hello.slice(0, KEY_BYTES)
      if (hello.length !== HELLO_BYTES) return { wrong: 'bad-proof' }
      // Both sign the same: what we said comes back just as well signed.
      if (constantTimeEqual(publicKey, ownKey)) return { wrong: 'own-key' }
      return {
        job: { operation: 'verify', message, signature: hello.slice(KEY_BYTES), publicKey },
        finish: (verdict) =>
          verdict === true ? known(connection, encodeHex(publicKey)) : { wrong: 'bad-proof' },
      }
    },
  }
}

interface Context {
  readonly isListener: boolean
  readonly binding: Uint8Array
  readonly identity: string
}

const write = (type: BoundType, payload = NONE) =>
  ({ type: 'write', params: { messages: [{ type, payload }] } }) as const
const is = isMessage<BoundMessage>()
const READY = {
  type: 'ready',
  params: ({ context: { binding, identity } }: { context: Context }) => ({
    facts: { binding },
    identity,
  }),
} as const

const session = setup({
  types: {} as ChartTypes<BoundTypes, Context>,
  actions: {
    ...sessionActions<BoundTypes, Context>(),
    bind: assign({
      binding: ({ event }) => (event.type === 'secured' ? event.facts.binding : NONE),
    }),
    know: assign({
      identity: ({ event }) =>
        event.type === 'answer' && 'identity' in event.answer ? event.answer.identity : '',
    }),
  },
  guards: {
    is,
    isTrigger: ({ context, event }) => context.isListener && is({ event }, 'fetch'),
    isWrong: ({ event }) => event.type === 'answer' && 'wrong' in event.answer,
  },
  delays: { answerMs: 5_000 },
}).createMachine({
  id: 'bound',
  context: ({ input }) => ({ isListener: input.role === 'listener', binding: NONE, identity: '' }),
  initial: 'meeting',
  on: {
    // What was asked meanwhile is of no more use: nothing may hold the pull now.
    leave: '.leaving',
  },
  states: {
    meeting: {
      initial: 'agreeing',
      after: { answerMs: { actions: end('late') } },
      on: {
        unit: [
          { guard: { type: 'is', params: 'closing' }, actions: end('told-to-close') },
          { actions: end('out-of-turn') },
        ],
      },
      states: {
        agreeing: { on: { secured: { target: 'signing', actions: 'bind' } } },
        signing: {
          tags: HOLDING,
          entry: {
            type: 'ask',
            params: ({ context: { binding } }) => ({
              id: 'sign',
              question: { ask: 'sign', binding },
            }),
          },
          on: {
            answer: {
              target: 'greeting',
              actions: {
                type: 'write',
                params: ({ event: { answer } }) => ({
                  messages: [{ type: 'hello', payload: 'hello' in answer ? answer.hello : NONE }],
                }),
              },
            },
          },
        },
        greeting: { on: { unit: { guard: { type: 'is', params: 'hello' }, target: 'verifying' } } },
        verifying: {
          tags: HOLDING,
          entry: {
            type: 'ask',
            params: ({ context: { binding }, event }) => ({
              id: 'verify',
              question: {
                ask: 'verify',
                binding,
                hello: event.type === 'unit' ? event.message.payload : NONE,
              },
            }),
          },
          on: {
            answer: [
              {
                guard: 'isWrong',
                actions: {
                  type: 'end',
                  params: ({ event: { answer } }) => ({
                    detail: 'wrong' in answer ? answer.wrong : 'bad-proof',
                  }),
                },
              },
              { target: 'accepting', actions: ['know', write('accepted')] },
            ],
          },
        },
        accepting: {
          on: {
            unit: {
              guard: { type: 'is', params: 'accepted' },
              target: 'asking',
              actions: write('addressRequest'),
            },
          },
        },
        asking: {
          on: {
            unit: [
              { guard: { type: 'is', params: 'addressRequest' }, actions: write('address') },
              { guard: { type: 'is', params: 'address' }, target: '#bound.open', actions: READY },
              {
                guard: 'isTrigger',
                target: '#bound.open',
                actions: [
                  READY,
                  { type: 'handOn', params: ({ event: { message } }) => ({ message }) },
                ],
              },
            ],
          },
        },
      },
    },
    open: {
      on: {
        unit: [
          { guard: { type: 'is', params: 'addressRequest' }, actions: write('address') },
          { guard: { type: 'is', params: 'timeRequest' }, actions: write('time') },
          { guard: { type: 'is', params: 'closing' }, actions: end('told-to-close') },
          { guard: { type: 'is', params: 'address' } },
          { actions: end('out-of-turn') },
        ],
        node: {
          actions: {
            type: 'write',
            params: ({ event: { news } }) => ({
              messages: [{ type: 'reachable', payload: encodeAscii(news.reachable) }],
            }),
          },
        },
      },
    },
    leaving: { on: { unit: { actions: end('told-to-close') } } },
  },
})

/** What a `reachable` says; undefined where it is no text. */
export const addressOf = ({ payload }: BoundMessage): string | undefined => decodeAscii(payload)

const DROPPED: readonly string[] = ['bad-key', 'silent', 'too-large']

export function bound(privateKey: Uint8Array): Protocol<BoundTypes> {
  const identity = encodeHex(chooseCrypto().publicKeyOf(privateKey))
  return {
    name: 'bound',
    defaultPort: 7004,
    identity,
    addresses: hostAddresses(7004),
    node: (tools) => boundNode(tools, privateKey),
    wire: boundWire,
    session: asSlot(session),
    control: ['hello', 'accepted', 'addressRequest', 'address', 'timeRequest', 'closing'],
    deadlines: {
      connectMs: 2_000,
      establish: { ms: 15_000, detail: 'late' },
      session: { answerMs: { ms: 5_000, detail: 'late' } },
      progress: { ms: 60_000, detail: 'silent' },
      drainMs: 20_000,
      flushMs: 1_000,
    },
    lane: ({ type }) =>
      type === 'fetch'
        ? { lane: 'requests', full: 'stop-reading' }
        : { lane: 'control', full: 'close' },
    estimateBytes: ({ payload }) => payload.length + 8 + BLOCK_BYTES,
    details: {
      'bad-key': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'bad-proof': { reason: 'peer-fault', verdict: ONE_STRIKE },
      known: { reason: 'refused-by-us', verdict: { do: 'wait' } },
      late: { reason: 'deadline', verdict: { do: 'wait' } },
      'out-of-turn': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'own-key': { reason: 'refused-by-us', verdict: { do: 'refuse' } },
      silent: { reason: 'deadline', verdict: { do: 'wait' } },
      'told-to-close': { reason: 'peer-left', verdict: { do: 'wait' } },
      'too-large': { reason: 'peer-fault', verdict: ONE_STRIKE },
      'unknown-type': { reason: 'peer-fault', verdict: { do: 'nothing' } },
    },
    strikes: { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 },
    farewell(detail, _, facts) {
      if (facts === undefined || DROPPED.includes(detail)) return undefined
      const isAnswer = detail === 'told-to-close'
      return {
        messages: [{ type: 'closing', payload: NONE }],
        answerMs: isAnswer ? 0 : CLOSING_MS,
        reads: isAnswer ? [] : ['closing'],
      }
    },
    duplicate: smallerDiallerStays,
    slots: [
      { name: 'inbound', role: 'listener', max: 8 },
      { name: 'outbound', role: 'dialler', max: 8 },
    ],
    admission: ROOMY,
  }
}
