/**
 * What is said to a SOCKS5 proxy before it carries a stream, and what it may answer (RFC 1928 and
 * 1929): bytes in, bytes out, without a socket or a clock. Every byte of the proxy is checked, and it
 * may answer what it was asked and nothing ahead of it.
 *
 * A destination goes out as a domain name, an IP literal too: the proxy finds the way, and nobody
 * here asks a resolver.
 * @module
 */
import { concatBytes, encodeAscii, encodeUtf8 } from '../../codec/bytes.ts'
import type { SocketAddress, TransportFault } from '../../world/streams.ts'

export interface Socks5Credentials {
  /** 1 to 255 bytes of UTF-8, as the password. */
  readonly user: string
  readonly password: string
}

export type ExchangeStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'say'; readonly bytes: Uint8Array }
  /** The stream stands; `rest` is what the far side said behind the proxy's last answer. */
  | { readonly kind: 'opened'; readonly rest: Uint8Array }
  | { readonly kind: 'failed'; readonly fault: TransportFault }

export interface Socks5Exchange {
  readonly greeting: Uint8Array
  push(bytes: Uint8Array): ExchangeStep
  /** Whether the proxy knows by now whom we want: what takes long from then on is the way to it. */
  readonly isAsked: boolean
}

const VERSION = 5
const NO_AUTHENTICATION = 0
const USER_AND_PASSWORD = 2
const CONNECT = 1
const DOMAIN_NAME = 3
/** The version of the exchange of RFC 1929, and its success. */
const AUTHENTICATION = [1, 0] as const
/** One byte says how long a name, a user or a password is. */
const TEXT_BYTES_MAX = 255
const PORT_BYTES = 2

/** What the proxy says of the target: RFC 1928 section 6, and Tor's own codes from f0 on. */
const FAULT_OF_REPLY: ReadonlyMap<number, TransportFault> = new Map([
  [0x01, 'failed'],
  [0x02, 'no-access'],
  [0x03, 'unreachable'],
  [0x04, 'unreachable'],
  [0x05, 'refused'],
  [0x06, 'timed-out'],
  // It connects to nothing, or takes no names: no target is any better.
  [0x07, 'proxy-failed'],
  [0x08, 'proxy-failed'],
  // The onion service's descriptor: not found, not valid; introduction and rendezvous failed.
  [0xf0, 'unreachable'],
  [0xf1, 'unreachable'],
  [0xf2, 'unreachable'],
  [0xf3, 'unreachable'],
  // It wants a key of its visitors: none was given, or not the right one.
  [0xf4, 'no-access'],
  [0xf5, 'no-access'],
  [0xf6, 'bad-address'],
  [0xf7, 'timed-out'],
])

const textBytes = (text: string): Uint8Array => {
  const bytes = encodeUtf8(text)
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

/** A sentence, without them; undefined where they can be said. */
export function wrongWithCredentials(credentials: Socks5Credentials): string | undefined {
  const canBeSaid = [credentials.user, credentials.password].every((text) => {
    const { length } = encodeUtf8(text)
    return length >= 1 && length <= TEXT_BYTES_MAX
  })
  return canBeSaid ? undefined : `user and password have 1 to ${TEXT_BYTES_MAX} bytes each`
}

const MORE: ExchangeStep = { kind: 'more' }
const failed = (fault: TransportFault): ExchangeStep => ({ kind: 'failed', fault })

/** @param target its host has at most 255 characters, all of them ASCII */
export function createExchange(
  target: SocketAddress,
  credentials: Socks5Credentials | undefined,
): Socks5Exchange {
  /** Less than an answer, which is at most 262 bytes, and what came with the last of it. */
  let held: Uint8Array = new Uint8Array(0)
  let awaited: 'method' | 'authentication' | 'reply' = 'method'

  const request = (): ExchangeStep => {
    awaited = 'reply'
    const name = encodeAscii(target.host)
    const bytes = concatBytes(
      Uint8Array.of(VERSION, CONNECT, 0, DOMAIN_NAME, name.length),
      name,
      Uint8Array.of(target.port >> 8, target.port & 0xff),
    )
    return { kind: 'say', bytes }
  }

  /** Two bytes, and not one more: what comes behind them was said before we asked. */
  const takePair = (first: number, accept: (second: number) => ExchangeStep): ExchangeStep => {
    if (held.length > 2 || (held.length > 0 && held[0] !== first)) return failed('proxy-failed')
    const second = held[1]
    if (second === undefined) return MORE
    held = new Uint8Array(0)
    return accept(second)
  }

  const method = (chosen: number): ExchangeStep => {
    if (chosen === NO_AUTHENTICATION) return request()
    if (chosen !== USER_AND_PASSWORD || credentials === undefined) return failed('proxy-failed')
    awaited = 'authentication'
    const { password, user } = credentials
    const bytes = concatBytes(
      Uint8Array.of(AUTHENTICATION[0]),
      textBytes(user),
      textBytes(password),
    )
    return { kind: 'say', bytes }
  }

  /** How many bytes the address takes that the proxy is bound to, behind its kind; undefined: not known yet. */
  const boundBytes = (kind: number): number | 'unknown' | undefined => {
    if (kind === 1) return 4
    if (kind === 4) return 16
    if (kind !== DOMAIN_NAME) return 'unknown'
    const length = held[4]
    return length === undefined ? undefined : 1 + length
  }

  const reply = (): ExchangeStep => {
    const [version, code, reserved, kind] = held
    if (version !== undefined && version !== VERSION) return failed('proxy-failed')
    // Who says no may leave at once, without the rest.
    if (code !== undefined && code !== 0) return failed(FAULT_OF_REPLY.get(code) ?? 'failed')
    if (reserved !== undefined && reserved !== 0) return failed('proxy-failed')
    if (kind === undefined) return MORE
    const bound = boundBytes(kind)
    if (bound === 'unknown') return failed('proxy-failed')
    if (bound === undefined) return MORE
    const end = 4 + bound + PORT_BYTES
    return held.length < end ? MORE : { kind: 'opened', rest: held.slice(end) }
  }

  return {
    greeting:
      credentials === undefined
        ? Uint8Array.of(VERSION, 1, NO_AUTHENTICATION)
        : Uint8Array.of(VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD),
    push(bytes) {
      held = concatBytes(held, bytes)
      switch (awaited) {
        case 'method':
          return takePair(VERSION, method)
        case 'authentication':
          return takePair(AUTHENTICATION[0], (status) =>
            status === AUTHENTICATION[1] ? request() : failed('proxy-failed'),
          )
        case 'reply':
          return reply()
      }
    },
    get isAsked() {
      return awaited === 'reply'
    },
  }
}
