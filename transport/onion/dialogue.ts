/**
 * What is said to Tor's control port until an onion service stands: who we are, where Tor's proxy
 * listens, and the service. Replies in, commands out, without a socket or a clock.
 *
 * The cookie proves that we may read Tor's files. It is never sent: each side shows that it knows it, Tor
 * first, so that who only listens on the port learns nothing.
 * @module
 */
import { createHmac } from 'node:crypto'
import { concatBytes, constantTimeEqual, decodeHex, encodeHex } from '../../codec/bytes.ts'
import { canonicalHost } from '../../codec/host.ts'
import { parsePlace, printPlace } from '../../codec/place.ts'
import type { Random } from '../../world/random.ts'
import type { SocketAddress } from '../../world/streams.ts'
import type { ControlReply } from './replies.ts'
import { parseQuotedList, parseValues, quote, utf8OfBytes } from './values.ts'

/** Why an onion service is not there. */
export type OnionFault =
  /** The file of the cookie cannot be read, or holds none. */
  | 'bad-cookie'
  /** What came is no reply, is too long, or is not what was asked for. */
  | 'bad-reply'
  /** The control connection is gone. */
  | 'lost'
  /** Tor wants to be shown something that we have not. */
  | 'no-authentication'
  /** Tor does not let us in with what we showed. */
  | 'refused-authentication'
  /** Tor does not set up the service. */
  | 'refused-service'
  | 'timed-out'
  /** Nobody listens on the control port. */
  | 'unreachable'
  /** Who listens there does not know the cookie: it is not the Tor that wrote it. */
  | 'wrong-server'

export interface DialogueOptions {
  readonly password: string | undefined
  /** As Tor gave it out; undefined: a new one is made. */
  readonly key: string | undefined
  readonly virtualPort: number
  /** Where Tor hands on what comes in. */
  readonly target: SocketAddress
  readonly asksForProxy: boolean
  readonly random: Random
}

export interface PublishedService {
  /** The name ends in `.onion`. */
  readonly address: SocketAddress
  readonly key: string
  /** Where Tor's proxy listens, where it was asked. */
  readonly proxy: SocketAddress | undefined
}

export type DialogueStep =
  | { readonly kind: 'say'; readonly command: string }
  | { readonly kind: 'read-cookie'; readonly path: string }
  | { readonly kind: 'published'; readonly service: PublishedService }
  | { readonly kind: 'failed'; readonly fault: OnionFault }

export interface OnionDialogue {
  readonly first: string
  take(reply: ControlReply): DialogueStep
  /** The answer to `read-cookie`. */
  takeCookie(cookie: Uint8Array | undefined): DialogueStep
}

const OK = 250
/** Of commands with an argument that this Tor does not know. */
const SYNTAX_ERROR = 512
const COOKIE_BYTES = 32
const NONCE_BYTES = 32
const HASH_BYTES = 32
const SERVER_TO_CONTROLLER = 'Tor safe cookie authentication server-to-controller hash'
const CONTROLLER_TO_SERVER = 'Tor safe cookie authentication controller-to-server hash'
/** Where Tor's proxy is, unless it is told otherwise. */
export const USUAL_PROXY: SocketAddress = { host: '127.0.0.1', port: 9050 }
const SERVICE_ID = /^[a-z2-7]{56}$/
export const ONION_KEY = /^ED25519-V3:[A-Za-z0-9+/]+={0,2}$/

const hmac = (key: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHmac('sha256', key)
      .update(concatBytes(...parts))
      .digest(),
  )

const failed = (fault: OnionFault): DialogueStep => ({ kind: 'failed', fault })
const say = (command: string): DialogueStep => ({ kind: 'say', command })

/** The first value of that key in any of the lines. */
function valueIn(lines: readonly string[], key: string): string | undefined {
  for (const line of lines) {
    const value = parseValues(line)?.get(key)
    if (value !== undefined) return value
  }
  return undefined
}

/** One of this machine's IPv4 first: whatever else Tor listens on, that one is for programs like us. */
function proxyOf(lines: readonly string[]): SocketAddress {
  const listed = lines
    .filter((line) => line.startsWith('net/listeners/socks='))
    .flatMap(parseQuotedList)
    .flatMap((text) => {
      const place = parsePlace(text, 0)
      const isUsable = !('wrong' in place) && place.port > 0
      return isUsable && canonicalHost(place.host) !== undefined ? [place] : []
    })
  return listed.find(({ host }) => host === '127.0.0.1') ?? listed[0] ?? USUAL_PROXY
}

export function createOnionDialogue(options: DialogueOptions): OnionDialogue {
  const { asksForProxy, key, password, random, target, virtualPort } = options
  let awaited: 'information' | 'challenge' | 'authentication' | 'proxy' | 'service' | 'nothing' =
    'information'
  let cookie: Uint8Array = new Uint8Array(0)
  let nonce: Uint8Array = new Uint8Array(0)
  let proxy: SocketAddress | undefined
  let hasDefences = true

  const authenticate = (proof: string): DialogueStep => {
    awaited = 'authentication'
    return say(proof === '' ? 'AUTHENTICATE' : `AUTHENTICATE ${proof}`)
  }

  const choose = ({ code, lines }: ControlReply): DialogueStep => {
    const line = lines.find((text) => text.startsWith('AUTH '))
    const values = line === undefined ? undefined : parseValues(line.slice('AUTH '.length))
    if (code !== OK || values === undefined) return failed('bad-reply')
    const methods = (values.get('METHODS') ?? '').split(',')
    if (password !== undefined && methods.includes('HASHEDPASSWORD')) {
      return authenticate(quote(password))
    }
    if (methods.includes('NULL')) return authenticate('')
    if (!methods.includes('SAFECOOKIE')) return failed('no-authentication')
    const path = utf8OfBytes(values.get('COOKIEFILE') ?? '')
    if (path === undefined || path === '') return failed('bad-reply')
    awaited = 'nothing'
    return { kind: 'read-cookie', path }
  }

  const prove = ({ code, lines }: ControlReply): DialogueStep => {
    const text = lines.find((line) => line.startsWith('AUTHCHALLENGE '))
    if (code !== OK || text === undefined) return failed('refused-authentication')
    const values = parseValues(text.slice('AUTHCHALLENGE '.length))
    const read = (name: string): Uint8Array | undefined =>
      decodeHex((values?.get(name) ?? '').toLowerCase())
    const [hash, serverNonce] = [read('SERVERHASH'), read('SERVERNONCE')]
    if (hash?.length !== HASH_BYTES || serverNonce?.length !== NONCE_BYTES) {
      return failed('bad-reply')
    }
    const known = [cookie, nonce, serverNonce]
    const isTor = constantTimeEqual(hash, hmac(SERVER_TO_CONTROLLER, ...known))
    if (!isTor) return failed('wrong-server')
    return authenticate(encodeHex(hmac(CONTROLLER_TO_SERVER, ...known)))
  }

  const askForService = (): DialogueStep => {
    awaited = 'service'
    const defences = hasDefences ? 'PoWDefensesEnabled=1 ' : ''
    const made = key ?? 'NEW:ED25519-V3'
    return say(`ADD_ONION ${made} ${defences}Port=${virtualPort},${printPlace(target)}`)
  }

  const publish = ({ code, lines }: ControlReply): DialogueStep => {
    if (code === SYNTAX_ERROR && hasDefences) {
      hasDefences = false
      return askForService()
    }
    if (code !== OK) return failed('refused-service')
    awaited = 'nothing'
    const id = valueIn(lines, 'ServiceID') ?? ''
    const serviceKey = key ?? valueIn(lines, 'PrivateKey') ?? ''
    if (!SERVICE_ID.test(id) || !ONION_KEY.test(serviceKey)) return failed('bad-reply')
    const address = { host: `${id}.onion`, port: virtualPort }
    return { kind: 'published', service: { address, key: serviceKey, proxy } }
  }

  return {
    first: 'PROTOCOLINFO 1',
    take(reply) {
      switch (awaited) {
        case 'information':
          return choose(reply)
        case 'challenge':
          return prove(reply)
        case 'authentication':
          if (reply.code !== OK) return failed('refused-authentication')
          if (!asksForProxy) return askForService()
          awaited = 'proxy'
          return say('GETINFO net/listeners/socks')
        case 'proxy':
          // An old Tor does not know the question.
          proxy = reply.code === OK ? proxyOf(reply.lines) : USUAL_PROXY
          return askForService()
        case 'service':
          return publish(reply)
        case 'nothing':
          return failed('bad-reply')
      }
    },
    takeCookie(read) {
      if (read?.length !== COOKIE_BYTES) return failed('bad-cookie')
      cookie = read
      nonce = random.bytes(NONCE_BYTES)
      awaited = 'challenge'
      return say(`AUTHCHALLENGE SAFECOOKIE ${encodeHex(nonce)}`)
    },
  }
}
