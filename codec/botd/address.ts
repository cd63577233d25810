/**
 * Where a node of the BOTD network is: `botd://<public key>@host:port`. Who dials has to know the key,
 * so the text has to have it; the address of a connection that came in has none.
 * @module
 */
import { parsePlace, printPlace } from '../place.ts'

export const DEFAULT_PORT = 9945

export interface BotdAddress {
  /** The public key in hexadecimal. Undefined where the other side dialled. */
  readonly identity: string | undefined
  readonly host: string
  readonly port: number
}

/** 33 bytes, compressed. Whether they are on the curve is seen when it is dialled. */
export const isIdentity = (text: string): boolean => /^0[23][0-9a-f]{64}$/.test(text)

const SCHEME = 'botd://'
const CHARACTERS_MAX = 400

/** The address, or a sentence of what is wrong with the text. The scheme may be left out. */
export function parseAddress(
  text: string,
): { readonly address: BotdAddress } | { readonly wrong: string } {
  if (text.length > CHARACTERS_MAX) return { wrong: 'the address is too long' }
  const rest = text.startsWith(SCHEME) ? text.slice(SCHEME.length) : text
  const at = rest.indexOf('@')
  const identity = rest.slice(0, Math.max(at, 0))
  if (!isIdentity(identity)) {
    return { wrong: 'before the @ belongs a public key: 66 lower-case hexadecimal digits' }
  }
  const place = parsePlace(rest.slice(at + 1), DEFAULT_PORT)
  return 'wrong' in place ? place : { address: { identity, ...place } }
}

/** Always with the port. What has no key cannot be dialled, and is not printed as if it could. */
export const printAddress = ({ identity, ...place }: BotdAddress): string =>
  identity === undefined ? printPlace(place) : `${SCHEME}${identity}@${printPlace(place)}`
