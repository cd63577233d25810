/**
 * What the requests of a network are to the actor that carries them out, and what the network brings:
 * how a request and its answer stand in messages, how many there may be, who is meant by a name.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { ChildTools, PeerReference } from './child.ts'
import type { Asked, Requesting } from './services.ts'

/** Why a request is answered with an error. */
export type Refusal =
  /** Too many requests of that peer are being answered. */
  | 'busy'
  /** It threw, or what it returned is no answer that can be sent. */
  | 'handler-failed'
  | 'no-handler'
  /** Too many requests of that peer within the window; it is told when the next one may pass. */
  | 'rate-limited'
  /** The handler did not finish. */
  | 'timed-out'
  /** A field of the request is above its limit. */
  | 'too-large'

/** What answers a request: exactly one of these. */
export type Answer =
  | { readonly payload: Uint8Array }
  | { readonly refusal: Refusal; readonly retryAfterMs?: number | undefined }

/** What a peer answered. Bytes are views, valid within the step. */
export type ReceivedAnswer =
  | { readonly payload: Uint8Array }
  /** `refused` is a sentence; with `retryAfterMs` the same request may be sent again after so long. */
  | { readonly refused: string; readonly retryAfterMs: number | undefined }

/** Where the network's messages come in. Bytes are views, valid within the step. */
export interface RequestsInbox {
  asked(peer: PeerReference, id: Uint8Array, asked: Omit<Asked, 'peer'>): void
  /** A request that could be read as far as its id. */
  oversized(peer: PeerReference, id: Uint8Array): void
  answered(peer: PeerReference, id: Uint8Array, answer: ReceivedAnswer): void
}

/** How often each peer did something within a sliding window. */
export interface RequestRates {
  /** One more, now; how many there were within the window, this one included. */
  note(peer: string, nowMs: number): number
  count(peer: string, nowMs: number): number
  /** How long until the oldest of the window leaves it. */
  freeMs(peer: string, nowMs: number): number
  forget(peer: string): void
}

/** What the network brings. */
export interface RequestsAdapter<T extends ProtocolTypes> {
  feed(tools: Pick<ChildTools<T>, 'feed'>, inbox: RequestsInbox): void
  asRequest(id: Uint8Array, asked: Requesting): T['message']
  asAnswer(id: Uint8Array, answer: Answer): T['message']
  /** A sentence of what keeps a request from being sent; undefined: nothing. */
  wrongWith(asked: Requesting): string | undefined
  /** Whose identity a text is, or which identity an address demands. */
  identityOf(peer: string): string | undefined
  rates(windowMs: number, keptMax: number): RequestRates
  readonly idBytes: number
  /** What a peer is charged with that answers what nobody asked, too often. */
  readonly unaskedDetail: T['detail']
}

export interface RequestsLimits {
  /** Of one peer, each direction. */
  readonly inFlightMax: number
  /** Of one peer: what waits for a place in flight. */
  readonly queuedMax: number
  /** A handler that takes longer is answered for. */
  readonly handlerMs: number
  /** Requests of one peer within the window. */
  readonly perWindowMax: number
  readonly windowMs: number
  /** The bytes of one answer. */
  readonly answerBytesMax: number
  /** Answers that are kept for a request that comes again: for how long, of one peer, of all. */
  readonly answersKeptMs: number
  /** For how long it is remembered, from then on, that a request was answered: no less. */
  readonly answeredKeptMs: number
  readonly answersPerPeerMax: number
  readonly answersBytesMax: number
  /** Answers of one peer that nobody asked for, within a minute; more are charged. */
  readonly unaskedPerMinuteMax: number
}
