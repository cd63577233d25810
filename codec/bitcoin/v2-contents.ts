/**
 * What stands in a packet of the v2 transport (BIP 324): the command, as a number of one byte or in
 * twelve behind a zero, and the payload. Both ways to write a command are taken; ours is the shorter one.
 * The packet around it is not this file's.
 * @module
 */
import { WireError } from '../wire-error.ts'
import { writeBytes, writeU8 } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { COMMAND_BYTES, commandOfShortId, decodeCommand, encodeCommand } from './commands.ts'
import { shortIdOfCommand, V2_CHARACTER_MAX } from './commands.ts'
import { PAYLOAD_BYTES_MAX } from './fields.ts'
import type { BitcoinWireDetail } from './wire-details.ts'

/** The longest: a name written out, and behind it the longest payload. */
export const V2_CONTENTS_BYTES_MAX = 1 + COMMAND_BYTES + PAYLOAD_BYTES_MAX

const WRITTEN_OUT = 0

export interface V2Contents {
  readonly command: string
  /** A view. */
  readonly payload: Uint8Array
}

/** @throws {WireError} `skip`: the packet is authentic and says nothing; the next one may */
export function decodeV2Contents(contents: Uint8Array): V2Contents {
  const [shortId] = contents
  if (shortId === undefined) return fail('no-command')
  if (shortId !== WRITTEN_OUT) {
    const command = commandOfShortId(shortId)
    return command === undefined ? fail('no-command') : { command, payload: contents.subarray(1) }
  }
  if (contents.length < 1 + COMMAND_BYTES) return fail('bad-command')
  const command = decodeCommand(contents.subarray(1, 1 + COMMAND_BYTES), V2_CHARACTER_MAX)
  if (command === undefined) return fail('bad-command')
  return { command, payload: contents.subarray(1 + COMMAND_BYTES) }
}

function fail(detail: BitcoinWireDetail): never {
  throw new WireError('skip', detail)
}

/** How many bytes `writeV2Command` writes. */
export const v2CommandBytes = (command: string): number =>
  shortIdOfCommand(command) === undefined ? 1 + COMMAND_BYTES : 1

/** What stands before the payload. @throws {RangeError} a name that has no form */
export function writeV2Command(writer: Writer, command: string): void {
  const shortId = shortIdOfCommand(command)
  writeU8(writer, shortId ?? WRITTEN_OUT)
  if (shortId === undefined) writeBytes(writer, encodeCommand(command))
}
