/**
 * Directs, responses and the Errors that answer directs (native protocol, section 12), as
 * the requests that the application knows.
 * @module
 */
import type { ChildSpec } from '../../actors/child.ts'
import { requestsActor } from '../../actors/requests.ts'
import type { RequestsKept } from '../../actors/requests.ts'
import type { RequestsAdapter } from '../../actors/requests-contract.ts'
import { encodeUtf8 } from '../../codec/bytes.ts'
import { parseAddress } from '../../codec/native/address.ts'
import { ERROR_CODES, errorNameOf } from '../../codec/native/error-codes.ts'
import { isNodeId } from '../../codec/native/identity.ts'
import {
  METADATA_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  PROTOCOL_BYTES_MAX,
  REQUEST_ID_BYTES,
} from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { requestErrorOf } from './errors.ts'
import type { NativeLimits } from './limits.ts'
import { createRates } from './rates.ts'

const ADAPTER: RequestsAdapter<NativeTypes> = {
  feed(tools, { answered, asked, oversized }) {
    tools.feed('direct', ({ message, peer }) => {
      asked(peer, message.requestId, message)
    })
    tools.feed('oversizedDirect', ({ message, peer }) => {
      oversized(peer, message.requestId)
    })
    tools.feed('response', ({ message, peer }) => {
      answered(peer, message.requestId, message)
    })
    tools.feed('error', ({ message: { code, requestId, retryAfterMs }, peer }) => {
      // Without a request's id it is about the connection, and the session's.
      if (requestId === undefined) return
      const refused = `Error ${String(code)}, ${errorNameOf(code) ?? 'a code that is not known here'}`
      const isForLater = code === ERROR_CODES['rate-limited']
      answered(peer, requestId, { refused, retryAfterMs: isForLater ? retryAfterMs : undefined })
    })
  },
  asRequest: (requestId, { metadata, payload, protocol }) => ({
    ...{ type: 'direct', requestId, protocol, payload, metadata },
  }),
  asAnswer: (requestId, answer) =>
    'payload' in answer
      ? { type: 'response', requestId, payload: answer.payload }
      : requestErrorOf(answer.refusal, requestId, { retryAfterMs: answer.retryAfterMs }),
  wrongWith({ metadata, payload, protocol }) {
    // Who calls from JavaScript was told by no compiler.
    if (typeof (protocol as unknown) !== 'string') return 'the protocol is no text'
    for (const bytes of [payload, metadata ?? payload] as readonly unknown[]) {
      if (!(bytes instanceof Uint8Array)) return 'payload and metadata are no Uint8Array'
    }
    const fields = [
      ['protocol’s name', encodeUtf8(protocol).length, PROTOCOL_BYTES_MAX],
      ['payload', payload.length, PAYLOAD_BYTES_MAX],
      ['metadata', metadata?.length ?? 0, METADATA_BYTES_MAX],
    ] as const
    for (const [field, bytes, max] of fields) {
      if (bytes > max)
        return `the ${field} has ${String(bytes)} bytes; ${String(max)} are the limit`
    }
    return undefined
  },
  identityOf(peer) {
    if (isNodeId(peer)) return peer
    const parsed = parseAddress(peer)
    return 'wrong' in parsed ? undefined : parsed.address.id
  },
  rates: createRates,
  idBytes: REQUEST_ID_BYTES,
  unaskedDetail: 'unasked-answers',
}

export const requestsChild = ({
  limits,
}: {
  readonly limits: NativeLimits
}): ChildSpec<NativeTypes, RequestsKept> =>
  requestsActor({
    adapter: ADAPTER,
    limits: {
      inFlightMax: limits.directsInFlightMax,
      queuedMax: limits.directsQueuedMax,
      handlerMs: limits.handlerMs,
      perWindowMax: limits.directsPerWindowMax,
      windowMs: limits.directsWindowMs,
      answerBytesMax: PAYLOAD_BYTES_MAX,
      answersKeptMs: limits.answersKeptMs,
      answeredKeptMs: limits.answeredKeptMs,
      answersPerPeerMax: limits.answersPerPeerMax,
      answersBytesMax: limits.answersBytesMax,
      unaskedPerMinuteMax: limits.unaskedAnswersPerMinuteMax,
    },
  })
