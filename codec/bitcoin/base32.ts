/**
 * Base32 as host names of Tor and I2P have it (RFC 4648, lower case, without padding). Strict: of all
 * texts for the same bytes one is taken, or else a host would have several names.
 * @module
 */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const CHARACTER_BITS = 5

export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let bitCount = 0
  for (const byte of bytes) {
    bits = (bits << 8) | byte
    for (bitCount += 8; bitCount >= CHARACTER_BITS;) {
      bitCount -= CHARACTER_BITS
      text += ALPHABET.charAt((bits >> bitCount) & 31)
    }
    bits &= (1 << bitCount) - 1
  }
  return bitCount === 0 ? text : text + ALPHABET.charAt((bits << (CHARACTER_BITS - bitCount)) & 31)
}

/** Either case; undefined for another character, a length that no bytes have, or bits left over. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * CHARACTER_BITS) / 8))
  let bits = 0
  let bitCount = 0
  let length = 0
  for (const character of text.toLowerCase()) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) return undefined
    bits = (bits << CHARACTER_BITS) | value
    bitCount += CHARACTER_BITS
    if (bitCount >= 8) {
      bitCount -= 8
      bytes[length++] = bits >> bitCount
      bits &= (1 << bitCount) - 1
    }
  }
  return bits === 0 && bitCount < CHARACTER_BITS ? bytes : undefined
}
