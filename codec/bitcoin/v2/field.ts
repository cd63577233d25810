/**
 * Arithmetic in the field of secp256k1, as far as ElligatorSwift needs it. Numbers are bigints from 0
 * to below the prime; what adds and subtracts them brings the result back with `reduced`.
 *
 * Nothing here takes constant time, and nothing secret comes here: only coordinates of public keys of
 * connections, and the chance that hides them. Private keys are multiplied by the crypto backend.
 * @module
 */
import { etc } from '@noble/secp256k1'

/** SEC 2 section 2.4.1: 2^256 - 2^32 - 977. */
export const FIELD_PRIME =
  0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_fffffffe_fffffc2fn
/** The curve's equation is y^2 = x^3 + 7. */
export const CURVE_B = 7n

const BITS = 256n
/** 2^256 is congruent to this: a product's upper half is folded into the lower one with it. */
const FOLD = 0x1_000003d1n
const MASK_32 = 0xffff_ffffn

/** Any integer, brought into the field. */
export function reduced(value: bigint): bigint {
  const rest = value % FIELD_PRIME
  return rest < 0n ? rest + FIELD_PRIME : rest
}

/** Below 2^257, not below the prime: good enough to go on multiplying. Faster than a division. */
function multiplied(one: bigint, other: bigint): bigint {
  const product = one * other
  const folded = BigInt.asUintN(256, product) + (product >> BITS) * FOLD
  return folded - (folded >> BITS) * FIELD_PRIME
}

function squared(value: bigint, times: number): bigint {
  let result = value
  for (let count = 0; count < times; count++) result = multiplied(result, result)
  return result
}

/**
 * One divided by the square root of the value, where that has one: of the two roots the one that is
 * itself a square. Else it means nothing.
 *
 * It is the value to the power of (p - 3) / 4. That exponent is 223 ones, a zero, 22 ones, and 00001011;
 * a name below says how many ones its exponent has.
 */
export function inverseRoot(value: bigint): bigint {
  const ones2 = multiplied(squared(value, 1), value)
  const ones3 = multiplied(squared(ones2, 1), value)
  const ones6 = multiplied(squared(ones3, 3), ones3)
  const ones9 = multiplied(squared(ones6, 3), ones3)
  const ones11 = multiplied(squared(ones9, 2), ones2)
  const ones22 = multiplied(squared(ones11, 11), ones11)
  const ones44 = multiplied(squared(ones22, 22), ones22)
  const ones88 = multiplied(squared(ones44, 44), ones44)
  const ones176 = multiplied(squared(ones88, 88), ones88)
  const ones220 = multiplied(squared(ones176, 44), ones44)
  const ones223 = multiplied(squared(ones220, 3), ones3)
  const upper = multiplied(squared(ones223, 23), ones22)
  return reduced(multiplied(squared(multiplied(squared(upper, 5), value), 3), ones2))
}

/**
 * Whether the value is a square, zero among them: Jacobi's symbol by Euclid's algorithm, at a quarter
 * of what a power costs.
 */
export function isSquare(value: bigint): boolean {
  let upper = value
  let lower = FIELD_PRIME
  let isResidue = true
  while (upper !== 0n) {
    let isOddShift = false
    let word = Number(BigInt.asUintN(32, upper))
    while (word === 0) {
      upper >>= 32n
      word = Number(upper & MASK_32)
    }
    const zeros = 31 - Math.clz32(word & -word)
    if (zeros > 0) {
      upper >>= BigInt(zeros)
      isOddShift = zeros % 2 === 1
    }
    const lowerMod8 = Number(BigInt.asUintN(3, lower))
    // The second supplement: 2 is a residue of numbers that are 1 or 7 modulo 8.
    if (isOddShift && (lowerMod8 === 3 || lowerMod8 === 5)) isResidue = !isResidue
    // Reciprocity: turning the symbol over changes it where both are 3 modulo 4.
    if (lowerMod8 % 4 === 3 && Number(BigInt.asUintN(2, upper)) === 3) isResidue = !isResidue
    const rest = lower % upper
    lower = upper
    upper = rest
  }
  return value === 0n || isResidue
}

/** @throws {Error} zero has none */
export const inverted = (value: bigint): bigint => etc.invert(value, FIELD_PRIME)

/** Big-endian; 32 bytes of which not all are below the prime. */
export const decodeNumber = (bytes: Uint8Array): bigint => etc.bytesToNumberBE(bytes)

/** 32 bytes, big-endian. */
export const encodeNumber = (value: bigint): Uint8Array => etc.numberToBytesBE(value)
