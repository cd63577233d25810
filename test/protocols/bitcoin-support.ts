/**
 * Nodes of the Bitcoin network for tests, and peers that break its rules.
 * @module
 */
import { bitcoinWire } from '../../codec/bitcoin/wire.ts'
import type { SpokenTransports } from '../../codec/bitcoin/wire.ts'
import { BITCOIN_NETWORKS } from '../../codec/bitcoin/networks.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import type { VersionMessage } from '../../codec/bitcoin/negotiation.ts'
import { NO_ADDRESS } from '../../codec/bitcoin/network-address.ts'
import { drawKeyPair } from '../../codec/bitcoin/v2/handshake-keys.ts'
import type { V2KeyPair } from '../../codec/bitcoin/v2/handshake-keys.ts'
import { concatBytes, joinedPieces } from '../../codec/bytes.ts'
import type { ChildTools, Protocol } from '../../index.ts'
import { bitcoin } from '../../protocols/bitcoin.ts'
import type { BitcoinOptions, BitcoinTypes } from '../../protocols/bitcoin.ts'
import { seededRandom } from '../../transport/random.ts'

export type BitcoinProtocol = Protocol<BitcoinTypes>

export const { magic: MAGIC } = BITCOIN_NETWORKS.regtest
const SHORT_GARBAGE_BYTES = 8

/** Those that were made before: most of a test's time went into keys that are the same in each of its runs. */
const pairs = new Map<string, V2KeyPair>()

const pairFor: typeof drawKeyPair = (crypto, random) => {
  const seed = Buffer.from(random.bytes(32)).toString('hex')
  const made = pairs.get(seed) ?? drawKeyPair(crypto, seededRandom(seed))
  pairs.set(seed, made)
  // Whoever holds a private key overwrites it.
  return { key: made.key, privateKey: made.privateKey.slice() }
}

/** Little garbage: a test that cuts the stream at each byte is as long as it is. */
const withShortGarbage = (
  protocol: BitcoinProtocol,
  speaks: SpokenTransports,
): BitcoinProtocol => ({
  ...protocol,
  wire: (setup) =>
    bitcoinWire(
      {
        magic: MAGIC,
        speaks,
        drawOwnHalf: (crypto, random) => ({
          pair: pairFor(crypto, random),
          garbage: random.bytes(random.below(SHORT_GARBAGE_BYTES)),
        }),
      },
      setup,
    ),
})

/** On regtest. */
export const regtest = (options: BitcoinOptions = {}): BitcoinProtocol =>
  withShortGarbage(bitcoin({ network: 'regtest', ...options }), options.transport ?? 'both')

/** Without what a node says by itself on an active connection. */
export const silent = (options: BitcoinOptions = {}): BitcoinProtocol => ({
  ...regtest(options),
  children: [],
})

/** A message that no codec here writes: the payload of a command, byte for byte. */
export const raw = (
  command: string,
  ...payload: readonly (Uint8Array | number)[]
): BitcoinMessage => ({
  type: 'unknown',
  command,
  payload: concatBytes(
    ...payload.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)),
  ),
})

/** A count as CompactSize, and as many bytes behind it as that many entries have. */
export function list(count: number, entryBytes: number): Uint8Array {
  const bytes = new Uint8Array(3 + count * entryBytes)
  bytes.set([0xfd, count & 0xff, count >> 8])
  return bytes
}

/** What a peer says of itself: a full node of today that has not seen a block. */
export const versionOf = (change: Partial<VersionMessage> = {}): VersionMessage => ({
  ...{ type: 'version', protocolVersion: 70_017, services: 0xc09n, unixSeconds: 1_700_000_000n },
  ...{ receiverServices: 0n, receiver: NO_ADDRESS, nonce: 0x1122_3344n, userAgent: '/peer:1/' },
  ...{ height: 0, relay: true },
  ...change,
})

export const VERACK: BitcoinMessage = { type: 'verack' }

/** An unknown command: nobody answers it, and an application may say it. */
export const line = (...payload: readonly number[]): BitcoinMessage => raw('line', ...payload)

/** Who is told as what he is dialled for: one address, once. */
export const dialling = (
  protocol: BitcoinProtocol,
  address: string,
  slot: string,
): BitcoinProtocol => ({
  ...protocol,
  children: [
    ...(protocol.children ?? []),
    {
      name: 'dialling',
      restart: 'temporary',
      keep: () => undefined,
      start(tools: ChildTools<BitcoinTypes>) {
        const parsed = protocol.addresses.parse(address)
        if ('wrong' in parsed) throw new Error(parsed.wrong)
        // Once the node is up.
        tools.after(1, () => {
          if (!tools.dial(parsed.address, slot)) throw new Error('it was not dialled')
        })
        return () => undefined
      },
    },
  ],
})

/** The same network; how its wire writes messages of one type is what `change` makes of it. */
export const changing = (
  protocol: BitcoinProtocol,
  type: BitcoinMessage['type'],
  change: (bytes: Uint8Array) => Uint8Array,
): BitcoinProtocol => ({
  ...protocol,
  wire(setup) {
    let isChanged = false
    const wire = protocol.wire({
      ...setup,
      out(bytes) {
        setup.out(isChanged ? change(joinedPieces(bytes)) : bytes)
      },
    })
    return {
      ...wire,
      get bufferedBytes() {
        return wire.bufferedBytes
      },
      write(messages) {
        isChanged = messages.some((message) => 'type' in message && message.type === type)
        wire.write(messages)
        isChanged = false
      },
    }
  },
})
