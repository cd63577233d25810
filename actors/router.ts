/**
 * The router: message type -> subject. Decoded messages pass here once, within the step that decoded
 * them; there is no queue and no XState event a message.
 *
 * Consumers are of three kinds: feeds of sub-protocol actors, plain subscribers (done when they
 * return), and handlers, which take work away and hold credit until they settle.
 * @module
 */
import type { Observable } from 'rxjs'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Routed } from './child.ts'
import { heldBytes } from './credit.ts'
import { GuardedObservable } from './guarded-observable.ts'
import { createMessageSubject } from './message-subject.ts'
import type { MessageSubject } from './message-subject.ts'

/** Gives credit back; once. */
export type Settle = () => void

/** Where the credit for what handlers hold is taken. */
export interface Crediting {
  take(bytes: number): void
  giveBack(bytes: number): void
}

/** Starts the application's handler; calls `settle` in a later step, or lets the deadline do it. */
export type Handler<Message> = (routed: Routed<Message>, settle: Settle) => void

export interface RouterOptions<T extends ProtocolTypes> {
  /** `isSole`: no other consumer is given the message, in any form; who watches looks while it is told. */
  own(message: T['message'], isSole: boolean): T['message']
  contentBytes(message: T['message']): number
  /** A subscriber or handler threw. */
  onThrow(type: string, error: unknown): void
}

export interface Router<T extends ProtocolTypes> {
  /** `isShared`: the session was given it as well. */
  route(routed: Routed<T['message']>, crediting: Crediting, isShared?: boolean): RouteOutcome
  /**
   * The subject of a type. Subscribing to it makes no consumer yet: `consume` does, so that who
   * consumes is part of the node's inputs.
   */
  subject(type: string, views: boolean): Observable<Routed<T['message']>>
  consume(type: string, views: boolean): () => void
  handle(type: string, handler: Handler<T['message']>): () => void
  /** A throw is given to `onFault`, not reported here. */
  feed(
    type: string,
    take: (routed: Routed<T['message']>) => FeedOutcome,
    onFault: (error: unknown) => void,
  ): () => void
  /** For the audit. */
  counts(): {
    readonly types: number
    readonly subscribers: number
    readonly handlers: number
    readonly feeds: number
  }
  /** Completes every subject, and each that is still asked for. */
  stop(): void
}

/** `restarting`: the sub-protocol is down and its inlet is full. */
export type FeedOutcome = 'taken' | 'restarting'

/** `handled`: at least one consumer got it. */
export type RouteOutcome = 'handled' | 'no-consumer' | 'restarting'

interface Feed<Message> {
  readonly take: (routed: Routed<Message>) => FeedOutcome
  readonly onFault: (error: unknown) => void
}

interface Route<Message> {
  /** Views are valid until the subscriber returns; copies belong to whoever gets them. */
  readonly views: MessageSubject<Routed<Message>>
  readonly copies: MessageSubject<Routed<Message>>
  viewConsumers: number
  copyConsumers: number
  handlers: readonly Handler<Message>[]
  feeds: readonly Feed<Message>[]
}

export function createRouter<T extends ProtocolTypes>(options: RouterOptions<T>): Router<T> {
  type Message = T['message']
  const routes = new Map<string, Route<Message>>()
  let stopped = false

  const routeOf = (type: string): Route<Message> => {
    const existing = routes.get(type)
    if (existing !== undefined) return existing
    const route: Route<Message> = {
      views: createMessageSubject(),
      copies: createMessageSubject(),
      viewConsumers: 0,
      copyConsumers: 0,
      handlers: [],
      feeds: [],
    }
    routes.set(type, route)
    return route
  }

  const prune = (type: string, route: Route<Message>): void => {
    const used =
      route.viewConsumers + route.copyConsumers + route.handlers.length + route.feeds.length
    if (used === 0 && !route.views.isObserved() && !route.copies.isObserved()) routes.delete(type)
  }

  const give = (
    type: string,
    handler: Handler<Message>,
    routed: Routed<Message>,
    crediting: Crediting,
  ): void => {
    const bytes = heldBytes(options.contentBytes(routed.message))
    let held = true
    crediting.take(bytes)
    const settle = (): void => {
      if (!held) return
      held = false
      crediting.giveBack(bytes)
    }
    try {
      handler(routed, settle)
    } catch (error) {
      settle()
      options.onThrow(type, error)
    }
  }

  return {
    route(routed, crediting, isShared = false) {
      const { type } = routed.message
      const route = routes.get(type)
      if (route === undefined) return 'no-consumer'
      let given = false
      let restarting = false
      for (const feed of route.feeds) {
        try {
          if (feed.take(routed) === 'taken') given = true
          else restarting = true
        } catch (error) {
          // It was given to its consumer, which is what handled means.
          given = true
          feed.onFault(error)
        }
      }
      if (route.viewConsumers > 0) {
        given = true
        route.views.next(routed)
      }
      if (route.copyConsumers > 0 || route.handlers.length > 0) {
        const message = options.own(routed.message, !(isShared || given || restarting))
        given = true
        const owned = { peer: routed.peer, message }
        if (route.copyConsumers > 0) route.copies.next(owned)
        for (const handler of route.handlers) give(type, handler, owned, crediting)
      }
      if (given) return 'handled'
      return restarting ? 'restarting' : 'no-consumer'
    },
    subject(type, views) {
      return new GuardedObservable<Routed<Message>>(
        (error) => {
          options.onThrow(type, error)
        },
        (subscriber) => {
          if (stopped) {
            subscriber.complete()
            return undefined
          }
          const route = routeOf(type)
          const leave = (views ? route.views : route.copies).add(subscriber)
          return () => {
            leave()
            prune(type, route)
          }
        },
      )
    },
    consume(type, views) {
      const route = routeOf(type)
      const count = views ? 'viewConsumers' : 'copyConsumers'
      route[count]++
      let counted = true
      return () => {
        if (!counted) return
        counted = false
        route[count]--
        prune(type, route)
      }
    },
    handle(type, handler) {
      const route = routeOf(type)
      route.handlers = [...route.handlers, handler]
      return () => {
        route.handlers = route.handlers.filter((other) => other !== handler)
        prune(type, route)
      }
    },
    feed(type, take, onFault) {
      const route = routeOf(type)
      const feed: Feed<Message> = { take, onFault }
      route.feeds = [...route.feeds, feed]
      return () => {
        route.feeds = route.feeds.filter((other) => other !== feed)
        prune(type, route)
      }
    },
    counts() {
      let [subscribers, handlers, feeds] = [0, 0, 0]
      for (const route of routes.values()) {
        subscribers += route.viewConsumers + route.copyConsumers
        handlers += route.handlers.length
        feeds += route.feeds.length
      }
      return { types: routes.size, subscribers, handlers, feeds }
    },
    stop() {
      stopped = true
      for (const route of [...routes.values()]) {
        route.views.complete()
        route.copies.complete()
      }
      routes.clear()
    },
  }
}
