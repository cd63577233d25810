/**
 * Nodes of the native network that ask each other, and puppets: nodes whose directs, responses and
 * Errors a test says by itself.
 * @module
 */
import type { Asked, ChildSpec, ChildTools, Protocol } from '../../index.ts'
import type { NativeMessage } from '../../codec/native/messages.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import type { NativeLimits } from '../../protocols/native/limits.ts'
import { requestsChild } from '../../protocols/native/requests.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'

const crypto = chooseCrypto()
const keyOf = (name: string) => crypto.sha256(new TextEncoder().encode(`asks: ${name}`))

const HOSTS = { alice: '10.0.0.1', bob: '10.0.0.2', carol: '10.0.0.3' } as const
type Name = keyof typeof HOSTS

export const idOf = (name: Name): string =>
  native({ network: 'test/asks', privateKey: keyOf(name) }).identity ?? ''
export const addressOf = (name: Name): string => `node://${idOf(name)}@${HOSTS[name]}:9946`
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

interface NodeSetup {
  readonly limits?: Partial<NativeLimits>
  /** In place of the one under test. */
  readonly child?: ChildSpec<NativeTypes>
  /** Started before it. */
  readonly before?: ChildSpec<NativeTypes>
  readonly wire?: Protocol<NativeTypes>['wire']
  readonly bootstrap?: readonly string[]
}

export function protocolOf(name: Name, { before, child, limits = {}, wire }: NodeSetup = {}) {
  const all = { ...NATIVE_LIMITS, ...limits }
  const protocol = native({ network: 'test/asks', privateKey: keyOf(name), limits })
  return {
    ...protocol,
    ...(wire === undefined ? {} : { wire }),
    children: [...(before ? [before] : []), child ?? requestsChild({ limits: all })],
  }
}

/** What the platform's promises have to say, and what follows from it, as often as it takes. */
export async function settleAll(world: VirtualWorld): Promise<void> {
  for (let round = 0; round < 6; round++) {
    world.settle()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Time in pieces, so that handlers may answer within it. */
export async function pass(world: VirtualWorld, ms: number, pieces = 4): Promise<void> {
  await settleAll(world)
  for (let piece = 0; piece < pieces; piece++) {
    world.advance(ms / pieces)
    await settleAll(world)
  }
}

/** An Error that answers a direct. */
export const errorTo = (requestId: Uint8Array, code: number, retryAfterMs?: number) =>
  ({
    type: 'error',
    ...{ code, message: '', requestId, retryAfterMs },
    ...{ localMajor: undefined, localMinor: undefined, localTimeMs: undefined },
  }) as const satisfies NativeMessage

interface Told {
  readonly from: string
  readonly message: NativeMessage
}

/** A child that says what a test wants, and hears everything about requests. */
export function puppet() {
  const heard: Told[] = []
  let lent: ChildTools<NativeTypes> | undefined
  const child: ChildSpec<NativeTypes> = {
    name: 'requests',
    restart: 'permanent',
    keep: () => undefined,
    start(tools) {
      lent = tools
      for (const type of ['direct', 'response', 'error', 'oversizedDirect'] as const) {
        tools.feed(type, ({ message, peer }) => {
          const owned = structuredClone(message)
          heard.push({ from: peer.identity ?? '', message: owned })
        })
      }
      return () => undefined
    },
  }
  const heardOf = <Type extends NativeMessage['type']>(type: Type) =>
    heard.flatMap(({ message }) =>
      message.type === type ? [message as Extract<NativeMessage, { readonly type: Type }>] : [],
    )
  return {
    child,
    heard,
    heardOf,
    say(message: NativeMessage): void {
      const [connection] = lent?.connections() ?? []
      lent?.send(connection?.name ?? '', message)
    },
  }
}

/** The one under test, which a one-way message makes fail. */
export function fragile(limits: Partial<NativeLimits> = {}): ChildSpec<NativeTypes> {
  const child: ChildSpec<NativeTypes> = requestsChild({ limits: { ...NATIVE_LIMITS, ...limits } })
  return {
    ...child,
    start(tools, kept) {
      const stop = child.start(tools, kept)
      tools.feed('message', () => {
        throw new Error('made to fail')
      })
      return stop
    },
  }
}

type Setups = Partial<Record<Name, NodeSetup>>

/** Alice answers, bob is connected to her and asks; others as given. */
export function startAsking(setups: Setups = {}, seed = 'asking') {
  const world = startVirtualWorld({ seed })
  const start = (name: Name, setup: NodeSetup = setups[name] ?? {}) =>
    startNode(world, name, HOSTS[name], protocolOf(name, setup), {
      bootstrap: setup.bootstrap ?? (name === 'alice' ? [] : [addressOf('alice')]),
    })
  const alice = start('alice')
  const bob = start('bob')
  world.advance(1_000)
  const ask = (
    text: string,
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
    peer = idOf('alice'),
  ) => {
    const asked = bob.supervisor.request(
      peer,
      { protocol: 'test/echo', payload: bytesOf(text) },
      options,
    )
    const outcome = asked.then(textOf, (error: unknown) => codeOf(error))
    return outcome
  }
  /** Ends the connection of alice and bob; bob comes back by himself. */
  const cut = (): void => {
    const [connection] = alice.supervisor.connections()
    alice.supervisor.disconnect(connection?.name ?? '')
    world.settle()
  }
  return { world, alice, bob, ask, cut, start }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'no error of ours'

type Answering = (asked: Asked) => Promise<Uint8Array | undefined>
interface Answerer {
  answer(protocol: string, handler: Answering, options?: { readonly deadlineMs: number }): unknown
}

/** Answers with what it was asked. */
export function echo(supervisor: Answerer): string[] {
  const ran: string[] = []
  supervisor.answer('test/echo', ({ payload }) => {
    ran.push(textOf(payload))
    return Promise.resolve(payload)
  })
  return ran
}

/** Answers when it is told to. */
export function holdAnswers(supervisor: Answerer, deadlineMs?: number) {
  const ran: string[] = []
  const held: (() => void)[] = []
  supervisor.answer(
    'test/echo',
    ({ payload }) => {
      ran.push(textOf(payload))
      return new Promise((resolve) => {
        held.push(() => {
          resolve(payload)
        })
      })
    },
    ...(deadlineMs === undefined ? [] : [{ deadlineMs }]),
  )
  return { ran, held }
}
