import { describe, expect, test } from 'vitest'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { decodeEnvelope, encodeEnvelope } from '../../../codec/botd/envelope-codec.ts'
import type { AppMessage } from '../../../codec/botd/messages.ts'
import { concatBytes } from '../../../codec/bytes.ts'

const PAD_BYTES = 100_000

const messageOf = (payload: Uint8Array): AppMessage => ({
  ...{ type: 'app', id: 'a', topic: 't', payload },
})
const padding = (field: number): Uint8Array =>
  new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(new Uint8Array(PAD_BYTES)).finish()
const payloadOf = (plaintext: Uint8Array): Uint8Array => {
  const message = decodeEnvelope(plaintext)
  if (message.type !== 'app') throw new Error(`${message.type} in place of the application's`)
  return message.payload
}

describe('a payload keeps alive no more than itself', () => {
  const body = (...fields: readonly Uint8Array[]): Uint8Array =>
    new BinaryWriter()
      .tag(16, WireType.LengthDelimited)
      .bytes(concatBytes(...fields))
      .finish()
  const id = new BinaryWriter().tag(1, WireType.LengthDelimited).string('a').finish()
  const payload = new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(Uint8Array.of(7))

  const short = payload.finish()
  test.each([
    ['in the envelope', concatBytes(padding(15), encodeEnvelope(messageOf(Uint8Array.of(7))))],
    ['in its body', body(id, padding(15), short)],
    ['under its own number, before it', body(id, padding(3), short)],
  ])('where there is much beside it %s', (_, plaintext) => {
    const bytes = payloadOf(plaintext)
    expect(bytes).toEqual(Uint8Array.of(7))
    expect(bytes.buffer.byteLength).toBe(1)
  })

  test('also where it is empty', () => {
    const bytes = payloadOf(body(id, padding(15), Uint8Array.of(0x1a, 0)))
    expect([bytes.length, bytes.buffer.byteLength]).toEqual([0, 0])
  })
})

test('a payload that is all there is, is not copied', () => {
  const plaintext = encodeEnvelope(messageOf(new Uint8Array(PAD_BYTES)))
  expect(payloadOf(plaintext).buffer).toBe(plaintext.buffer)
})
