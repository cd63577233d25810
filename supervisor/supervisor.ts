/**
 * The public API around a node: the one place in the core where promises exist. Everything that it
 * asks of the node enters as a command; everything that waits has a deadline.
 * @module
 */
import type { Observable } from 'rxjs'
import { Subject } from 'rxjs'
import type { Actor } from 'xstate'
import type { Counters } from '../actors/counters.ts'
import { GuardedObservable } from '../actors/guarded-observable.ts'
import type { Routed } from '../actors/child.ts'
import type { Phase } from '../machines/reasons.ts'
import type { rootMachine } from '../machines/root.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { SocketAddress } from '../world/streams.ts'
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

export function createSupervisorOver<T extends ProtocolTypes>(
  options: SupervisorCoreOptions<T>,
): Supervisor<T> {
  type Message = T['message']
  const events = new Subject<SupervisorEvent>()
  const handlers = new Map<number, (routed: Routed<Message>) => Promise<void>>()
  let nextHandler = 1
  let nextConsumer = 1
  let stopping: Promise<StopReport> | undefined

  const node = createNode<T>({
    ...options,
    onHappening(happening: Happening) {
      if (happening.type !== 'connection.room') events.next(happening)
      waits.happened(happening)
    },
    runHandler(handler, request, routed) {
      const settle = (outcome: 'done' | 'failed'): void => {
        node.loop.enter({ kind: 'handler.settled', request, outcome })
      }
      const run = async (): Promise<void> => handlers.get(handler)?.(routed)
      run().then(
        () => {
          settle('done')
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
      handlers.set(number, handler as (routed: Routed<Message>) => Promise<void>)
      node.enter({ name: 'handle', type, handler: number, deadlineMs })
      return () => {
        node.enter({ name: 'unhandle', handler: number })
        handlers.delete(number)
      }
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
