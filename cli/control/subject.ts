/**
 * Whom a person means by a word, as far as that can be told without the network: a running node knows
 * more. What was printed of a ban always names it.
 * @module
 */
import { printBanKey } from '../../supervisor/ban-records.ts'
import type { Ban, BanKey } from '../../supervisor/ban-records.ts'
import { banKeyOf } from '../../supervisor/ban-subject.ts'

/**
 * A key or a hash in digits or letters: 16 bytes in base64 have 22 characters, 64 bytes in
 * hexadecimal 128. A host name has dots, an address colons.
 */
const IDENTITY = /^[A-Za-z0-9_+=-]{20,128}$/

const NO_NETWORK = {
  parse: () => ({ wrong: 'no network is known here' }),
  identity: () => undefined,
  socket: () => ({ host: '', port: 0 }),
  isIdentity: (text: string) => IDENTITY.test(text),
}

/** An IP address, IPv6 with brackets or without, a range of them, or an identity; undefined for anything else. */
export function keyWithoutNetwork(subject: string): BanKey | undefined {
  const found = banKeyOf(subject, NO_NETWORK)
  return 'key' in found ? found.key : undefined
}

/** A list of bans says which kind it is; the word alone is enough. */
export const wordOf = (subject: string): string =>
  subject.replace(/^(?:address|identity|range) (?=\S+$)/, '')

/** `identity ...`, `address ...`, `claim ...`, as a list of bans shows them, or the word of one alone. */
export function keyOfPrinted(subject: string, bans: readonly Ban[]): BanKey | undefined {
  const ban =
    bans.find(({ key }) => printBanKey(key) === subject) ??
    bans.find(({ key }) => wordOf(printBanKey(key)) === subject)
  return ban?.key
}
