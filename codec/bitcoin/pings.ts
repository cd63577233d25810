/**
 * ping and pong: a number there and back.
 * @module
 */
import { readU64le, unreadBytes } from '../reader.ts'
import { writeU64le } from '../writer.ts'
import type { PayloadCodec } from './fields.ts'

const NONCE_BYTES = 8

/** Not zero in ours: a pong with zero withdraws the ping. */
export interface PingMessage {
  readonly type: 'ping'
  readonly nonce: bigint
}

export interface PongMessage {
  readonly type: 'pong'
  /** Of the ping that it answers. Undefined where fewer than 8 bytes came: that withdraws it, too. */
  readonly nonce: bigint | undefined
}

export interface PingMessages {
  readonly ping: PingMessage
  readonly pong: PongMessage
}

export const PING_CODECS: {
  readonly [Type in keyof PingMessages]: PayloadCodec<PingMessages[Type]>
} = {
  ping: {
    read: (reader) => ({ type: 'ping', nonce: readU64le(reader) }),
    write: (writer, { nonce }) => writeU64le(writer, nonce),
    payloadBytesMax: NONCE_BYTES,
  },
  pong: {
    read: (reader) => ({
      type: 'pong',
      nonce: unreadBytes(reader) < NONCE_BYTES ? undefined : readU64le(reader),
    }),
    write(writer, { nonce }) {
      if (nonce !== undefined) writeU64le(writer, nonce)
    },
    payloadBytesMax: NONCE_BYTES,
  },
}
