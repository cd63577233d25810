/**
 * The messages of the BOTD network, as plain data. Keys, signatures and payloads are views of the bytes
 * they came in, which are this message's alone; a payload that is little of them is a copy.
 * @module
 */

/** SEC1 compressed, and in no other form. */
export const PUBLIC_KEY_BYTES = 33
/** r then s. */
export const SIGNATURE_BYTES = 64
/** Ours are 16 random bytes in hexadecimal; of others any text up to this is taken. */
export const ID_BYTES_MAX = 64
export const TOPIC_BYTES_MAX = 128
export const REASON_TEXT_BYTES_MAX = 256
/** Of one record: 4 MiB. */
export const PLAINTEXT_BYTES_MAX = 4 * 1024 * 1024
/** What stands around the payload of an application is at most 208 bytes. */
export const APP_PAYLOAD_BYTES_MAX = PLAINTEXT_BYTES_MAX - 208

/** Who dials begins: who it is, whom it means, and a key for this connection alone. */
export interface InitMessage {
  readonly type: 'init'
  readonly id: string
  readonly senderKey: Uint8Array
  readonly recipientKey: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly signature: Uint8Array
}

export interface AckMessage {
  readonly type: 'ack'
  readonly id: string
  readonly initId: string
  readonly ephemeralKey: Uint8Array
  readonly signature: Uint8Array
}

/** The first record of each side: who can seal it has the private key of what it signed. */
export interface SessionConfirmMessage {
  readonly type: 'sessionConfirm'
  readonly id: string
  /** Of the Init or Ack that its sender received. */
  readonly handshakeId: string
}

export interface DisconnectingMessage {
  readonly type: 'disconnecting'
  readonly id: string
  /** One of `REASON_CODES`, or what is not known here. */
  readonly reason: number
  readonly text: string
}

export interface PingMessage {
  readonly type: 'ping'
  readonly id: string
}

export interface PongMessage {
  readonly type: 'pong'
  readonly id: string
  readonly pingId: string
}

/** What applications say to each other; the topic is theirs. */
export interface AppMessage {
  readonly type: 'app'
  readonly id: string
  readonly topic: string
  readonly payload: Uint8Array
}

/** What goes unsealed. */
export type HandshakeMessage = InitMessage | AckMessage

/** What stands in an envelope. */
export type SealedMessage =
  SessionConfirmMessage | DisconnectingMessage | PingMessage | PongMessage | AppMessage

export type BotdMessage = HandshakeMessage | SealedMessage
