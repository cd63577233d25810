/**
 * From the platform's error codes to ours. Texts of the system stop here.
 * @module
 */
import type { TransportFault } from '../world/streams.ts'

const FAULT_OF_CODE: ReadonlyMap<string, TransportFault> = new Map([
  ['EADDRINUSE', 'address-in-use'],
  ['EADDRNOTAVAIL', 'bad-address'],
  ['EAFNOSUPPORT', 'bad-address'],
  ['EINVAL', 'bad-address'],
  ['EACCES', 'no-access'],
  ['EPERM', 'no-access'],
  ['ECONNREFUSED', 'refused'],
  ['ECONNABORTED', 'reset'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ETIMEDOUT', 'timed-out'],
  ['EMFILE', 'too-many-open'],
  ['ENFILE', 'too-many-open'],
  ['ENOBUFS', 'too-many-open'],
  ['ENOMEM', 'too-many-open'],
  ['EHOSTDOWN', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  // getaddrinfo and c-ares
  ['EAI_AGAIN', 'timed-out'],
  ['EAI_FAIL', 'failed'],
  ['EAI_NODATA', 'not-found'],
  ['EAI_NONAME', 'not-found'],
  ['ENODATA', 'not-found'],
  ['ENOTFOUND', 'not-found'],
  ['ETIMEOUT', 'timed-out'],
])

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

export function faultOf(error: unknown): TransportFault {
  return FAULT_OF_CODE.get(codeOf(error) ?? '') ?? 'failed'
}

/**
 * As `faultOf`, for a dial: where no address of this machine can reach the target, the system says
 * of the address what is true of the way to it.
 */
export function dialFaultOf(error: unknown): TransportFault {
  const fault = faultOf(error)
  return fault === 'bad-address' ? 'unreachable' : fault
}
