import { describe, expect, test } from 'vitest'
import { addressOf } from '../../codec/bitcoin/address.ts'
import { concatBytes } from '../../codec/bytes.ts'
import { addressBookRules } from '../../protocols/bitcoin/address-book-rules.ts'
import { ADDRESSES_TABLE } from '../../supervisor/address-book-contract.ts'
import { decodeRecord, encodeRecord } from '../../supervisor/address-book-records.ts'
import type { StoredRecord } from '../../supervisor/address-book-records.ts'
import type { StoreEntry } from '../../world/store.ts'
import { ALL_NETWORKS } from './bitcoin-addresses-support.ts'
import { entryOf, startRelay, textsOf } from './bitcoin-relay-support.ts'

const { digest } = addressBookRules(ALL_NETWORKS)
const COUNT = 20
const CHECKSUM_BYTES = 4

/** A node that was killed, and its store in a test's hands before it starts again. */
function startKilled(count = COUNT) {
  const started = startRelay()
  const { book, tools, world } = started
  for (const text of textsOf(count)) {
    const address = addressOf(entryOf(text, 0).address)
    if (address === undefined) throw new Error('there is one')
    const sourceGroup = Uint8Array.from(address.host.split('.').slice(0, 2).map(Number))
    const seenMs = tools().wallMs()
    book().heard(address, { sourceGroup, isOwnSource: true, marks: 9n, penaltyMs: 0, seenMs })
  }
  world.advance(2_000)
  const start = started.kill()
  /** Changes the values of all records of addresses. */
  const alter = (change: (value: Uint8Array) => Uint8Array): void => {
    const store = world.medium('node').store({ later: (run) => run(), commits: 'asked' })
    store.open(() => undefined)
    const entries: StoreEntry[] = [...store.range(ADDRESSES_TABLE, { limit: 100 })]
    const changes = entries
      .filter(([key]) => key.length > 1)
      .map(([key, value]) => ({ table: ADDRESSES_TABLE, key, value: change(value) }))
    expect(changes).toHaveLength(count)
    store.write(1, changes)
    store.close()
  }
  const restart = () => {
    const { eventsOf, supervisor } = start()
    return {
      state: supervisor.state,
      known: book().size.new + book().size.tried,
      unreadable: eventsOf('addresses.unreadable').map((event) => event.count),
      setAside: eventsOf('store.set-aside').length,
    }
  }
  return { ...started, alter, restart }
}

const FINE = { state: 'running', unreadable: [], setAside: 0 }

/** The record, changed, with a right checksum. */
const rewritten =
  (change: Partial<StoredRecord>) =>
  (value: Uint8Array): Uint8Array => {
    const record = decodeRecord(digest, value)
    if (typeof record === 'string') throw new Error(record)
    return encodeRecord(digest, { ...record, ...change })
  }

/** One byte of it is another, and its checksum is right. */
const altered =
  (at: number, byte: number) =>
  (value: Uint8Array): Uint8Array => {
    const body = value.slice(0, -CHECKSUM_BYTES).with(at, byte)
    return concatBytes(body, digest(body).subarray(0, CHECKSUM_BYTES))
  }

const ofVersion = (version: number) => altered(0, version)
/** Where the length of the source's group stands. */
const GROUP_LENGTH_AT = 46

/** Core refuses to start with what it cannot read; here that is set aside and told, and the node starts. */
describe('feature_addrman', () => {
  test('feature_addrman: absent, truncated, wrong-magic, wrong-checksum, absurd-length and inconsistent peers files: exact failure semantics (absent)', () => {
    expect(startKilled(0).restart()).toEqual({ ...FINE, known: 0 })
  })

  test('a book that is as it was written is there again', () => {
    expect(startKilled().restart()).toEqual({ ...FINE, known: COUNT })
  })

  test.each<[title: string, change: (value: Uint8Array) => Uint8Array]>([
    ['cut short', (value) => value.subarray(0, value.length - 1)],
    ['empty', () => new Uint8Array(0)],
    ['with another first byte and no checksum for it', (value) => value.with(0, 9)],
    ['with a wrong checksum', (value) => value.with(-1, (value.at(-1) ?? 0) ^ 1)],
    ['with a length that leads out of it', altered(GROUP_LENGTH_AT, 255)],
    ['of absurd length', (value) => concatBytes(value, new Uint8Array(100_000))],
    ['in no table', rewritten({ newBuckets: [] })],
    ['in tried without ever having answered', rewritten({ isTried: true, newBuckets: [] })],
  ])(
    'feature_addrman: absent, truncated, wrong-magic, wrong-checksum, absurd-length and inconsistent peers files: exact failure semantics (%s)',
    (_, change) => {
      const { alter, restart } = startKilled()
      alter(change)
      expect(restart()).toMatchObject({ state: 'running', known: 0, unreadable: [COUNT] })
    },
  )

  test('feature_addrman: newer format backed up (it stays where it is)', () => {
    const { alter, kill, restart, world } = startKilled()
    alter(ofVersion(3))
    expect(restart()).toMatchObject({ state: 'running', known: 0, unreadable: [COUNT] })
    world.advance(5_000)
    kill()
    alter(ofVersion(2))
    expect(restart()).toEqual({ ...FINE, known: COUNT })
  })

  test('a store that cannot be read at all is set aside and told, and the node begins anew', () => {
    const { restart, world } = startKilled()
    world.medium('node').damage()
    expect(restart()).toEqual({ ...FINE, known: 0, setAside: 1 })
  })
})
