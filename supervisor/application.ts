/**
 * The application, as the node sees it: subscribers of topics, handlers that answer a sub-protocol's
 * questions, and calls that a sub-protocol serves. What it answers comes in as inputs.
 * @module
 */
import { Subject } from 'rxjs'
import type { Observable } from 'rxjs'
import { heldBytes } from '../actors/credit.ts'
import type { Crediting } from '../actors/router.ts'
import { GuardedObservable } from '../actors/guarded-observable.ts'
import type {
  Answered,
  Application,
  Delivery,
  ListedPage,
  Listing,
  Outcome,
  Publication,
  PublishReport,
  Questions,
  Requesting,
  Services,
  Validation,
} from '../actors/services.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SupervisorEvent } from './events.ts'

/** A call of the application, as a command carries it. */
export type Call =
  | { readonly service: 'request'; readonly asked: Requesting }
  | { readonly service: 'publish'; readonly publication: Publication }
  | { readonly service: 'list'; readonly listing: Listing }

export type CallOutcome = Outcome<Uint8Array> | Outcome<PublishReport> | Outcome<ListedPage>

export interface ApplicationDeskOptions {
  readonly loop: StepLoop
  /** Starts a handler outside; it answers with an input `handler.settled` for the request. */
  run(handler: number, request: number, given: unknown): void
  /** Where a connection's credit is taken; undefined: it is gone. */
  creditOf(connection: string): Crediting | undefined
  onCallSettled(call: number, outcome: CallOutcome): void
  /** A subscriber threw. */
  onThrow(what: string, error: unknown): void
  tell(event: SupervisorEvent): void
  /** A question has settled, by an answer or its deadline. */
  timed(what: keyof Questions, ms: number): void
}

export interface ApplicationDesk extends Application {
  /** Deliveries of a topic. Nothing in the node depends on who subscribes: it is no input. */
  topic(name: string): Observable<Delivery>
  /** From now on this handler answers. @returns the one whose place it takes, if there was one */
  name(what: keyof Questions, key: string, handler: number, deadlineMs: number): number | undefined
  unname(handler: number): void
  call(number: number, call: Call): void
  callOff(number: number): void
  /**
   * Returns how to withdraw it: what was called and is not settled is lost with its child, unless the
   * child's next offer holds it.
   */
  offer(child: string, services: Services): () => void
  counts(): {
    readonly topics: number
    readonly named: number
    readonly asked: number
    readonly calls: number
  }
  stop(): void
}

interface Named {
  readonly handler: number
  readonly deadlineMs: number
}

interface Calling {
  readonly child: string | undefined
  /** Undefined: the child is down, and its next incarnation has not said whether it goes on. */
  services: Services | undefined
  readonly settle: (outcome: CallOutcome) => void
  callOff(): void
}

interface Offer {
  readonly child: string
  readonly services: Services
}

const VALIDATIONS: readonly unknown[] = [
  'accept',
  'ignore',
  'reject',
] satisfies readonly Validation[]

const RESTARTED: CallOutcome = {
  fault: 'restarting',
  message: 'the sub-protocol was restarted',
}

/** What an application's handler returned, if it is an answer at all. */
const TAKEN: {
  readonly [What in keyof Questions]: (value: unknown) => Answered<Questions[What]['taken']>
} = {
  answer: (value) =>
    value === undefined || value instanceof Uint8Array ? { taken: value } : { failed: 'threw' },
  validate: (value) =>
    VALIDATIONS.includes(value) ? { taken: value as Validation } : { failed: 'threw' },
}

const serves = (offer: Services, call: Call): boolean => {
  if (call.service !== 'publish') return offer[call.service] !== undefined
  const { publish, publishes } = offer
  return publish !== undefined && publishes?.includes(call.publication.kind) !== false
}

const kindOf = (call: Call): string =>
  call.service === 'publish' && call.publication.kind !== undefined
    ? ` of the kind ${call.publication.kind}`
    : ''

export function createApplicationDesk(options: ApplicationDeskOptions): ApplicationDesk {
  const { loop } = options
  const topics = new Map<string, Subject<Delivery>>()
  const named = new Map<string, Named>()
  const asked = new Map<number, () => void>()
  const calls = new Map<number, Calling>()
  let offers: readonly Offer[] = []
  /** Of children that are down: what they served is coming back. */
  let downOffers: readonly Offer[] = []
  let stopped = false

  const keyOf = (what: string, key: string): string => `${what} ${key}`

  const topicOf = (name: string): Subject<Delivery> => {
    const topic = topics.get(name) ?? new Subject<Delivery>()
    topics.set(name, topic)
    return topic
  }

  const settle = (number: number, outcome: CallOutcome): void => {
    if (!calls.delete(number)) return
    options.onCallSettled(number, outcome)
  }

  const begin = (number: number, call: Call): void => {
    const { child, services } = offers.find((offer) => serves(offer.services, call)) ?? {}
    const unsupported: CallOutcome = {
      fault: 'unsupported',
      message: `this network serves no ${call.service}${kindOf(call)}`,
    }
    const isDown = downOffers.some((offer) => serves(offer.services, call))
    let callOff: (() => void) | undefined
    const onSettled = (outcome: CallOutcome): void => {
      settle(number, outcome)
    }
    calls.set(number, { child, services, settle: onSettled, callOff: () => callOff?.() })
    if (call.service === 'request') callOff = services?.request?.(call.asked, onSettled)
    else if (call.service === 'list') callOff = services?.list?.(call.listing, onSettled)
    else callOff = services?.publish?.(call.publication, onSettled)
    if (callOff === undefined) settle(number, isDown ? RESTARTED : unsupported)
  }

  return {
    deliver(delivery) {
      topics.get(delivery.topic)?.next(delivery)
    },
    ask(what, { bytes, connection, given, key }, done) {
      const one = named.get(keyOf(what, key))
      if (one === undefined) return false
      const credit = options.creditOf(connection)
      const cost = heldBytes(bytes)
      credit?.take(cost)
      const askedMs = loop.step.monotonicMs
      const end = (answered: Answered<Questions[typeof what]['taken']> | undefined): void => {
        loop.cancel(timer)
        loop.forget(request)
        asked.delete(request)
        credit?.giveBack(cost)
        if (answered === undefined) return
        options.timed(what, loop.step.monotonicMs - askedMs)
        if ('failed' in answered) {
          const why = answered.failed
          options.tell({ type: 'handler.failed', message: keyOf(what, key), why })
        }
        done(answered)
      }
      const request = loop.ask((input) => {
        if (input.kind !== 'handler.settled') return
        end(input.outcome === 'done' ? TAKEN[what](input.value) : { failed: 'threw' })
      })
      const timer = loop.after(one.deadlineMs, () => {
        end({ failed: 'deadline' })
      })
      asked.set(request, () => {
        end(undefined)
      })
      options.run(one.handler, request, given)
      return true
    },
    topic: (name) =>
      new GuardedObservable<Delivery>(
        (error) => {
          options.onThrow(keyOf('topic', name), error)
        },
        (subscriber) => {
          if (stopped) {
            subscriber.complete()
            return undefined
          }
          const topic = topicOf(name)
          const subscription = topic.subscribe(subscriber)
          return () => {
            subscription.unsubscribe()
            if (!topic.observed) topics.delete(name)
          }
        },
      ),
    name(what, key, handler, deadlineMs) {
      const before = named.get(keyOf(what, key))
      named.set(keyOf(what, key), { handler, deadlineMs })
      return before?.handler
    },
    unname(handler) {
      for (const [key, one] of named) if (one.handler === handler) named.delete(key)
    },
    call: begin,
    callOff(number) {
      const calling = calls.get(number)
      if (calling === undefined) return
      calls.delete(number)
      calling.callOff()
    },
    offer(child, services) {
      const offer: Offer = { child, services }
      offers = [...offers, offer]
      downOffers = downOffers.filter((down) => down.child !== child)
      for (const calling of [...calls.values()]) {
        if (calling.services !== undefined || calling.child !== child) continue
        if (services.holds?.(calling.settle) === true) calling.services = services
        else calling.settle(RESTARTED)
      }
      return () => {
        offers = offers.filter((other) => other !== offer)
        if (!stopped) downOffers = [...downOffers, offer]
        for (const calling of [...calls.values()]) {
          if (calling.services !== services) continue
          if (services.holds === undefined) calling.settle(RESTARTED)
          else calling.services = undefined
        }
      }
    },
    counts: () => ({
      topics: topics.size,
      named: named.size,
      asked: asked.size,
      calls: calls.size,
    }),
    stop() {
      stopped = true
      for (const topic of [...topics.values()]) topic.complete()
      topics.clear()
      named.clear()
      for (const end of [...asked.values()]) end()
      calls.clear()
      offers = []
    },
  }
}
