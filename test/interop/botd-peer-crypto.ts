/**
 * The cryptography of BOTD #2 by node:crypto and nothing of ours: strict keys and signatures, the
 * transcript, and the two directions of a session. Each choice that BOTD leaves open is made once,
 * here, so that whoever made another one is found out at the first frame.
 * @module
 */
import { createCipheriv, createDecipheriv, createECDH, ECDH, hkdfSync } from 'node:crypto'
import { ascii, join, sha256, u64be, verify } from './raw-native-crypto.ts'

const CURVE = 'secp256k1'
export const TAG_BYTES = 16
const KEY_BYTES = 32
/** A key and the base IV behind it. */
const MATERIAL_BYTES = 44
export const REKEY_FRAMES = 65_536

/** BOTD is silent about the order of bytes; its ancestor writes the lowest first. */
export function u32le(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return new Uint8Array(bytes)
}

/**
 * Compressed, and on the curve. The length and the head are looked at first, because OpenSSL takes
 * the other encodings of a point as well, and a key has one encoding here.
 */
export function isPublicKey(bytes: Uint8Array): boolean {
  const [head] = bytes
  if (bytes.length !== 33 || (head !== 2 && head !== 3)) return false
  try {
    ECDH.convertKey(bytes, CURVE)
    return true
  } catch {
    return false
  }
}

/** Neither high S, nor DER, nor another length, nor a key in another encoding. */
export const isSignatureOf = (
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean => isPublicKey(publicKey) && verify(publicKey, bytes, signature)

export const same = (one: Uint8Array, other: Uint8Array): boolean =>
  Buffer.compare(one, other) === 0

/** A drawn number is no key with a chance of 2^-127; the curve's own generator knows. */
export function drawnPrivateKey(): Uint8Array {
  const pair = createECDH(CURVE)
  pair.generateKeys()
  return new Uint8Array(Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()]).subarray(-32))
}

/** Of the payloads as they went over the wire, with whatever unknown fields they have. */
export const transcriptOf = (init: Uint8Array, ack: Uint8Array): Uint8Array =>
  sha256(ascii('BOTD2 v1 transcript'), u32le(init.length), init, u32le(ack.length), ack)

/** RFC 5869 from end to end: extract and expand. */
const hkdf = (input: Uint8Array, salt: Uint8Array, info: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', input, salt, ascii(info), MATERIAL_BYTES))

/** One direction's key, base IV and counter; moves on to new keys by itself. */
export interface BotdDirection {
  /** The frame of a plaintext: length, ciphertext, tag. */
  seal(plaintext: Uint8Array): Uint8Array
  /** What is in it; nothing where it does not authenticate, and then nothing is counted. */
  open(length: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
  /** A copy of the key and the base IV that the next frame has. */
  material(): Uint8Array
}

export function directionOf(
  sharedX: Uint8Array,
  transcript: Uint8Array,
  side: 'initiator' | 'responder',
  rekeyFrames: number,
): BotdDirection {
  let material = hkdf(sharedX, transcript, `BOTD2 v1 ${side}`)
  let counter = 0
  const key = () => material.subarray(0, KEY_BYTES)
  const nonce = (): Uint8Array => {
    const counted = join(new Uint8Array(4), u64be(BigInt(counter)))
    return material.slice(KEY_BYTES).map((byte, index) => byte ^ (counted[index] ?? 0))
  }
  const next = (): void => {
    counter += 1
    if (counter < rekeyFrames) return
    const old = material
    material = hkdf(key(), new Uint8Array(0), 'BOTD2 v1 rekey')
    old.fill(0)
    counter = 0
  }
  // Without this length OpenSSL takes a tag of four bytes for a whole one.
  const options = { authTagLength: TAG_BYTES }
  return {
    seal(plaintext) {
      const length = u32le(plaintext.length + TAG_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key(), nonce(), options)
      cipher.setAAD(length)
      const sealed = join(cipher.update(plaintext), cipher.final())
      const frame = join(length, sealed, cipher.getAuthTag())
      next()
      return frame
    },
    open(length, sealed) {
      if (sealed.length <= TAG_BYTES) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key(), nonce(), options)
      decipher.setAAD(length)
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
      const begun = decipher.update(sealed.subarray(0, -TAG_BYTES))
      try {
        const plaintext = join(begun, decipher.final())
        next()
        return plaintext
      } catch {
        return undefined
      }
    },
    material: () => material.slice(),
  }
}
