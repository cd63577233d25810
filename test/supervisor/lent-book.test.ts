import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import type {
  BookRules,
  ChildSpec,
  ChildTools,
  Protocol,
  SlotKind,
  SocketAddress,
} from '../../index.ts'
import type { Hearsay } from '../../actors/lent-book.ts'
import { encodeUtf8 } from '../../codec/bytes.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

const HOUR_MS = 3_600_000
const at = (last: number): SocketAddress => ({ host: `10.0.0.${String(last)}`, port: 7_001 })
const keyOf = ({ host, port }: SocketAddress) => `${host}:${String(port)}`
const BOOK: BookRules<SocketAddress> = {
  keyBytes: (address) => encodeUtf8(keyOf(address)),
  groupBytes: ({ host }) => encodeUtf8(host),
  digest: sha256,
  isStorable: () => true,
}

const CHOSEN: readonly SlotKind[] = [
  { name: 'chosen', role: 'dialler', max: 2, takes: [] },
  { name: 'inbound', role: 'listener', max: 8 },
]

/** A node with a child that hands out what it is lent, and a second node for it to dial. */
function startBorrower({
  marksSeen,
  ...change
}: Partial<Pick<BookRules<SocketAddress>, 'marksSeen'> & Protocol<PlainTypes>> = {}) {
  let lent: ChildTools<PlainTypes> | undefined
  const child: ChildSpec<PlainTypes> = {
    name: 'borrower',
    restart: 'permanent',
    keep: () => undefined,
    start(tools) {
      lent = tools
      return () => undefined
    },
  }
  const book = { ...BOOK, ...(marksSeen === undefined ? {} : { marksSeen }) }
  const world = startVirtualWorld({ seed: 'lent book' })
  const addresses = { ...plain().addresses, book }
  const start = () =>
    startNode(world, 'node', '10.0.0.1', {
      ...{ ...plain(), ...change, addresses, children: [child] },
    })
  const node = start()
  const restart = () => {
    world.kill('node')
    start()
  }
  const startPeer = () => startNode(world, 'peer', '10.0.0.2', plain())
  const tools = () => {
    if (lent?.book === undefined) throw new Error('no book was lent')
    return { ...lent, book: lent.book }
  }
  const heard = (address: SocketAddress, told: Partial<Hearsay> = {}) =>
    tools().book.heard(address, {
      sourceGroup: Uint8Array.of(1),
      isOwnSource: false,
      seenMs: tools().wallMs(),
      penaltyMs: 0,
      marks: 0n,
      ...told,
    })
  return { book: () => tools().book, heard, node, restart, startPeer, tools, world }
}

test('a network without a book lends none', () => {
  let book: unknown = 'not asked'
  const child: ChildSpec<PlainTypes> = {
    name: 'borrower',
    restart: 'permanent',
    keep: () => undefined,
    start(tools) {
      book = tools.book
      return () => undefined
    },
  }
  startNode(startVirtualWorld({ seed: 'none' }), 'node', '10.0.0.1', {
    ...plain(),
    children: [child],
  })
  expect(book).toBeUndefined()
})

describe('a child', () => {
  test('tells the book what it heard, as it judges it itself, and finds it there', () => {
    const { book, heard, tools } = startBorrower()
    expect(heard(at(9), { penaltyMs: 2 * HOUR_MS, marks: 9n })).toBe(true)
    expect(heard(at(9), { penaltyMs: 2 * HOUR_MS })).toBe(false)
    expect(heard(at(8), { penaltyMs: 2 * HOUR_MS, isOwnSource: true })).toBe(true)
    const nowMs = tools().wallMs()
    expect(book().find(keyOf(at(9)))).toMatchObject({ seenMs: nowMs - 2 * HOUR_MS, marks: 9n })
    expect(book().find(keyOf(at(8)))).toMatchObject({ seenMs: nowMs, marks: 0n })
    expect(book().size).toEqual({ new: 2, tried: 0 })
    book().mark(keyOf(at(9)), 5n)
    expect(book().select({ isWanted: ({ marks }) => marks === 5n })?.address).toEqual(at(9))
    expect(book().sample(9, 100, ({ address }) => address.host !== at(9).host)).toEqual([
      book().find(keyOf(at(8))),
    ])
    book().remove(keyOf(at(8)))
    expect(book().size).toEqual({ new: 1, tried: 0 })
  })

  test('finds what it told a second ago after the node was killed', () => {
    const { book, heard, restart, world } = startBorrower()
    heard(at(9), { marks: 3n })
    heard(at(8), { marks: 3n })
    world.advance(1_500)
    book().mark(keyOf(at(9)), 4n)
    book().remove(keyOf(at(8)))
    world.advance(1_500)
    book().mark(keyOf(at(9)), 5n)
    restart()
    expect(book().find(keyOf(at(9)))?.marks).toBe(4n)
    expect(book().size).toEqual({ new: 1, tried: 0 })
  })

  test('sees which address is kept out, banned or discouraged', () => {
    const { book, node, world } = startBorrower()
    expect(book().isKeptOut(at(9))).toBe(false)
    node.supervisor.ban({ kind: 'address', host: at(9).host })
    world.settle()
    expect([book().isKeptOut(at(9)), book().isKeptOut(at(8))]).toEqual([true, false])
  })
})

describe('a dial that succeeds', () => {
  const startDialled = (rule: NonNullable<BookRules<SocketAddress>['marksSeen']> | undefined) => {
    const started = startBorrower(rule === undefined ? {} : { marksSeen: rule })
    const { book, heard, node, startPeer, tools, world } = started
    const seenMs = tools().wallMs() - 3 * HOUR_MS
    const peer = startPeer()
    tools().after(1, () => {
      heard(at(2), { seenMs })
    })
    world.advance(1_000)
    const view = () => book().find(keyOf(at(2)))
    expect(view()).toMatchObject({ table: 'tried' })
    const sinceTold = () => ((view()?.seenMs ?? 0) - seenMs) / HOUR_MS
    return { node, peer, sinceTold, world }
  }

  test('counts as a sight of its address, and so does its end', () => {
    const { peer, sinceTold, world } = startDialled(undefined)
    expect(sinceTold()).toBeCloseTo(3, 2)
    world.advance(HOUR_MS / 2)
    void peer.supervisor.stop()
    world.advance(10_000)
    expect(sinceTold()).toBeGreaterThan(3.3)
  })

  test('is no sight in a slot of which the network says so', () => {
    const asked = new Set<string>()
    const { peer, sinceTold, world } = startDialled((slot, moment) => {
      asked.add(`${slot} ${moment}`)
      return false
    })
    void peer.supervisor.stop()
    world.advance(10_000)
    expect(sinceTold()).toBe(0)
    expect([...asked].sort()).toEqual(['outbound active', 'outbound ended'])
  })

  test('is a sight at its end alone where the network says so', () => {
    const { peer, sinceTold, world } = startDialled((_, moment) => moment === 'ended')
    expect(sinceTold()).toBe(0)
    void peer.supervisor.stop()
    world.advance(10_000)
    expect(sinceTold()).toBeCloseTo(3, 1)
  })
})

test('a dial that is given up because the node is paused is none of the address', () => {
  const { book, heard, node, tools, world } = startBorrower()
  world.network.setReach(() => 'silent')
  tools().after(1, () => {
    heard(at(2))
  })
  world.advance(500)
  const view = () => book().find(keyOf(at(2)))
  expect(view()?.attemptedMs).toBeGreaterThan(0)
  node.supervisor.pause()
  world.advance(10)
  expect(view()?.attemptedMs).toBe(0)
})

test('where a child alone dials, whose place in the book is wanted stays for it to dial', () => {
  const { heard, node, startPeer, tools, world } = startBorrower({ slots: CHOSEN })
  startPeer()
  heard(at(2))
  world.advance(60_000)
  expect(node.supervisor.connections()).toEqual([])
  expect(tools().dial(at(2), 'chosen')).toBe(true)
})

test('the network knows of a dial what is claimed about the address', () => {
  const marks: bigint[] = []
  const { heard, tools, world } = startBorrower({
    slots: CHOSEN,
    dial(_, about) {
      marks.push(about.marks)
      return undefined
    },
  })
  heard(at(2), { marks: 0x809n })
  tools().dial(at(2), 'chosen')
  world.advance(1_000)
  tools().dial(at(3), 'chosen')
  world.advance(1_000)
  expect(marks).toEqual([0x809n, 0n])
})
