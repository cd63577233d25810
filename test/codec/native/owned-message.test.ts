import { expect, test } from 'vitest'
import { decodePlaintext } from '../../../codec/native/message-codec.ts'
import type { NativeMessage } from '../../../codec/native/messages.ts'
import { ownedMessage } from '../../../codec/native/owned-message.ts'
import { encode, unseal } from './encoding.ts'
import { SAMPLES } from './samples.ts'

const read = (bytes: Uint8Array, type: string): NativeMessage => {
  if (type === 'handshake') return decodePlaintext(bytes)
  return unseal(bytes).message
}

test.each(Object.entries<NativeMessage>(SAMPLES))(
  'an owned %s is the same, also when the record’s bytes are others',
  (type, message) => {
    const bytes = encode(message)
    const owned = ownedMessage(read(bytes, type))
    expect(owned).toEqual(message)
    bytes.fill(0xee)
    expect(owned).toEqual(message)
  },
)

test('what is absent stays absent', () => {
  const direct = { ...SAMPLES.direct, metadata: undefined }
  expect(ownedMessage(direct)).toEqual(direct)
  const error = { ...SAMPLES.error, requestId: undefined }
  expect(ownedMessage(error)).toEqual(error)
})
