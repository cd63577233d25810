/**
 * The public API around a node: the one place in the core where promises exist. Everything that it
 * asks of the node enters as a command; everything that waits has a deadline.
 * @module
 */
import type { Observable } from 'rxjs'
import { Subject } from 'rxjs'
import type { Actor } from 'xstate'
import type { Counters } from '../actors/counters.ts'
import type { Asked, Delivery, PublishReport, Questions, Validation } from '../actors/services.ts'
import { GuardedObservable } from '../actors/guarded-observable.ts'
import type { Routed } from '../actors/child.ts'
import type { Phase } from '../machines/reasons.ts'
import type { rootMachine } from '../machines/root.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { Call } from './application.ts'
import type { Ban } from './ban-records.ts'
import { PeerloomError } from './errors.ts'
import type { SupervisorEvent } from './events.ts'
import type { PeerView } from './peers.ts'
import type { Explanation } from './explanation.ts'
import { createNode } from './node.ts'
import type { Audit, NodeOptions, NodeState } from './node-contract.ts'
import { createWaits } from './waits.ts'
import type { Happening, WaitOptions } from './waits.ts'

/** The messages of one type. */
export type MessageOf<T extends ProtocolTypes, Type extends string> = Extract<
  T['message'],
  { readonly type: Type }
>

export interface ConnectionInfo {
  readonly name: string
  readonly address: string
  readonly role: 'dialler' | 'listener'
  readonly slot: string
  readonly phase: Phase | 'closed'
  readonly identity: string | undefined
  readonly facts: unknown
  /** Monotonic milliseconds. */
  readonly startedMs: number
  readonly readyMs: number | undefined
  readonly counters: Readonly<Counters>
  readonly unsentBytes: number
}

export interface StopReport {
  /** Who had not gone when the time was up. */
  readonly killed: readonly string[]
}

export interface HandleOptions {
  /** After so long the handler's credit is given back, whatever it still does. Default 30 s. */
  readonly deadlineMs?: number
}

export interface RequestContent {
  /** What the payload is, to the handler at the far side. */
  readonly protocol: string
  readonly payload: Uint8Array
  readonly metadata?: Uint8Array
}

export interface BanOptions {
  /** Left out: for good. */
  readonly ms?: number
  readonly why?: string
}

export interface Supervisor<T extends ProtocolTypes> {
  /** Settles when the store is open and every address listens. @throws {PeerloomError} */
  start(): Promise<void>
  /** Always settles by the deadline. */
  stop(options?: { readonly graceMs?: number }): Promise<StopReport>
  [Symbol.asyncDispose](): Promise<void>
  readonly state: NodeState
  /** Where it listens. */
  readonly listening: readonly SocketAddress[]

  /**
   * Decoded messages of a type. What is emitted is the subscriber's own; with `views` its bytes are
   * valid only until the subscriber returns, and no copy is made.
   */
  messages<Type extends T['message']['type']>(
    type: Type,
    options?: { readonly views?: boolean },
  ): Observable<Routed<MessageOf<T, Type>>>
  /** Takes work away: the message's bytes count against the sender until the promise settles. */
  handle<Type extends T['message']['type']>(
    type: Type,
    handler: (routed: Routed<MessageOf<T, Type>>) => Promise<void>,
    options?: HandleOptions,
  ): () => void
  readonly events: Observable<SupervisorEvent>

  /**
   * A message with an answer. The peer is a connection's name, an identity or an address; it is
   * dialled if need be, and asked again under the same id if the connection is lost.
   * @throws {PeerloomError} `timed-out`, `refused-by-peer`, `unknown-peer`, `busy`, `unsupported` ...
   */
  request(peer: string, request: RequestContent, options?: WaitOptions): Promise<Uint8Array>
  /** Answers the requests of a protocol; undefined is an empty answer. Its last caller counts. */
  answer(
    protocol: string,
    handler: (asked: Asked) => Promise<Uint8Array | undefined>,
    options?: HandleOptions,
  ): () => void
  /** Settles once it waits to leave for everybody; what has to be kept is durable by then. */
  publish(
    topic: string,
    payload: Uint8Array,
    options?: WaitOptions & { readonly kind?: string },
  ): Promise<PublishReport>
  /** What others published about it, once and after it was found valid. */
  topic(name: string): Observable<Delivery>
  /** Decides what becomes of a publication before anybody else gets it. Its last caller counts. */
  validate(
    topic: string,
    handler: (delivery: Delivery) => Promise<Validation>,
    options?: HandleOptions,
  ): () => void

  /** A manual peer, dialled again whenever it is gone. Settles with the connection's name once active. */
  connect(address: string, options?: WaitOptions): Promise<string>
  /** Closes a connection or all of a peer, and forgets it as a manual peer. */
  disconnect(peer: string): void
  /**
   * One way. `peer` is a connection's name or a proven identity.
   * @throws {PeerloomError} `bad-argument`: the network has no way to send this message
   */
  send(peer: string, message: T['message']): 'queued' | 'full' | 'gone'
  /** Settles when a lane of the peer that was full is under half. */
  room(peer: string, options?: WaitOptions): Promise<void>
  /** An identity, or an address in the network's form or as a bare host. */
  ban(subject: string, options?: BanOptions): void
  unban(subject: string): void
  bans(): readonly Ban[]

  connections(): readonly ConnectionInfo[]
  /** What outlives connections: by proven identity, or by address. */
  peers(): readonly PeerView[]
  /** The account of all datagrams; undefined where the network or its transport speaks none. */
  datagrams(): Readonly<Counters> | undefined
  explain(connection: string): Explanation | undefined
  audit(): Audit
  /** Watchers of every step hang here. */
  readonly port: ObservationPort
  readonly actor: Actor<typeof rootMachine>
}

export type SupervisorCoreOptions<T extends ProtocolTypes> = Omit<
  NodeOptions<T>,
  'onHappening' | 'runHandler' | 'onWaitOver'
>

/** What a wait has that names no time of its own. */
const WAIT_MS = 60_000
const HANDLER_DEADLINE_MS = 30_000
const GRACE_MS = 5_000
/** The delivery timeout of the request/response protocols here, 30 s, unless the caller says otherwise. */
const REQUEST_MS = 30_000
/** A request's own end comes within the step of its deadline; a busy process is late for that. */
const REQUEST_SLACK_MS = 5_000

export function createSupervisorOver<T extends ProtocolTypes>(
  options: SupervisorCoreOptions<T>,
): Supervisor<T> {
  type Message = T['message']
  const events = new Subject<SupervisorEvent>()
  const handlers = new Map<number, (given: unknown) => Promise<unknown>>()
  let nextHandler = 1
  let nextConsumer = 1
  let nextCall = 1
  let stopping: Promise<StopReport> | undefined

  const node = createNode<T>({
    ...options,
    onHappening(happening: Happening) {
      if (happening.type !== 'connection.room' && happening.type !== 'call.settled') {
        events.next(happening)
      }
      waits.happened(happening)
    },
    runHandler(handler, request, given) {
      const settle = (outcome: 'done' | 'failed', value?: unknown): void => {
        // What was answered stays the application's own: it may write over it.
        const owned = value instanceof Uint8Array ? value.slice() : value
        node.loop.enter({ kind: 'handler.settled', request, outcome, value: owned })
      }
      const run = async (): Promise<unknown> => handlers.get(handler)?.(given)
      run().then(
        (value) => {
          settle('done', value)
        },
        () => {
          settle('failed')
        },
      )
    },
    onWaitOver(wait) {
      waits.deadline(wait)
    },
  })
  const waits = createWaits(node.enter, WAIT_MS)

  const parseBanSubject = (subject: string): void => {
    if (subject === '') throw new PeerloomError('bad-argument', 'nobody was named to be banned')
  }

  /** Not an event: whoever throws at events would be told so by an event. */
  const onEventsThrow = (): void => {
    if (node.port.watched) {
      node.port.tell({ of: 'event', event: { type: 'events-subscriber.threw' } })
    }
  }

  const nameHandler = <What extends keyof Questions>(
    what: What,
    key: string,
    handler: (given: Questions[What]['given']) => Promise<Questions[What]['taken']>,
    { deadlineMs = HANDLER_DEADLINE_MS }: HandleOptions = {},
  ): (() => void) => {
    const number = nextHandler++
    // It is named for one question alone: what it is given is of that one.
    handlers.set(number, handler as (given: unknown) => Promise<unknown>)
    node.enter({ name: 'name-handler', what, key, handler: number, deadlineMs })
    return () => {
      node.enter({ name: 'unname-handler', handler: number })
      handlers.delete(number)
    }
  }

  const call = async <Value>(
    what: string,
    asked: Call,
    waitOptions: WaitOptions,
  ): Promise<Value> => {
    if (node.state !== 'running') throw new PeerloomError('not-running', 'the node is not running')
    const number = nextCall++
    const settled = waits.until(what, waitOptions, (happening) => {
      if (happening.type !== 'call.settled' || happening.number !== number) return undefined
      const { outcome } = happening
      if ('fault' in outcome) throw new PeerloomError(outcome.fault, outcome.message)
      // The outcome is of the service that was called.
      return { value: outcome.value as Value }
    })
    node.enter({ name: 'call', number, call: asked })
    try {
      return (await settled).value
    } catch (error) {
      node.enter({ name: 'call-off', number })
      throw error
    }
  }

  const supervisor: Supervisor<T> = {
    async start() {
      if (node.state !== 'idle') throw new PeerloomError('not-running', 'a node is started once')
      const started = waits.until(
        'the node to start',
        { timeoutMs: options.limits.startMs * 2 },
        (happening) => {
          if (happening.type === 'node.started') return true
          if (happening.type !== 'node.failed') return undefined
          throw new PeerloomError(
            happening.fault === 'listen-failed'
              ? 'listen-failed'
              : happening.fault === 'store-refused'
                ? 'store-refused'
                : 'failed',
            happening.message,
          )
        },
      )
      node.enter({ name: 'start' })
      await started
    },
    stop({ graceMs = GRACE_MS } = {}) {
      if (stopping !== undefined) return stopping
      if (node.state === 'stopped' || node.state === 'failed')
        return Promise.resolve({ killed: [] })
      stopping = new Promise((resolve) => {
        const subscription = events.subscribe((event) => {
          if (event.type !== 'node.stopped') return
          subscription.unsubscribe()
          resolve({ killed: event.killed })
        })
        node.enter({ name: 'stop', graceMs })
      })
      return stopping.finally(() => {
        waits.stop()
        events.complete()
      })
    },
    async [Symbol.asyncDispose]() {
      await supervisor.stop()
    },
    get state() {
      return node.state
    },
    get listening() {
      return node.listening
    },
    messages<Type extends Message['type']>(type: Type, { views = false } = {}) {
      const source = node.router.subject(type, views)
      return new GuardedObservable<Routed<MessageOf<T, Type>>>(
        (error) => {
          node.reportThrow(type, error)
        },
        (subscriber) => {
          const consumer = nextConsumer++
          // The router's table is by type: what arrives under it is of that type.
          const subscription = (source as Observable<Routed<MessageOf<T, Type>>>).subscribe(
            subscriber,
          )
          node.enter({ name: 'consume', type, views, consumer })
          return () => {
            subscription.unsubscribe()
            node.enter({ name: 'release', type, views, consumer })
          }
        },
      )
    },
    handle(type, handler, { deadlineMs = HANDLER_DEADLINE_MS } = {}) {
      const number = nextHandler++
      // As above.
      handlers.set(number, handler as (given: unknown) => Promise<unknown>)
      node.enter({ name: 'handle', type, handler: number, deadlineMs })
      return () => {
        node.enter({ name: 'unhandle', handler: number })
        handlers.delete(number)
      }
    },
    answer: (protocol, handler, handleOptions) =>
      nameHandler('answer', protocol, handler, handleOptions),
    validate: (topic, handler, handleOptions) =>
      nameHandler('validate', topic, handler, handleOptions),
    topic: (name) =>
      new GuardedObservable<Delivery>(
        (error) => {
          node.reportThrow(`topic ${name}`, error)
        },
        (subscriber) => {
          const consumer = nextConsumer++
          const subscription = node.application.topic(name).subscribe(subscriber)
          node.enter({ name: 'consume-topic', topic: name, consumer })
          return () => {
            subscription.unsubscribe()
            node.enter({ name: 'release-topic', topic: name, consumer })
          }
        },
      ),
    request(peer, { metadata, payload, protocol }, { signal, timeoutMs = REQUEST_MS } = {}) {
      const asked = {
        ...{ peer, protocol, timeoutMs, payload: payload.slice() },
        metadata: metadata?.slice(),
      }
      // Its own deadline is the sub-protocol's to keep; the wait's is behind it.
      return call<Uint8Array>(
        `an answer of ${peer}`,
        { service: 'request', asked },
        { ...(signal && { signal }), timeoutMs: timeoutMs + REQUEST_SLACK_MS },
      )
    },
    publish(topic, payload, { kind, ...waitOptions } = {}) {
      const publication = { topic, payload: payload.slice(), kind }
      const what = `a publication about ${topic}`
      return call<PublishReport>(what, { service: 'publish', publication }, waitOptions)
    },
    events: new GuardedObservable<SupervisorEvent>(onEventsThrow, (subscriber) =>
      events.subscribe(subscriber),
    ),
    async connect(address, waitOptions = {}) {
      const parsed = options.protocol.addresses.parse(address)
      if ('wrong' in parsed) throw new PeerloomError('bad-argument', parsed.wrong)
      if (node.state !== 'running')
        throw new PeerloomError('not-running', 'the node is not running')
      const { addresses } = options.protocol
      const key = addresses.key(parsed.address)
      const identity = addresses.identity(parsed.address)
      const known = node
        .connections()
        .find(
          ({ view }) =>
            view.phase === 'active' &&
            ((view.target !== undefined && addresses.key(view.target) === key) ||
              (identity !== undefined && view.identity === identity)),
        )
      if (known !== undefined) return known.name
      const printed = addresses.print(parsed.address)
      const active = waits.until(`a connection with ${address}`, waitOptions, (happening) => {
        if (happening.type !== 'connection.active' && happening.type !== 'connection.closed') {
          return undefined
        }
        const isIt =
          happening.address === printed ||
          (identity !== undefined && happening.identity === identity)
        if (!isIt) return undefined
        if (happening.type === 'connection.active') return happening.connection
        // The dial found somebody who is connected already.
        return happening.detail === 'duplicate' && happening.identity !== undefined
          ? node.find(happening.identity)?.name
          : undefined
      })
      node.enter({ name: 'connect', address: printed })
      return active
    },
    disconnect(peer) {
      node.enter({ name: 'disconnect', peer })
    },
    send(peer, message) {
      const wrong = options.protocol.wrongWith?.(message)
      if (wrong !== undefined) throw new PeerloomError('bad-argument', wrong)
      const connection = node.find(peer)
      if (connection === undefined) return 'gone'
      const outcome = connection.reserve(message)
      if (outcome === 'queued') {
        node.enter({ name: 'send', connection: connection.name, message })
      }
      return outcome
    },
    async room(peer, waitOptions = {}) {
      const connection = node.find(peer)
      if (connection === undefined) throw new PeerloomError('unknown-peer', `no peer ${peer}`)
      if (connection.hasRoom()) return
      const { name } = connection
      await waits.until(`room for ${peer}`, waitOptions, (happening) => {
        if (happening.type === 'connection.room' && happening.connection === name) return true
        if (happening.type === 'connection.closed' && happening.connection === name) {
          throw new PeerloomError('unknown-peer', `${peer} is gone`)
        }
        return undefined
      })
    },
    ban(subject, { ms, why = 'asked' } = {}) {
      parseBanSubject(subject)
      node.enter({ name: 'ban', subject, ms, why })
    },
    unban(subject) {
      parseBanSubject(subject)
      node.enter({ name: 'unban', subject })
    },
    bans: () => node.bans(),
    peers: () => node.peers(),
    connections: () =>
      node.connections().map(({ name, peer, view, counters, unsentBytes }) => ({
        name,
        address: peer.address,
        role: view.role,
        slot: view.slot,
        phase: view.phase,
        identity: view.identity,
        facts: view.facts,
        startedMs: view.startedMs,
        readyMs: view.readyMs,
        counters: { ...counters, dropped: { ...counters.dropped } },
        unsentBytes,
      })),
    datagrams: () =>
      node.datagrams && { ...node.datagrams, dropped: { ...node.datagrams.dropped } },
    explain: node.explain,
    audit: node.audit,
    port: node.port,
    actor: node.actor,
  }
  return supervisor
}
