/**
 * The worked example of the native network: Alice dials Bob. Keys and nonces are hashes of labels, so
 * that anybody can make them again.
 *
 * Ids, the shared x, the initiator's digest and signature, and the broadcast's are those of the
 * specification's section 10. The item is ours. The rest depends on the encoding of payloads and was computed anew; the tests compute
 * it a second time, with other code.
 * @module
 */
import { encodeAscii } from '../../../codec/bytes.ts'
import { signedBytes } from '../../../codec/native/handshake-bytes.ts'
import { identityOf } from '../../../codec/native/identity.ts'
import type { NodeIdentity } from '../../../codec/native/identity.ts'
import { encodeSmall } from '../../../codec/native/handshake-codec.ts'
import type { HandshakeMessage } from '../../../codec/native/messages.ts'
import type { UnsignedBroadcast, UnsignedItem } from '../../../codec/native/publication-bytes.ts'
import type { Role } from '../../../codec/wire.ts'
import { nobleCrypto } from '../../../transport/crypto/noble.ts'

export const NETWORK = 'testnet/demo'
export const ALICE_MS = 1_700_000_000_000
export const BOB_MS = 1_700_000_000_120

export const VECTORS = {
  alicePublicKey: '0266016592ffed0ed18b97e3d8a4657fa8e284087d00a59812c978164bc4c37805',
  aliceId: 'fc906826e2dfcfa21480d199c7b71b0352b8401fc455dbe66bf215134255881f',
  bobPublicKey: '0384f70bff2e574104242115ba31dc955c5f59d10e2d818216c485e53ac4fb0cfc',
  bobId: 'b5703db61a6a2d34e8efc132a86ee82eb53d1d2f08af417ad84dfa8e47a965f5',
  aliceEphemeralKey: '033f0e7a4ed921be3feedd6c570397d115bc45293b8f5bf6baa0491e05291254e6',
  bobEphemeralKey: '030934eee16e88a175e6c4cd47b42df7208d743126a0f5e640f9e4bd3b31596bcd',
  sharedX: 'f596abe428fe03f92fb40748a21dc819738a46f43efc28682d6638b4773d51f8',
  initiatorDigest: '3f3c144410af5c7dbaef7b7d7b67bf449810a0d60fcf5e917b9e557666590dff',
  initiatorSignature:
    '13c6d34479c3179792e545fe381ff814ca3d75e3ee148c0a062fee4c38fbb835' +
    '5d3b55d15fde6c62524f79e0f97f374dfaaadcdd3c5175ec6bd5075b27a97bed',

  initiatorPayloadBytes: 265,
  previous: 'bb188cea13b421fd9a99389b7dc21f21593ee7dffa6ef4ca19b61b61712f7db6',
  responderDigest: 'cde6ae62cdf5b42885d29e112d83e1f9b84d38072f78f93f7ad8bdabc4e910e9',
  responderSignature:
    'c396347e70141137de673a792e72e02dfe2009609377b039b3084d125b6e81f8' +
    '70c152a790ea803f48e711f3c1aa34fa4402eb49f28f8353bced20fe7bf79ede',
  responderPayloadHash: 'f5113bff0f153b6702f787b1e93adc25e78a10abe3a54a3e392bce9c1acbeb91',
  transcript: '370154eeeac0ff5d3903c3f29d3bd5f109043694542797d86307b052dc84496c',
  initiatorKey: 'c1cc090c8600b856eeafac51bc5e6991e2a165d9e9a290fe1da082881abd0703',
  initiatorIv: '7daf66518ed360a75ddf27e0',
  responderKey: 'a357bed19e888cc721e3535b6843d6c572ff55199b08a8b3271f69163c29c117',
  responderIv: '2ee23ea7c700fc327c583f3d',
  confirmRecord: '00000012ed1306952f2f9132e8883ac3f0b314ea8aa3',

  broadcastId: 'd169bbbd65df6dc13a8584a614ac6386b1916b1a3c7888e0db241dd6fff7f6cc',
  broadcastSignature:
    '80f85f541e7ac7eedac19a7e75f1c9696b189216d709d6f0c448c8b1c63d6ec1' +
    '1e66895ae8ad279f469d913e46f9dfdb4861c7965711f9ffab2c8e8421f9f914',
  itemId: 'e1050ae045d94ce4a9cf44a8b21e3d66629a351046694dc8d602d7eed9222af7',
  itemSignature:
    '150442c6287a2c07e363f3ab10633d0e22c2b348ec5896468f0c5331f8f0eb56' +
    '27faff5e86da5abce5879c2c91850274e808ff39ac355f4417c2d5514d578c22',
} as const

const crypto = nobleCrypto()

export const ofLabel = (label: string): Uint8Array => crypto.sha256(encodeAscii(label))

export const ALICE: NodeIdentity = identityOf(crypto, ofLabel('nn alice static'))
export const BOB: NodeIdentity = identityOf(crypto, ofLabel('nn bob static'))
export const ALICE_EPHEMERAL = ofLabel('nn alice ephemeral')
export const BOB_EPHEMERAL = ofLabel('nn bob ephemeral')

type Unsigned = Omit<HandshakeMessage, 'signature' | 'type'>

/** What Alice says to Bob, and Bob to Alice, without the signature. */
export const ALICE_UNSIGNED: Unsigned = {
  major: 1,
  minor: 0,
  network: NETWORK,
  keyType: 1,
  nodeId: ALICE.nodeId,
  publicKey: ALICE.publicKey,
  recipientId: BOB.nodeId,
  timestampMs: BigInt(ALICE_MS),
  nonce: ofLabel('nn nonce alice'),
  ephemeralKey: crypto.publicKeyOf(ALICE_EPHEMERAL),
}
export const BOB_UNSIGNED: Unsigned = {
  ...ALICE_UNSIGNED,
  nodeId: BOB.nodeId,
  publicKey: BOB.publicKey,
  recipientId: ALICE.nodeId,
  timestampMs: BigInt(BOB_MS),
  nonce: ofLabel('nn nonce bob'),
  ephemeralKey: crypto.publicKeyOf(BOB_EPHEMERAL),
}

/** What Alice publishes, without signatures and what is not signed. */
export const ALICE_BROADCAST: UnsignedBroadcast = {
  originId: ALICE.nodeId,
  sequence: 1n,
  timestampMs: BigInt(ALICE_MS + 500),
  topic: 'news',
  payload: encodeAscii('hello'),
}
export const ALICE_ITEM: UnsignedItem = {
  originId: ALICE.nodeId,
  number: 0n,
  timestampMs: BigInt(ALICE_MS + 600),
  topic: 'news',
  payload: encodeAscii('hello'),
}

/** The message as it is sent, with its signature. */
export function signedHandshake(
  role: Role,
  unsigned: Unsigned,
  privateKey: Uint8Array,
  previous?: Uint8Array,
): HandshakeMessage {
  const signature = crypto.sign(signedBytes(role, unsigned, previous), privateKey)
  return { type: 'handshake', ...unsigned, signature }
}

export const ALICE_HANDSHAKE = signedHandshake('dialler', ALICE_UNSIGNED, ALICE.privateKey)
export const ALICE_PAYLOAD = encodeSmall(ALICE_HANDSHAKE)
export const BOB_HANDSHAKE = signedHandshake(
  'listener',
  BOB_UNSIGNED,
  BOB.privateKey,
  crypto.sha256(ALICE_PAYLOAD),
)
export const BOB_PAYLOAD = encodeSmall(BOB_HANDSHAKE)
