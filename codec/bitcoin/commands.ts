/**
 * Names of commands as they stand in 12 bytes, and the numbers that v2 has for the frequent ones.
 * @module
 */

/** Of the field in which v1 and v2 write a name. */
export const COMMAND_BYTES = 12

/** The last printable character of ASCII, and the one behind it, which v2 takes as well. */
export const V1_CHARACTER_MAX = 0x7e
export const V2_CHARACTER_MAX = 0x7f

const FIRST_PRINTABLE = 0x20

/**
 * The name in 12 bytes, or undefined where a character is not printable or something stands behind the
 * first zero. Twelve zeros are the empty name.
 */
export function decodeCommand(bytes: Uint8Array, characterMax: number): string | undefined {
  let name = ''
  let hasEnded = false
  for (const byte of bytes) {
    if (byte === 0) hasEnded = true
    else if (hasEnded || byte < FIRST_PRINTABLE || byte > characterMax) return undefined
    else name += String.fromCharCode(byte)
  }
  return name
}

/** @throws {RangeError} a name that has no such form: it is ours */
export function encodeCommand(name: string): Uint8Array {
  const bytes = new Uint8Array(COMMAND_BYTES)
  for (let index = 0; index < name.length; index++) bytes[index] = name.charCodeAt(index)
  const isWhole = name.length <= COMMAND_BYTES && decodeCommand(bytes, V1_CHARACTER_MAX) === name
  if (!isWhole) throw new RangeError('a command is at most 12 printable characters')
  return bytes
}

/** Numbers 29 to 36 belong to a draft, and what is left out has none. */
const SHORT_IDS: ReadonlyMap<string, number> = new Map([
  ['addr', 1],
  ['block', 2],
  ['blocktxn', 3],
  ['cmpctblock', 4],
  ['feefilter', 5],
  ['filteradd', 6],
  ['filterclear', 7],
  ['filterload', 8],
  ['getblocks', 9],
  ['getblocktxn', 10],
  ['getdata', 11],
  ['getheaders', 12],
  ['headers', 13],
  ['inv', 14],
  ['mempool', 15],
  ['merkleblock', 16],
  ['notfound', 17],
  ['ping', 18],
  ['pong', 19],
  ['sendcmpct', 20],
  ['tx', 21],
  ['getcfilters', 22],
  ['cfilter', 23],
  ['getcfheaders', 24],
  ['cfheaders', 25],
  ['getcfcheckpt', 26],
  ['cfcheckpt', 27],
  ['addrv2', 28],
  ['feature', 37],
])
const NAMES: ReadonlyMap<number, string> = new Map(
  [...SHORT_IDS].map(([name, shortId]) => [shortId, name]),
)

/** BIP 324 and BIP 434; undefined where the name is written out. */
export const shortIdOfCommand = (command: string): number | undefined => SHORT_IDS.get(command)

export const commandOfShortId = (shortId: number): string | undefined => NAMES.get(shortId)
