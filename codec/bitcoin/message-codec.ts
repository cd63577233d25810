/**
 * Payloads to messages and back: the table of all commands. Frames and packets are not looked at here.
 *
 * A payload that cannot be read is passed over and the connection goes on; bytes behind a payload that was
 * read are nothing; a command that is not in the table is handed on as it came. So has Core, and so peers
 * of other ages get along.
 * @module
 */
import { writeBytes } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { ADDRESS_CODECS } from './addresses.ts'
import { BLOCK_FILTER_CODECS } from './block-filters.ts'
import { BLOCK_CODECS } from './blocks.ts'
import { BLOOM_FILTER_CODECS } from './bloom-filters.ts'
import { COMPACT_BLOCK_CODECS } from './compact-blocks.ts'
import { createPayloadReader } from './fields.ts'
import type { PayloadCodec } from './fields.ts'
import { HEADER_CODECS } from './headers.ts'
import { INVENTORY_CODECS } from './inventory.ts'
import type { BitcoinCommand, BitcoinMessage, BitcoinMessages } from './messages.ts'
import { NEGOTIATION_CODECS } from './negotiation.ts'
import { PING_CODECS } from './pings.ts'
import { POOL_CODECS } from './pools.ts'

/** Complete by its type. */
export const MESSAGE_CODECS: {
  readonly [Type in BitcoinCommand]: PayloadCodec<BitcoinMessages[Type]>
} = {
  ...NEGOTIATION_CODECS,
  ...PING_CODECS,
  ...ADDRESS_CODECS,
  ...INVENTORY_CODECS,
  ...HEADER_CODECS,
  ...BLOCK_CODECS,
  ...POOL_CODECS,
  ...COMPACT_BLOCK_CODECS,
  ...BLOOM_FILTER_CODECS,
  ...BLOCK_FILTER_CODECS,
}

export const isBitcoinCommand = (command: string): command is BitcoinCommand =>
  Object.hasOwn(MESSAGE_CODECS, command)

/**
 * Views of the payload.
 * @throws {WireError} `skip`: not what the command holds
 */
export function readMessage(command: string, payload: Uint8Array): BitcoinMessage {
  if (!isBitcoinCommand(command)) return { type: 'unknown', command, payload }
  return MESSAGE_CODECS[command].read(createPayloadReader(payload))
}

/** What stands in the header of its frame. @throws {RangeError} a violation has no command of its own */
export function commandOf(message: BitcoinMessage): string {
  if (message.type === 'violation') return failWriting()
  return message.type === 'unknown' ? message.command : message.type
}

/** The payload. @throws {RangeError} what there is no form for: the message is ours */
export function writeMessage(writer: Writer, message: BitcoinMessage): void {
  if (message.type === 'violation') failWriting()
  else if (message.type === 'unknown') writeBytes(writer, message.payload)
  else writeKnown(writer, message.type, message)
}

function failWriting(): never {
  throw new RangeError('a violation is no message of ours')
}

const writeKnown = <Type extends BitcoinCommand>(
  writer: Writer,
  type: Type,
  message: BitcoinMessages[Type],
): void => MESSAGE_CODECS[type].write(writer, message)
