/**
 * Who may ask the inspector's server: whoever has the token, calls it by a name of this machine, and if
 * it is a browser's page, one that came from here. The name keeps out pages whose own host name was
 * pointed at this machine (DNS rebinding). Clients that must show their token in an address, where logs
 * and lists of processes see it, have one that is good for nothing else.
 * @module
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { encodeHex, encodeUtf8 } from '../codec/bytes.ts'

const TOKEN_BYTES = 32
/** Of HTTP. */
const USUAL_PORT = 80
const HOST_NAMES = ['127.0.0.1', 'localhost'] as const

/** The subprotocol of pages; a second one, `token.<hex>`, carries the token. */
export const SUBPROTOCOL = 'peerloom'
const TOKEN_PREFIX = 'token.'
const BEARER = 'Bearer '

export interface Access {
  readonly token: string
  /** Of clients of `@statelyai/inspect`. */
  readonly statelyToken: string
  /** Why it is refused whatever it asks; undefined: it is not. */
  wrongWith(headers: IncomingHttpHeaders): string | undefined
  hasBearer(headers: IncomingHttpHeaders): boolean
  /** Of a WebSocket of ours. */
  hasSubprotocol(headers: IncomingHttpHeaders): boolean
  isStatelyToken(given: string | null): boolean
}

export interface AccessOptions {
  readonly port: number
  /** Origins of pages from elsewhere that may read: `http://localhost:5173`. */
  readonly origins: readonly string[]
}

const makeToken = (): string => encodeHex(randomBytes(TOKEN_BYTES))

function isSame(given: string, token: string): boolean {
  const [one, other] = [encodeUtf8(given), encodeUtf8(token)]
  return one.length === other.length && timingSafeEqual(one, other)
}

export function createAccess({ origins, port }: AccessOptions): Access {
  const token = makeToken()
  const statelyToken = makeToken()
  const named = HOST_NAMES.map((name) => `${name}:${String(port)}`)
  // Browsers leave out the port that is usual.
  const hosts = new Set<string>(port === USUAL_PORT ? [...named, ...HOST_NAMES] : named)
  const known = new Set([...[...hosts].map((host) => `http://${host}`), ...origins])

  return {
    token,
    statelyToken,
    wrongWith({ host, origin }) {
      if (host === undefined || !hosts.has(host.toLowerCase())) {
        return 'this is not the name of this machine'
      }
      if (origin !== undefined && !known.has(origin)) return 'this page came from elsewhere'
      return undefined
    },
    hasBearer({ authorization = '' }) {
      return authorization.startsWith(BEARER) && isSame(authorization.slice(BEARER.length), token)
    },
    hasSubprotocol(headers) {
      const given = headers['sec-websocket-protocol'] ?? ''
      const names = given.split(',').map((name) => name.trim())
      const secret = names.find((name) => name.startsWith(TOKEN_PREFIX)) ?? ''
      return names.includes(SUBPROTOCOL) && isSame(secret.slice(TOKEN_PREFIX.length), token)
    },
    isStatelyToken: (given) => isSame(given ?? '', statelyToken),
  }
}
