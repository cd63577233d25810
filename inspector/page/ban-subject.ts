/**
 * Whom a ban of a connection's peer keeps out.
 * @module
 */
import type { ConnectionRow } from '../messages.ts'

/** `127.0.0.1:60362`, `[::1]:60362` */
const OF_IP_ADDRESS = /^(?:\[(?<inBrackets>[^[\]]+)\]|(?<plain>[\d.]+)):\d+$/

/**
 * Its identity where it has proven one; else its IP address, without a port that is another one the next
 * time; else where we dialled it, which is an address in the network's form. Undefined: there is none of
 * these.
 */
export function banSubjectOf({
  address,
  direction,
  identity,
}: Pick<ConnectionRow, 'address' | 'direction' | 'identity'>): string | undefined {
  const { inBrackets, plain } = OF_IP_ADDRESS.exec(address)?.groups ?? {}
  return identity ?? inBrackets ?? plain ?? (direction === 'out' ? address : undefined)
}
