/**
 * A node part of the native network with the rest of its node made up: time that a test sets, bans and
 * connections that it states, jobs that run at once.
 * @module
 */
import type { Asking, ConnectionView, Later, NodePart } from '../../actors/protocol.ts'
import type { NativeKeys } from '../../codec/native/handshake-bytes.ts'
import { decodePlaintext } from '../../codec/native/message-codec.ts'
import { encodeSmall } from '../../codec/native/handshake-codec.ts'
import type { HandshakeMessage } from '../../codec/native/messages.ts'
import type { Role } from '../../codec/wire.ts'
import type { NativeAnswer, NativeQuestion, NativeTypes } from '../../machines/handshakes/native.ts'
import { native } from '../../protocols/native.ts'
import type { NativeOptions } from '../../protocols/native.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { seededRandom } from '../../transport/random.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import { performJob } from '../../world/jobs.ts'
import { ALICE, ALICE_MS, BOB, NETWORK, signedHandshake } from '../codec/native/vectors.ts'
import { previousOf } from '../../codec/native/handshake-bytes.ts'

export type View = ConnectionView<NativeTypes>
export type Check = Extract<NativeQuestion, { readonly type: 'check' }>

const isLater = (answer: NativeAnswer | Later<NativeAnswer>): answer is Later<NativeAnswer> =>
  'job' in answer

export function viewOf(role: Role, given: Partial<View> = {}): View {
  return {
    name: 'one',
    role,
    remote: { host: '192.0.2.9', port: 5000 },
    phase: 'handshaking',
    slot: role === 'dialler' ? 'outbound' : 'inbound',
    target: role === 'dialler' ? { id: BOB.id, host: '192.0.2.9', port: 9946 } : undefined,
    identity: undefined,
    facts: undefined,
    startedMs: 0,
    readyMs: undefined,
    ...given,
  }
}

export interface TestNode {
  readonly part: NodePart<NativeTypes>
  readonly time: { monotonicMs: number; wallMs: number }
  /** What `banned` says: by identity, or by identity and host. */
  readonly bans: Map<string, number>
  /** A connection more; one that is active was verified. */
  has(connection: View): void
  readonly secrets: Map<string, NativeKeys>
  /** Jobs that ran, by operation. */
  readonly jobs: string[]
  ask(question: NativeQuestion, view: View): NativeAnswer
}

export interface TestNodeOptions extends Partial<NativeOptions> {
  readonly crypto?: CryptoBackend
}

/** Alice where nothing else is said. */
export function startNode({ crypto = chooseCrypto(), ...options }: TestNodeOptions = {}): TestNode {
  const time = { monotonicMs: 1_000, wallMs: ALICE_MS }
  const bans = new Map<string, number>()
  const connections: View[] = []
  const secrets = new Map<string, NativeKeys>()
  const jobs: string[] = []
  const random = seededRandom('node')
  const protocol = native({ network: NETWORK, privateKey: ALICE.privateKey, ...options })
  const part = protocol.node({
    crypto,
    random,
    monotonicMs: () => time.monotonicMs,
    wallMs: () => time.wallMs,
    connections: () => connections,
    tell: () => false,
    close: () => undefined,
    banned: (identity, claimedFrom) =>
      bans.get(claimedFrom === undefined ? identity : `${identity} from ${claimedFrom}`),
    listening: () => [],
    mark: () => undefined,
    describe: () => undefined,
  })
  return {
    part,
    time,
    bans,
    has(connection) {
      connections.push(connection)
      if (connection.phase === 'active') part.ready?.(connection)
    },
    secrets,
    jobs,
    ask(question, view) {
      const about: Asking<NativeTypes> = { connection: view, secrets, random }
      const answer = part.answer(question, about)
      if (!isLater(answer)) return answer
      jobs.push(answer.job.operation)
      return answer.finish(performJob(crypto, answer.job))
    },
  }
}

/** The question whether a handshake passes, as its session would ask it. */
export const checkOf = (handshake: HandshakeMessage): Check => ({
  type: 'check',
  handshake,
  raw: encodeSmall(handshake),
})

type Unsigned = Omit<HandshakeMessage, 'signature' | 'type'>

/** One side of the handshake under test, and the other side as a script writes it. */
export interface Checked {
  readonly node: TestNode
  readonly view: View
  /** A good handshake of the other side, changed before it is signed. */
  theirs(change?: Partial<Unsigned>): HandshakeMessage
  /** The same for fields that are signed already. */
  sign(unsigned: Unsigned, privateKey?: Uint8Array): HandshakeMessage
  check(handshake: HandshakeMessage): NativeAnswer
}

/**
 * As listener, Bob is asked to check Alice's handshake. As dialler, Alice has greeted and checks
 * Bob's. Whoever checks is `node`.
 */
export function startChecked(
  role: Role,
  options: TestNodeOptions = {},
  given: Partial<View> = {},
): Checked {
  const [own, other] = role === 'dialler' ? [ALICE, BOB] : [BOB, ALICE]
  const node = startNode({ ...options, privateKey: own.privateKey })
  const view = viewOf(role, given)
  let previous: Uint8Array | undefined
  const crypto = options.crypto ?? chooseCrypto()
  if (role === 'dialler') {
    const greeting = node.ask({ type: 'greet' }, view)
    if (greeting.type !== 'greeting') throw new Error('no greeting')
    previous = previousOf(crypto, greeting.raw)
  }
  const signer: Role = role === 'dialler' ? 'listener' : 'dialler'
  const ephemeral = new Uint8Array(32).fill(5)
  const good: Unsigned = {
    major: 1,
    minor: 0,
    network: NETWORK,
    keyType: 1,
    nodeId: other.nodeId,
    publicKey: other.publicKey,
    recipientId: own.nodeId,
    timestampMs: BigInt(ALICE_MS),
    nonce: new Uint8Array(32).fill(9),
    ephemeralKey: crypto.publicKeyOf(ephemeral),
  }
  const sign = (unsigned: Unsigned, privateKey = other.privateKey) =>
    signedHandshake(signer, unsigned, privateKey, previous)
  return {
    node,
    view,
    sign,
    theirs: (change = {}) => sign({ ...good, ...change }),
    check: (handshake) => node.ask(checkOf(handshake), view),
  }
}

/** The handshake in a payload. @throws {Error} it is none */
export function handshakeIn(raw: Uint8Array): HandshakeMessage {
  const message = decodePlaintext(raw)
  if (message.type !== 'handshake') throw new Error('no handshake')
  return message
}
