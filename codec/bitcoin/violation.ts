/**
 * A message that was read and holds more than its command may. It is a message of its own and no error,
 * because what it costs depends on what the wire does not know: before `verack` Core ignores the very list
 * for which it shuns a peer afterwards, and a connection without addresses may be told any number of them.
 * @module
 */
import type { BitcoinViolation } from './wire-details.ts'

export type ViolatingCommand =
  | 'addr'
  | 'addrv2'
  | 'inv'
  | 'getdata'
  | 'headers'
  | 'getheaders'
  | 'getblocks'
  | 'blocktxn'
  | 'filterload'
  | 'filteradd'
  | 'feature'
  | 'tx'

/** It is read alone: nothing can be written of it. */
export interface ViolationMessage {
  readonly type: 'violation'
  readonly command: ViolatingCommand
  readonly detail: BitcoinViolation
}

export const violation = (
  command: ViolatingCommand,
  detail: BitcoinViolation,
): ViolationMessage => ({ type: 'violation', command, detail })
