/** What differs between the kinds of connections, for peers that offer all that we connect for. */
import { describe, expect, test } from 'vitest'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { startStage, typesOf } from './bitcoin-stage.ts'
import type { BitcoinPeer, Stage, StageOptions } from './bitcoin-stage.ts'
import { list, raw, VERACK } from './bitcoin-support.ts'

const HASH = new Uint8Array(32)
const KINDS = [
  'full-relay',
  'block-relay-only',
  'feeler',
  'addr-fetch',
  'manual',
  'inbound',
] as const
type Kind = (typeof KINDS)[number]

/** A peer on a connection of the kind, and how far it comes. */
function meetAs(kind: Kind, options: StageOptions = {}): { stage: Stage; peer: BitcoinPeer } {
  if (kind === 'inbound') {
    const stage = startStage(options)
    return { stage, peer: stage.meet() }
  }
  const stage = startStage({ ...options, dials: [kind] })
  const [peer] = stage.dialled
  if (peer === undefined) throw new Error('nobody is dialled')
  stage.greet(peer)
  // A feeler is gone by then.
  if (kind !== 'feeler') stage.say(peer, VERACK)
  return { stage, peer }
}

const versionHeardBy = ({ heard }: BitcoinPeer) =>
  heard.flatMap((message) => (message.type === 'version' ? [message] : []))[0]

const endsOf = (kinds: readonly Kind[], message: BitcoinMessage, options: StageOptions = {}) =>
  kinds.map((kind) => {
    const { peer, stage } = meetAs(kind, options)
    stage.say(peer, message)
    stage.world.advance(100)
    return [kind, stage.details()[0] ?? 'active', stage.discouraged()]
  })

describe('by kind of connection', () => {
  test('we ask to be told of transactions, or not', () => {
    const relays = (options: StageOptions) =>
      KINDS.map((kind) => [kind, versionHeardBy(meetAs(kind, options).peer)?.relay])
    expect(Object.fromEntries(relays({}))).toEqual({
      ...{ 'full-relay': true, 'block-relay-only': false, feeler: false },
      ...{ 'addr-fetch': true, manual: true, inbound: true },
    })
    expect(relays({ blocksOnly: true })).toEqual(KINDS.map((kind) => [kind, false]))
  })

  test('getaddr is asked behind verack, of those that are dialled and tell addresses', () => {
    const asked = KINDS.filter((kind) => typesOf(meetAs(kind).peer).includes('getaddr'))
    expect(asked).toEqual(['full-relay', 'addr-fetch', 'manual'])
    const said = typesOf(meetAs('manual').peer)
    expect(said.indexOf('getaddr')).toBe(said.indexOf('verack') + 1)
  })

  const transactions = [
    { type: 'inv', entries: [{ kind: 1, hash: HASH }] },
    { type: 'inv', entries: [{ kind: 5, hash: HASH }] },
    {
      type: 'inv',
      entries: [
        { kind: 2, hash: HASH },
        { kind: 0x4000_0001, hash: HASH },
      ],
    },
    raw('tx', new Uint8Array(10)),
  ] as const

  test.each(transactions)('a transaction where we want none costs the connection', (message) => {
    const kinds = ['full-relay', 'block-relay-only', 'manual', 'inbound'] as const
    expect(endsOf(kinds, message)).toEqual([
      ['full-relay', 'active', 0],
      ['block-relay-only', 'unwanted-transaction', 0],
      ['manual', 'active', 0],
      ['inbound', 'active', 0],
    ])
    expect(endsOf(['inbound'], message, { blocksOnly: true })).toEqual([
      ['inbound', 'unwanted-transaction', 0],
    ])
  })

  test('a block that is announced is welcome everywhere', () => {
    const block: BitcoinMessage = { type: 'inv', entries: [{ kind: 2, hash: HASH }] }
    const kinds = ['full-relay', 'block-relay-only', 'manual', 'inbound'] as const
    expect(endsOf(kinds, block, { blocksOnly: true })).toEqual(
      kinds.map((kind) => [kind, 'active', 0]),
    )
  })

  test('whom the application asked for is not shunned, and is left where the connection is of no use', () => {
    expect(endsOf(['manual', 'full-relay'], raw('inv', list(50_001, 36)))).toEqual([
      ['manual', 'active', 0],
      ['full-relay', 'too-many-inventories', 1],
    ])
    expect(endsOf(['manual'], { type: 'wtxidrelay' })).toEqual([['manual', 'late-negotiation', 0]])
  })

  test('addresses where none are told count for nothing, however many', () => {
    expect(endsOf(['block-relay-only', 'full-relay'], raw('addr', list(1_001, 30)))).toEqual([
      ['block-relay-only', 'active', 0],
      ['full-relay', 'too-many-addresses', 1],
    ])
  })
})

describe('sendcmpct and sendheaders before verack', () => {
  const compact = (announce: number, version = 2): BitcoinMessage =>
    raw('sendcmpct', announce, version, new Uint8Array(7))

  /** What a subscriber hears, and how it ends, of who says these between `version` and `verack`. */
  function early(...messages: readonly BitcoinMessage[]) {
    const stage = startStage()
    const heard: unknown[] = []
    for (const type of ['sendcmpct', 'sendheaders'] as const) {
      stage.ours.supervisor.messages(type).subscribe(({ message }) => heard.push(message))
    }
    const peer = stage.come()
    stage.greet(peer)
    stage.say(peer, ...messages)
    expect(heard).toEqual([])
    stage.say(peer, VERACK)
    stage.world.advance(100)
    return { heard, end: stage.details()[0] ?? 'active' }
  }

  test('are what holds afterwards, the last of each', () => {
    expect(early(compact(0), { type: 'sendheaders' }, compact(1)).heard).toEqual([
      { type: 'sendheaders' },
      { type: 'sendcmpct', announce: 1, version: 2n },
    ])
  })

  test('a version of compact blocks that nobody speaks takes nothing back', () => {
    expect(early(compact(1), compact(0, 1)).heard).toEqual([
      { type: 'sendcmpct', announce: 1, version: 2n },
    ])
  })

  test('neither yes nor no costs the connection, whatever is said behind it', () => {
    expect(early(compact(2), compact(1)).end).toBe('bad-announcement')
    expect(early(compact(2, 1)).end).toBe('bad-announcement')
    expect(early(compact(1), compact(0)).end).toBe('active')
  })
})
