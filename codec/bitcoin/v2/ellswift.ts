/**
 * ElligatorSwift (BIP 324): a public key as 64 bytes that look like chance. Each key has very many such
 * forms, and each 64 bytes are the form of some key: nothing that arrives can be no key at all.
 *
 * Only x coordinates are written: two points have each, and either gives the same shared x. The halves
 * of a form are called u and t, as there.
 * @module
 */
import type { Random } from '../../../world/random.ts'
import { CURVE_B, decodeNumber, encodeNumber, FIELD_PRIME } from './field.ts'
import { inverseRoot, inverted, isSquare, reduced } from './field.ts'

export const ELLSWIFT_BYTES = 64
const HALF_BYTES = 32
/** How many ways there are back from an x with a given u, at most. */
export const BRANCH_COUNT = 8
/** One draw in four is of use: a source of chance that needs as many is none (less than one in 2^200). */
const DRAWS_MAX = 512

/** The square root of -3 that is itself a square. */
const ROOT_OF_MINUS_3 = 0x0a2d2ba9_3507f1df_233770c2_a797962c_c61f6d15_da14ecd4_7d8d27ae_1cd5f852n
/** Halves of 1 - c and 1 + c, c being that root. */
const HALF = (FIELD_PRIME + 1n) / 2n
const HALF_OF_1_MINUS_ROOT = reduced((1n - ROOT_OF_MINUS_3) * HALF)
const HALF_OF_1_PLUS_ROOT = reduced((1n + ROOT_OF_MINUS_3) * HALF)

/** What y^2 is at that x. */
const curveAt = (x: bigint): bigint => reduced(((x * x) % FIELD_PRIME) * x + CURVE_B)

const isOnCurve = (x: bigint): boolean => isSquare(curveAt(x))

/** As `isOnCurve` of a fraction, without dividing: its curve value times the denominator's fourth power. */
function isFractionOnCurve(numerator: bigint, denominator: bigint): boolean {
  const cube = reduced(((numerator * numerator) % FIELD_PRIME) * numerator)
  const square = reduced(denominator * denominator)
  const fourth = reduced(CURVE_B * square * square)
  return isSquare(reduced(cube * denominator + fourth))
}

/**
 * The x coordinate that the 64 bytes stand for.
 *
 * With g = u^3 + 7 the specification's X is (g - t^2) / 2t, and its Y is (g + t^2) / (2t * c * u). Its
 * three candidates stand here as fractions, so that only the one that is taken costs a division.
 */
export function decodeX(u: bigint, t: bigint): bigint {
  const uHere = u === 0n ? 1n : u
  const tHere = t === 0n ? 1n : t
  const g = curveAt(uHere)
  const isZeroSum = reduced(g + tHere * tHere) === 0n
  const tSquared = reduced(tHere * tHere * (isZeroSum ? 4n : 1n))
  const sum = reduced(g + tSquared)

  // u + 4Y^2, where c^2 is -3.
  const third = reduced(3n * tSquared * reduced(uHere * uHere))
  const numerator = reduced(uHere * third - sum * sum)
  if (isFractionOnCurve(numerator, third)) return quotient(numerator, third)

  // (-X/Y - u) / 2 and (X/Y - u) / 2. Where the one is not on the curve, the other is.
  const ratio = reduced(reduced(g - tSquared) * ROOT_OF_MINUS_3)
  const twice = reduced(2n * sum)
  const second = reduced(-uHere * (ratio + sum))
  if (isFractionOnCurve(second, twice)) return quotient(second, twice)
  return quotient(reduced(uHere * (ratio - sum)), twice)
}

const quotient = (numerator: bigint, denominator: bigint): bigint =>
  reduced(numerator * inverted(denominator))

/**
 * The t with which u stands for x, on one of the ways back; undefined where there is none on that one.
 * `branch` is from 0 to `BRANCH_COUNT` - 1; x is on the curve, u is not 0.
 *
 * Most of the ways lead nowhere, and whether a number is a square costs a fifth of its root: all that
 * can be asked is asked first. There are no divisions: a root's inverse gives them.
 */
export function inverseOf(x: bigint, u: bigint, branch: number): bigint | undefined {
  const isPlus = (branch & 1) === 1
  const found = (branch & 2) === 0 ? ratioWay(x, u) : squareWay(x, u, isPlus)
  if (found === undefined) return undefined
  const { v, w } = found
  const isNegative = isPlus === ((branch & 4) === 4)
  const t = w * reduced(u * (isPlus ? HALF_OF_1_PLUS_ROOT : HALF_OF_1_MINUS_ROOT) + v)
  return reduced(isNegative ? -t : t)
}

/** The specification's v and w, its w being the root of its s. */
interface WayBack {
  readonly v: bigint
  readonly w: bigint
}

/** For x as (-X/Y - u) / 2 or (X/Y - u) / 2: v is x, and s is -g / (u^2 + uv + v^2). */
function ratioWay(x: bigint, u: bigint): WayBack | undefined {
  if (isOnCurve(reduced(-x - u))) return undefined
  const numerator = reduced(-curveAt(u))
  const denominator = reduced(u * u + u * x + x * x)
  const product = reduced(numerator * denominator)
  // A fraction is a square where the product of its halves is one.
  if (!isSquare(product)) return undefined
  const root = inverseRoot(reduced(product * reduced(denominator * denominator)))
  return { v: x, w: reduced(product * root) }
}

/** For x as u + 4Y^2: s is x - u, v is (r/s - u) / 2, and r one of the roots of a number below. */
function squareWay(x: bigint, u: bigint, isPlus: boolean): WayBack | undefined {
  const s = reduced(x - u)
  if (s === 0n || !isSquare(s)) return undefined
  const square = reduced(-s * reduced(4n * curveAt(u) + 3n * reduced(u * u) * s))
  // Both signs of a root that is 0 are the same way.
  if ((square === 0n && isPlus) || !isSquare(square)) return undefined
  const root = inverseRoot(s)
  const r = reduced(square * inverseRoot(square))
  return { v: reduced((r * reduced(root * root) - u) * HALF), w: reduced(s * root) }
}

/**
 * The x coordinate, 32 bytes big-endian, that a peer's 64 bytes stand for.
 * @throws {RangeError} not 64 bytes: how many there are is the caller's to have counted
 */
export function decodeEllswift(key: Uint8Array): Uint8Array {
  if (key.length !== ELLSWIFT_BYTES) throw new RangeError('an ElligatorSwift key has 64 bytes')
  const u = reduced(decodeNumber(key.subarray(0, HALF_BYTES)))
  const t = reduced(decodeNumber(key.subarray(HALF_BYTES)))
  return encodeNumber(decodeX(u, t))
}

/**
 * One of the forms of an x coordinate, all of them equally likely; undefined where no point has it. It
 * takes four draws on average.
 */
export function encodeEllswift(x: Uint8Array, random: Random): Uint8Array | undefined {
  const value = decodeNumber(x)
  if (value >= FIELD_PRIME || !isOnCurve(value)) return undefined
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const half = random.bytes(HALF_BYTES)
    const u = decodeNumber(half)
    const branch = random.below(BRANCH_COUNT)
    if (u === 0n || u >= FIELD_PRIME) continue
    const t = inverseOf(value, u, branch)
    if (t === undefined) continue
    const key = new Uint8Array(ELLSWIFT_BYTES)
    key.set(half)
    key.set(encodeNumber(t), HALF_BYTES)
    return key
  }
  throw new Error('the source of chance repeats itself')
}
