/**
 * Nodes of the Bitcoin network for tests, and peers that break its rules.
 * @module
 */
import { bitcoinWire } from '../../codec/bitcoin/wire.ts'
import type { SpokenTransports } from '../../codec/bitcoin/wire.ts'
import { BITCOIN_NETWORKS } from '../../codec/bitcoin/networks.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { drawKeyPair } from '../../codec/bitcoin/v2/handshake-keys.ts'
import { concatBytes } from '../../codec/bytes.ts'
import type { Outgoing, Protocol } from '../../index.ts'
import { bitcoin } from '../../protocols/bitcoin.ts'
import type { BitcoinOptions, BitcoinTypes } from '../../protocols/bitcoin.ts'
import { writingInstead } from '../support/wires.ts'

export type BitcoinProtocol = Protocol<BitcoinTypes>

export const { magic: MAGIC } = BITCOIN_NETWORKS.regtest
const SHORT_GARBAGE_BYTES = 8

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
          pair: drawKeyPair(crypto, random),
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

type Tools = Parameters<NonNullable<BitcoinProtocol['children']>[number]['start']>[0]

/** In place of the network's own sub-protocols: says to whoever it meets what no application may. */
export const saying = (
  protocol: BitcoinProtocol,
  ...messages: readonly BitcoinMessage[]
): BitcoinProtocol => ({
  ...protocol,
  children: [
    {
      name: 'rude',
      restart: 'temporary',
      keep: () => undefined,
      start(tools: Tools) {
        tools.watch({
          active({ name }) {
            for (const message of messages) tools.send(name, message)
          },
        })
        return () => undefined
      },
    },
  ],
})

/** Writes other messages, or bytes as they are, in place of those that it is to write. */
export const rewriting = (
  protocol: BitcoinProtocol,
  rewrite: (
    message: BitcoinMessage,
  ) => readonly Outgoing<BitcoinMessage>[] | BitcoinMessage | Uint8Array | undefined,
): BitcoinProtocol =>
  writingInstead(protocol, (messages, out) =>
    messages.flatMap((message) => {
      const instead = 'raw' in message ? message : rewrite(message)
      if (!(instead instanceof Uint8Array)) return instead ?? []
      out(instead)
      return []
    }),
  )

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
