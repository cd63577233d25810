/**
 * The public API around a node: the one place in the core where promises exist. Everything that it
 * asks of the node enters as a command; everything that waits has a deadline.
 * @module
 */
import type { Observable } from 'rxjs'
import { Subject } from 'rxjs'
import type { ApplicationUse, ListedPage, PublishReport, Questions } from '../actors/services.ts'
import { GuardedObservable } from '../actors/guarded-observable.ts'
import type { Routed } from '../actors/child.ts'
import { ruleOf, verdictOf } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Call } from './application.ts'
import type { HandleOptions, MessageOf, StopReport, Supervisor } from './supervisor-contract.ts'
import {
  checkHandler,
  checkMessage,
  checkObject,
  checkSubject,
  checkText,
  ownBytes,
} from './arguments.ts'
import type { Command } from './commands.ts'
import { BAN_MS_MAX, encodeBanKey } from './ban-records.ts'
import type { BanKey } from './ban-records.ts'
import { banKeyOf, canonicalKey } from './ban-subject.ts'
import { PeerloomError } from '../world/errors.ts'
import type { SupervisorEvent } from './events.ts'
import type { FlightRecorder, FlightSubject } from './flight-contract.ts'
import { flightSubjectOf } from './flight-subject.ts'
import { CORE_LIMITS } from './limits.ts'
import { createNode } from './node.ts'
import type { NodeOptions } from './node-contract.ts'
import { checkMs, createWaits, isEvent } from './waits.ts'
import type { Happening, WaitOptions } from './waits.ts'

export type SupervisorCoreOptions<T extends ProtocolTypes> = Omit<
  NodeOptions<T>,
  'onHandlerGone' | 'onHappening' | 'onWaitOver' | 'runHandler'
> & {
  /** Makes the flight recorder. Left out: there is none, and nothing is recorded. */
  readonly startFlight?: (subject: FlightSubject) => FlightRecorder
}

/** What a wait has that names no time of its own. */
const WAIT_MS = 60_000
const HANDLER_DEADLINE_MS = 30_000
export const GRACE_MS = 5_000
/** Publications of one page. */
const PAGE_MAX = 100
/** The delivery timeout of the request/response protocols here, 30 s, unless the caller says otherwise. */
const REQUEST_MS = 30_000
/** A request's own end comes within the step of its deadline; a busy process is late for that. */
const REQUEST_SLACK_MS = 5_000

/**
 * What a handler answered, as an input: a copy of bytes, because they stay the application's own, which
 * may write over them, or has given them away; a text or nothing. All else is no answer, and whatever
 * holds it together is none of the node's.
 */
function answerIn(given: unknown): unknown {
  if (given instanceof Uint8Array) return new Uint8Array(given)
  return ['function', 'object', 'symbol'].includes(typeof given) ? null : given
}

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
      if (isEvent(happening)) events.next(happening)
      waits.happened(happening)
      if (happening.type !== 'node.stopped') return
      // Also where it failed by itself: no timer of its rings any more.
      waits.stop()
      events.complete()
    },
    runHandler(handler, request, given) {
      const settle = (outcome: 'done' | 'failed', value?: unknown): void => {
        node.loop.enter({ kind: 'handler.settled', request, outcome, value })
      }
      const run = async (): Promise<unknown> => {
        return answerIn(await handlers.get(handler)?.(given))
      }
      run().then(
        (value) => {
          settle('done', value)
        },
        (error: unknown) => {
          // What it is, is for the log: the node goes on with that it failed.
          node.tell({ type: 'fault', where: 'handler', error })
          settle('failed')
        },
      )
    },
    onHandlerGone(handler) {
      // Not where it is withdrawn: until the end of that step it is still given what the node has read.
      handlers.delete(handler)
    },
    onWaitOver(wait) {
      waits.deadline(wait)
    },
  })
  const waits = createWaits(node.enter, WAIT_MS)
  const recorder = options.startFlight?.(
    flightSubjectOf(node, options, (error) => {
      node.tell({ type: 'fault', where: 'flight recorder', error })
    }),
  )

  /** @throws {PeerloomError} it is nobody that can be banned, or the node is not running */
  const keyOf = (subject: string | BanKey): BanKey => {
    checkSubject(subject)
    if (node.state !== 'running') throw new PeerloomError('not-running', 'the node is not running')
    const found =
      typeof subject === 'string'
        ? banKeyOf(subject, options.protocol.addresses)
        : canonicalKey(subject)
    if ('wrong' in found) throw new PeerloomError('bad-argument', found.wrong)
    if (encodeBanKey(found.key) === undefined) {
      throw new PeerloomError('bad-argument', 'whoever is meant has no name, or too long a one')
    }
    return found.key
  }

  /** Not an event: whoever throws at events would be told so by an event. */
  const onEventsThrow = (): void => {
    if (node.port.wants.event) {
      node.port.tell({ of: 'event', event: { type: 'events-subscriber.threw' } })
    }
  }

  const uses = new Set(options.protocol.children?.flatMap((child) => child.uses ?? []))

  /** @throws {PeerloomError} no sub-protocol of the network would ever come for it */
  const checkUsed = (use: ApplicationUse): void => {
    if (uses.has(use)) return
    throw new PeerloomError('unsupported', `this network serves no ${use}`)
  }

  /** What gives back is always taken: it is given once, however often it is asked for. */
  const once = (command: Command): (() => void) => {
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      node.enter(command)
    }
  }

  const nameHandler = <What extends keyof Questions>(
    what: What,
    key: string,
    handler: (given: Questions[What]['given']) => Promise<Questions[What]['taken']>,
    { deadlineMs = HANDLER_DEADLINE_MS }: HandleOptions = {},
  ): (() => void) => {
    checkUsed(what)
    checkHandler(handler)
    checkMs('deadlineMs', deadlineMs)
    const number = nextHandler++
    node.enter({ name: 'name-handler', what, key, handler: number, deadlineMs })
    // It is named for one question alone: what it is given is of that one.
    handlers.set(number, handler as (given: unknown) => Promise<unknown>)
    return once({ name: 'unname-handler', handler: number })
  }

  const call = async <Value>(
    what: string,
    asked: Call,
    waitOptions: WaitOptions,
  ): Promise<Value> => {
    if (node.state !== 'running') throw new PeerloomError('not-running', 'the node is not running')
    const number = nextCall++
    const take = (happening: Happening): { readonly value: Value } | undefined => {
      if (happening.type !== 'call.settled' || happening.number !== number) return undefined
      const { outcome } = happening
      if ('fault' in outcome) throw new PeerloomError(outcome.fault, outcome.message)
      // The outcome is of the service that was called.
      return { value: outcome.value as Value }
    }
    try {
      const command = { name: 'call', number, call: asked } as const
      return (await waits.until(what, waitOptions, take, command)).value
    } catch (error) {
      node.enter({ name: 'call-off', number })
      throw error
    }
  }

  const supervisor: Supervisor<T> = {
    async start() {
      if (node.state !== 'idle') throw new PeerloomError('not-running', 'a node is started once')
      const take = (happening: Happening): true | undefined => {
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
      }
      const timeoutMs = Math.min(2 * options.limits.startMs, Number.MAX_SAFE_INTEGER)
      await waits.until('the node to start', { timeoutMs }, take, { name: 'start' })
    },
    stop({ graceMs = GRACE_MS } = {}) {
      checkMs('graceMs', graceMs)
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
      return stopping
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
          node.enter({ name: 'consume', type, views, consumer })
          // The router's table is by type: what arrives under it is of that type.
          const subscription = (source as Observable<Routed<MessageOf<T, Type>>>).subscribe(
            subscriber,
          )
          return () => {
            subscription.unsubscribe()
            node.enter({ name: 'release', type, views, consumer })
          }
        },
      )
    },
    handle(type, handler, { deadlineMs = HANDLER_DEADLINE_MS } = {}) {
      checkHandler(handler)
      checkMs('deadlineMs', deadlineMs)
      const number = nextHandler++
      node.enter({ name: 'handle', type, handler: number, deadlineMs })
      // As above.
      handlers.set(number, handler as (given: unknown) => Promise<unknown>)
      return once({ name: 'unhandle', handler: number })
    },
    answer: (protocol, handler, handleOptions) =>
      nameHandler('answer', protocol, handler, handleOptions),
    validate: (topic, handler, handleOptions) =>
      nameHandler('validate', topic, handler, handleOptions),
    topic(name) {
      checkUsed('topic')
      return node.application.topic(name)
    },
    async request(peer, request, { signal, timeoutMs = REQUEST_MS } = {}) {
      checkMs('timeoutMs', timeoutMs)
      checkText('peer', peer)
      checkObject('request', request)
      const { metadata, payload, protocol } = request
      checkText('protocol', protocol)
      const asked = {
        // A connection's name stands for whoever is at its far side.
        peer: node.find(peer)?.view.identity ?? peer,
        ...{ protocol, timeoutMs, payload: ownBytes('payload', payload) },
        metadata: metadata === undefined ? undefined : ownBytes('metadata', metadata),
      }
      // Its own deadline is the sub-protocol's to keep; the wait's is behind it.
      return call<Uint8Array>(
        `an answer of ${peer}`,
        { service: 'request', asked },
        { ...(signal && { signal }), timeoutMs: timeoutMs + REQUEST_SLACK_MS },
      )
    },
    async kept(topic, { after, max = PAGE_MAX, ...waitOptions } = {}) {
      checkText('topic', topic)
      const listing = { topic, after, max }
      return call<ListedPage>(
        `what is kept about ${topic}`,
        { service: 'list', listing },
        waitOptions,
      )
    },
    async publish(topic, payload, { kind, ...waitOptions } = {}) {
      checkText('topic', topic)
      const publication = { topic, payload: ownBytes('payload', payload), kind }
      const what = `a publication about ${topic}`
      return call<PublishReport>(what, { service: 'publish', publication }, waitOptions)
    },
    events: new GuardedObservable<SupervisorEvent>(onEventsThrow, (subscriber) =>
      events.subscribe(subscriber),
    ),
    async connect(address, waitOptions = {}) {
      checkText('address', address)
      const { addresses, details, identity: own } = options.protocol
      const parsed = addresses.parse(address)
      if ('wrong' in parsed) throw new PeerloomError('bad-argument', parsed.wrong)
      const key = addresses.key(parsed.address)
      const identity = addresses.identity(parsed.address)
      if (identity !== undefined && identity === own) {
        throw new PeerloomError('bad-argument', `${address} is this node itself`)
      }
      if (node.state !== 'running')
        throw new PeerloomError('not-running', 'the node is not running')
      if (!node.hasRoomFor(parsed.address)) {
        throw new PeerloomError(
          'busy',
          `${CORE_LIMITS.listedMax} peers are dialled by hand already`,
        )
      }
      if (waitOptions.signal?.aborted === true) {
        throw new PeerloomError('aborted', `the dial of ${address} was called off`)
      }
      const known = node
        .connections()
        .find(
          ({ view }) =>
            view.phase === 'active' &&
            ((view.target !== undefined && addresses.key(view.target) === key) ||
              (identity !== undefined && view.identity === identity)),
        )
      const printed = addresses.print(parsed.address)
      if (known !== undefined) {
        node.enter({ name: 'connect', address: printed })
        return known.name
      }
      const { timeoutMs = WAIT_MS } = waitOptions
      let leftMs = (): number => timeoutMs
      /** A ban that ends before the wait does is waited for. */
      const waitOut = (ms: number): undefined => {
        if (ms <= leftMs()) return
        const rest = ms === Infinity ? 'for good' : `for ${String(ms)} ms more`
        throw new PeerloomError('refused', `${address} is banned ${rest}`)
      }
      const command = { name: 'connect', address: printed } as const
      let isBegun = false
      const take = (happening: Happening): string | undefined => {
        if (happening.type === 'connect.barred') {
          return happening.address === printed ? waitOut(happening.ms) : undefined
        }
        if (happening.type === 'peer.banned') {
          if (!node.coversDial(happening.key, parsed.address)) return undefined
          return waitOut((happening.untilMs ?? Infinity) - node.loop.step.wallMs)
        }
        if (happening.type === 'connect.begun') {
          isBegun ||= happening.command === command
          return undefined
        }
        if (happening.type === 'connect.called-off') {
          // Who disconnects and connects again within one call means the last of it.
          if (!isBegun) return undefined
          const isOff = identity !== undefined && happening.identity === identity
          if (!isOff && !happening.keys.includes(key)) return undefined
          throw new PeerloomError(
            'refused',
            `${address} is not dialled any more: it was disconnected`,
          )
        }
        if (happening.type !== 'connection.active' && happening.type !== 'connection.closed') {
          return undefined
        }
        const isIt =
          happening.address === printed ||
          (identity !== undefined && happening.identity === identity)
        if (!isIt) return undefined
        if (happening.type === 'connection.active') return happening.connection
        const { do: follows } = verdictOf(ruleOf(details, happening.detail), happening.phase)
        if (follows === 'refuse' || follows === 'ban') {
          const why = `${address} is not dialled again: ${happening.detail}`
          throw new PeerloomError('refused', why)
        }
        // The dial found somebody who is connected already.
        return happening.detail === 'duplicate' && happening.identity !== undefined
          ? node.find(happening.identity)?.name
          : undefined
      }
      const active = waits.until(`a connection with ${address}`, waitOptions, take, command)
      const sinceMs = node.loop.step.monotonicMs
      leftMs = () => timeoutMs - (node.loop.step.monotonicMs - sinceMs)
      return active
    },
    disconnect(peer) {
      checkText('peer', peer)
      node.enter({ name: 'disconnect', peer })
    },
    send(peer, message) {
      checkMessage(message)
      const wrong = options.protocol.wrongWith?.(message)
      if (wrong !== undefined) throw new PeerloomError('bad-argument', wrong)
      const connection = node.find(peer)
      if (connection === undefined) return 'gone'
      const outcome = connection.reserve(message)
      if (outcome !== 'queued') return outcome
      if (node.loop.isCrowded) {
        connection.giveUpReserved(message)
        return 'full'
      }
      node.enter({ name: 'send', connection: connection.name, message })
      return outcome
    },
    async room(peer, waitOptions = {}) {
      const connection = node.find(peer)
      if (connection === undefined) throw new PeerloomError('unknown-peer', `no peer ${peer}`)
      if (connection.hasRoom()) return
      let { name } = connection
      await waits.until(`room for ${peer}`, waitOptions, (happening) => {
        if (happening.type === 'connection.room' && happening.connection === name) return true
        if (happening.type !== 'connection.closed' || happening.connection !== name)
          return undefined
        const next = node.find(peer)
        if (next === undefined) throw new PeerloomError('unknown-peer', `${peer} is gone`)
        name = next.name
        return next.hasRoom() ? true : undefined
      })
    },
    ban(subject, { ms = options.protocol.banMs ?? Infinity, why = 'asked' } = {}) {
      const key = keyOf(subject)
      checkText('reason', why)
      if (ms !== Infinity && !(Number.isInteger(ms) && ms > 0 && ms <= BAN_MS_MAX)) {
        const wrong = `a ban lasts from 1 to ${String(BAN_MS_MAX)} whole milliseconds, or Infinity`
        throw new PeerloomError('bad-argument', wrong)
      }
      if (!node.hasRoomForBan(key)) {
        const many = `${String(CORE_LIMITS.bansMax)} bans by hand are kept already`
        throw new PeerloomError('busy', many)
      }
      node.enter({ name: 'ban', key, ms: ms === Infinity ? undefined : ms, why })
    },
    unban(subject) {
      node.enter({ name: 'unban', key: keyOf(subject) })
    },
    pause() {
      node.enter({ name: 'pause' })
    },
    resume() {
      node.enter({ name: 'resume' })
    },
    get isPaused() {
      return node.isPaused
    },
    restart(child) {
      if (node.state !== 'running')
        throw new PeerloomError('not-running', 'the node is not running')
      if (!node.inside.children().some(({ name }) => name === child)) {
        throw new PeerloomError('bad-argument', `this network has no sub-protocol ${child}`)
      }
      node.enter({ name: 'restart', child })
    },
    instruct(instruction) {
      if (node.state !== 'running')
        throw new PeerloomError('not-running', 'the node is not running')
      if (!node.takesInstructions) {
        throw new PeerloomError('unsupported', 'this network takes no instructions')
      }
      node.enter({ name: 'instruct', instruction })
    },
    bans: () => node.bans(),
    peers: () => node.peers(),
    connections: () =>
      node.connections().map(({ name, peer, view, counters, traffic, unsentBytes }) => ({
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
        unsentBytes: unsentBytes(),
        traffic: traffic(),
        about: { ...view.about },
      })),
    datagrams: () =>
      node.datagrams && { ...node.datagrams, dropped: { ...node.datagrams.dropped } },
    explain(connection) {
      const explanation = node.explain(connection)
      const flight = recorder?.entries(connection) ?? []
      return explanation === undefined || flight.length === 0
        ? explanation
        : { ...explanation, flight }
    },
    flight: (connection) => recorder?.entries(connection) ?? [],
    flightRecording: (connection) => recorder?.recording(connection),
    recordFlight(flightOptions) {
      if (recorder === undefined) {
        throw new PeerloomError('unsupported', 'this supervisor was made without a flight recorder')
      }
      recorder.record(flightOptions)
    },
    audit() {
      const audit = node.audit()
      return { ...audit, remembered: { ...audit.remembered, ...recorder?.counts() } }
    },
    counts: () => node.counts(),
    inside: node.inside,
    port: node.port,
    actor: node.actor,
  }
  return supervisor
}
