/**
 * Where a node is: `node://<id>@host:port` (native protocol, section 1). Who dials has to
 * know the id, so the text has to have one; the address of a connection that came in has none.
 * @module
 */
import { parsePlace, printPlace } from '../place.ts'
import { isNodeId } from './identity.ts'

/** Ours: the source of the protocol names none. */
export const DEFAULT_PORT = 9946

export interface NativeAddress {
  /** Undefined where the other side dialled: it is known once it has proven itself. */
  readonly id: string | undefined
  readonly host: string
  readonly port: number
}

const SCHEME = 'node://'
/** A host of 253 characters, the id, scheme, brackets and port are well under this. */
const CHARACTERS_MAX = 400

/** The address, or a sentence of what is wrong with the text. */
export function parseAddress(
  text: string,
): { readonly address: NativeAddress } | { readonly wrong: string } {
  if (text.length > CHARACTERS_MAX) return { wrong: 'the address is too long' }
  if (!text.startsWith(SCHEME)) return { wrong: 'the address does not start with node://' }
  const at = text.indexOf('@')
  const id = text.slice(SCHEME.length, Math.max(at, SCHEME.length))
  if (at < 0 || !isNodeId(id)) {
    return { wrong: 'before the @ belongs a node id: 64 lower-case hexadecimal digits' }
  }
  const place = parsePlace(text.slice(at + 1), DEFAULT_PORT)
  return 'wrong' in place ? place : { address: { id, ...place } }
}

/** Always with the port. What has no id cannot be dialled, and is not printed as if it could. */
export const printAddress = (address: NativeAddress): string =>
  address.id === undefined ? printPlace(address) : `${SCHEME}${address.id}@${printPlace(address)}`
