/**
 * A node of the Bitcoin network that finds its peers by itself, in a world with addresses that everybody can
 * reach, and what its book is told.
 * @module
 */
import type { ChildTools, Protocol, SupervisorEvent } from '../../index.ts'
import type { LentBook } from '../../actors/lent-book.ts'
import type { Names } from '../../world/names.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { bitcoin } from '../../protocols/bitcoin.ts'
import type { BitcoinOptions, BitcoinTypes } from '../../protocols/bitcoin.ts'
import { groupBytesOf } from '../../protocols/bitcoin/netgroup.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { addressFrom, networkAddress } from './bitcoin-addresses-support.ts'

type Tools = ChildTools<BitcoinTypes>
export type BitcoinProtocol = Protocol<BitcoinTypes>

/** All blocks, with witnesses. */
export const SERVING = 0x409n
export const PORT = 18_444

/** Without encryption: what these tests look at does not depend on it. */
export const plainly = (options: BitcoinOptions = {}): BitcoinProtocol =>
  bitcoin({ network: 'regtest', transport: 'v1', ...options })

/** One that answers, serves all that is wanted, and dials nobody. */
export const serving = (options: BitcoinOptions = {}): BitcoinProtocol =>
  plainly({ services: ['network', 'witness'], connectOnly: true, ...options })

export const placeOf = (host: string, port = PORT): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export interface OpeningWorldOptions {
  readonly seed?: string
  /** What host names lead to. */
  readonly names?: Readonly<Record<string, readonly string[]>>
}

export interface StartAliceOptions {
  readonly bootstrap?: readonly string[]
  readonly listen?: readonly string[]
  /** Whom she asks, in place of the world's. */
  readonly names?: Names
}

export function startOpeningWorld({ names = {}, seed = 'opening' }: OpeningWorldOptions = {}) {
  const world = startVirtualWorld({ seed, names })

  const startPeer = (host: string, protocol: BitcoinProtocol = serving()) =>
    startNode(world, host, host, protocol)

  /** At 9.9.9.9, with its book and what it dialled. */
  const startAlice = (
    options: BitcoinOptions = {},
    { bootstrap = [], ...more }: StartAliceOptions = {},
  ) => {
    const lent: Tools[] = []
    const protocol = plainly(options)
    const borrower = {
      name: 'borrower',
      restart: 'permanent' as const,
      keep: () => undefined,
      start(tools: Tools) {
        lent.push(tools)
        return () => undefined
      },
    }
    const children = [...(protocol.children ?? []), borrower]
    const node = startNode(
      world,
      'alice',
      '9.9.9.9',
      { ...protocol, children },
      { bootstrap, ...more },
    )
    const tools = (): Tools => {
      const last = lent.at(-1)
      if (last === undefined) throw new Error('nothing was lent')
      return last
    }
    const book = (): LentBook<BitcoinAddress> => {
      const { book: lentBook } = tools()
      if (lentBook === undefined) throw new Error('no book was lent')
      return lentBook
    }
    /** Each by itself, so that no group of sources is full. */
    const tell = (...texts: readonly string[]): void => {
      for (const text of texts) tellOf(text, SERVING)
    }
    const tellOf = (text: string, marks: bigint, seenMs = tools().wallMs()): void => {
      book().heard(addressFrom(text), {
        ...{ sourceGroup: groupBytesOf(networkAddress(text)), isOwnSource: false },
        ...{ seenMs, penaltyMs: 0, marks },
      })
    }
    /** Addresses that were dialled, in their order, of one kind or of all. */
    const dialled = (slot?: string): readonly string[] =>
      node
        .eventsOf('connection.started')
        .filter((event) => event.role === 'dialler' && (slot === undefined || event.slot === slot))
        .map(({ address }) => address)
    const held = (slot?: string): readonly string[] =>
      node.supervisor
        .connections()
        .filter((one) => one.role === 'dialler' && (slot === undefined || one.slot === slot))
        .map(({ address }) => address)
    const stop = async (): Promise<void> => {
      const stopped = node.supervisor.stop()
      world.advance(60_000)
      await stopped
      world.kill('alice')
    }
    return { ...node, book, dialled, held, stop, tell, tellOf, tools }
  }

  return { startAlice, startPeer, world }
}

export const detailsOf = (events: readonly SupervisorEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'connection.closed' ? [event.detail] : []))
