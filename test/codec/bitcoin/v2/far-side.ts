/**
 * What the far side of a v2 connection sends, put together from its parts, so that a test can leave one
 * out or change it. No curve is needed: the keys come from a shared secret that is made up.
 * @module
 */
import { deriveKeys } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import type { V2Keys } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import { createPacketSealer } from '../../../../codec/bitcoin/v2/packets.ts'
import { concatBytes } from '../../../../codec/bytes.ts'
import type { Role } from '../../../../codec/wire.ts'
import { chooseCrypto } from '../../../../transport/crypto/choose.ts'
import type { Aead, CryptoBackend } from '../../../../world/crypto.ts'
import { hex } from '../../../support/hex.ts'

export const crypto = chooseCrypto()
export const REGTEST = hex('fabfb5da')
/** Of a far side that dials: unlike a v1 message from its first byte on. */
export const FAR_KEY = new Uint8Array(64).fill(0x22)
const OUR_KEY = new Uint8Array(64).fill(0x11)

/** The same cryptography, and each cipher of packets that it made. */
export function watchedCrypto(backend: CryptoBackend = crypto) {
  const aeads: Aead[] = []
  const watched: CryptoBackend = {
    ...backend,
    chacha20Poly1305(key) {
      const aead = backend.chacha20Poly1305(key)
      aeads.push(aead)
      return aead
    },
  }
  const isWiped = (aead: Aead): boolean => {
    try {
      aead.open(new Uint8Array(12), hex(''), new Uint8Array(16))
      return false
    } catch {
      return true
    }
  }
  return { watched, wiped: () => aeads.map(isWiped) }
}

export interface FarPacket {
  readonly contents: Uint8Array
  readonly isDecoy?: boolean
}

export interface FarSide {
  /** As the side holds them that is tested. */
  readonly keys: V2Keys
  readonly bytes: Uint8Array
  /** As they stand in `bytes`. */
  readonly parts: {
    readonly key: Uint8Array
    readonly garbage: Uint8Array
    readonly terminator: Uint8Array
    readonly packets: Uint8Array
  }
}

export const VERSION: FarPacket = { contents: hex('') }

/** `role` is that of the side that is tested. */
export function farSide(
  role: Role,
  {
    garbage = hex('aabbcc'),
    packets = [VERSION],
    answersFor = garbage,
  }: {
    readonly garbage?: Uint8Array
    readonly packets?: readonly FarPacket[]
    /** What the first packet authenticates: the garbage, where nobody cheats. */
    readonly answersFor?: Uint8Array
  } = {},
): FarSide {
  const derive = (side: Role, ownKey: Uint8Array, theirKey: Uint8Array): V2Keys => {
    const sharedX = new Uint8Array(32).fill(7)
    return deriveKeys(crypto, { role: side, magic: REGTEST, ownKey, theirKey, sharedX })
  }
  const far = derive(role === 'dialler' ? 'listener' : 'dialler', FAR_KEY, OUR_KEY)
  const sealer = createPacketSealer(crypto, far.send, answersFor)
  const parts = {
    key: FAR_KEY,
    garbage,
    terminator: far.send.terminator,
    packets: sealer.seal(
      packets.map(({ contents, isDecoy = false }) => ({
        contentsBytes: contents.length,
        writeContents(room: Uint8Array) {
          room.set(contents)
        },
        isDecoy,
      })),
    ),
  }
  return {
    keys: derive(role, OUR_KEY, FAR_KEY),
    bytes: concatBytes(parts.key, parts.garbage, parts.terminator, parts.packets),
    parts,
  }
}

/** Bytes cut at drawn places, empty pieces among them. */
export function cutAt(bytes: Uint8Array, draws: readonly number[]): Uint8Array[] {
  const cuts = draws.map((draw) => draw % (bytes.length + 1)).sort((one, two) => one - two)
  return [...cuts, bytes.length].map((end, index) => bytes.slice(cuts[index - 1] ?? 0, end))
}
