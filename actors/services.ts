/**
 * What an application and the sub-protocols of its network ask of each other beyond messages: calls
 * that a child serves, and questions that a child puts to the application. Plain data, so that each
 * way is an input like any other.
 * @module
 */

import type { PeerReference } from './child.ts'

/** A message with an answer, to one peer. */
export interface Requesting {
  /** A connection's name, an identity, or an address in the network's form. */
  readonly peer: string
  /** What the payload is, to the handler at the far side. */
  readonly protocol: string
  readonly payload: Uint8Array
  readonly metadata: Uint8Array | undefined
  /** Until then it is tried. */
  readonly timeoutMs: number
}

/** Something for all who want to know. */
export interface Publication {
  readonly topic: string
  readonly payload: Uint8Array
  /** One of the network's kinds of publication; left out: its usual one. */
  readonly kind: string | undefined
}

/** What the node keeps about a topic, a page at a time. */
export interface Listing {
  readonly topic: string
  /** Where the page before ended; left out: from the first. */
  readonly after: string | undefined
  readonly max: number
}

export interface ListedPage {
  readonly deliveries: readonly Delivery[]
  /** For the next page; undefined: this was the last. */
  readonly next: string | undefined
}

export interface PublishReport {
  /** Under which the network knows it, as the network prints it. */
  readonly id: string
  /** Peers that it waits to leave for. */
  readonly queued: number
  /** Peers whose lane for it was full, or that were sent as many already as they take. */
  readonly dropped: number
}

/** Why a call came to nothing. */
export type CallFault =
  /** Too many calls wait already. */
  | 'busy'
  /** What was asked for cannot be. */
  | 'bad-argument'
  /** The far side answered with an error. */
  | 'refused-by-peer'
  /** The sub-protocol that served it failed meanwhile. */
  | 'restarting'
  /** The store did not keep what had to be kept first. */
  | 'store-failed'
  | 'timed-out'
  /** The network has nothing of the kind. */
  | 'unsupported'
  /** No way leads to that peer. */
  | 'unknown-peer'

export type Outcome<Value> =
  { readonly value: Value } | { readonly fault: CallFault; readonly message: string }

/** What a child serves. Each call is settled once; one that was called off is not settled any more. */
export interface Services {
  /** Returns how to call it off. */
  request?(asked: Requesting, settle: (outcome: Outcome<Uint8Array>) => void): () => void
  publish?(publication: Publication, settle: (outcome: Outcome<PublishReport>) => void): () => void
  /** Within the step, or later. */
  list?(listing: Listing, settle: (outcome: Outcome<ListedPage>) => void): () => void
  /** The kinds that `publish` takes; `undefined` is the usual one, which has no name. Left out: all. */
  readonly publishes?: readonly (string | undefined)[]
  /**
   * Whether a request that an earlier incarnation took, known by what settles it, is gone on with.
   * Left out: none is, and each is settled as the incarnation ends.
   */
  holds?(settle: (outcome: Outcome<Uint8Array>) => void): boolean
}

/** A publication of somebody else, as the application gets it. */
export interface Delivery {
  readonly topic: string
  readonly payload: Uint8Array
  readonly id: string
  /** Who published it, proven. */
  readonly origin: string
  /** Which of the network's kinds of publication it is. */
  readonly kind: string
  /** Unix milliseconds, as its origin says. */
  readonly timestampMs: number
  /** Of a kind whose publications an origin counts: which one it is. */
  readonly number?: bigint
  /** Of a kind that is repaired: whether neighbours passed it on, or it was missed and asked for. */
  readonly by?: 'gossip' | 'sync'
}

/** A request of a peer, as the application gets it. */
export interface Asked {
  /** Who asks. Its connection may be another one by the time of the answer. */
  readonly peer: PeerReference
  readonly protocol: string
  readonly payload: Uint8Array
  readonly metadata: Uint8Array | undefined
}

export type Validation = 'accept' | 'ignore' | 'reject'

/** What a child may ask the application, and what it gets; `failed`: it threw, or took too long. */
export interface Questions {
  readonly answer: {
    readonly given: Asked
    readonly taken: Uint8Array | undefined
  }
  readonly validate: { readonly given: Delivery; readonly taken: Validation }
}

export type Answered<Taken> = { readonly taken: Taken } | { readonly failed: 'deadline' | 'threw' }

/** What a child may reach an application for: to deliver to a topic, or to ask. */
export type ApplicationUse = 'topic' | keyof Questions

/** The application, as a child sees it. */
export interface Application {
  /** To the subscribers of its topic. It owns its bytes. */
  deliver(delivery: Delivery): void
  /**
   * Puts a question to whoever the application named for it; false where there is nobody. The bytes
   * count against the connection until it is answered. The answer comes in a later step.
   */
  ask<What extends keyof Questions>(
    what: What,
    about: {
      /** The protocol of a request, the topic of a publication. */
      readonly key: string
      readonly given: Questions[What]['given']
      readonly connection: string
      readonly bytes: number
      /**
       * The answer is told also when the incarnation that asked is over: `done` may not throw then,
       * and is not guarded as a child's own.
       */
      readonly lasting?: boolean
    },
    done: (answered: Answered<Questions[What]['taken']>) => void,
  ): boolean
}
