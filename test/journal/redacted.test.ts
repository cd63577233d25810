import { describe, expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import { concatBytes, encodeHex, equalBytes } from '../../codec/bytes.ts'
import { encodeHead, HEAD_BYTES } from '../../journal/head.ts'
import type { JournalEnding } from '../../journal/head.ts'
import { memoryJournal } from '../../journal/memory-journal.ts'
import type { MemoryJournal } from '../../journal/memory-journal.ts'
import { decodeNodeJournal, redact } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import { readSegments, SEGMENT_OVERHEAD_BYTES } from '../../journal/segments.ts'
import { native, tools } from '../../protocols/native.ts'
import { SECRET_KEY } from '../../supervisor/address-book-records.ts'
import { startVirtualWorld, until } from '../../testing/testing.ts'
import { keyOf, recordable, recordDay } from './recorded.ts'

const { ownAddress: nativeAddress = () => '' } = tools

/** Alice, whose address book was stored in a life before this one. */
async function recordSecondLife(): Promise<Uint8Array> {
  const world = startVirtualWorld({ seed: 'lives' })
  const start = async (name: string, host: string, record?: MemoryJournal) => {
    const { datagrams, store, streams, ...rest } = world.nodeWorld(name, host)
    const protocol = native({ network: 'test/lives', privateKey: keyOf(name) })
    const supervisor = createSupervisor({
      ...{ name, protocol, transport: streams, store, world: rest, listen: [`${host}:9946`] },
      ...(datagrams && { datagrams }),
      ...(record && { record }),
    })
    await until(world, supervisor.start())
    return { supervisor, identity: protocol.identity ?? '' }
  }
  const bob = await start('bob', '10.0.0.2')
  const first = await start('alice', '10.0.0.1')
  const address = nativeAddress(bob.identity, { host: '10.0.0.2', port: 9946 })
  await until(world, first.supervisor.connect(address))
  world.advance(600_000)
  await until(world, first.supervisor.stop())
  world.settle()
  world.kill('alice')
  const journal = memoryJournal()
  const second = await start('alice', '10.0.0.1', journal)
  await until(world, second.supervisor.stop())
  world.settle()
  return journal.bytes()
}

const bookSecretsIn = (bytes: Uint8Array): readonly Uint8Array[] =>
  decodeNodeJournal(bytes).entries.flatMap(({ reads }) =>
    reads.flat().flatMap(([key, value]) => (equalBytes(key, SECRET_KEY) ? [value] : [])),
  )

test('the secret of an address book that was read from the store is taken out, too', async () => {
  const bytes = await recordSecondLife()
  const [secret = new Uint8Array(), ...others] = bookSecretsIn(bytes)
  expect([secret.length, others]).toEqual([45, []])
  const redacted = redact(bytes)
  expect(bookSecretsIn(redacted)).toEqual([new Uint8Array(45)])
  expect(encodeHex(redacted)).not.toContain(encodeHex(secret.subarray(9, 41)))
  // All else stands as it stood, and under a seal of its own.
  const [whole, shown] = [bytes, redacted].map(decodeNodeJournal)
  expect(shown).toMatchObject({ incomplete: undefined, isBroken: false, secrets: undefined })
  expect(shown?.entries.map(({ input, outcome }) => [input, outcome])).toEqual(
    whole?.entries.map(({ input, outcome }) => [input, outcome]),
  )
  expect(shown?.seal).not.toBe(whole?.seal)
  expect(encodeHex(bytes)).toContain(encodeHex(secret))
})

test('with its own secrets it is the same again, also where its store had an address book', async () => {
  const bytes = await recordSecondLife()
  const { secrets } = decodeNodeJournal(bytes)
  const redacted = decodeNodeJournal(redact(bytes))
  if (secrets === undefined || tools.remake === undefined) throw new Error('nothing is replayed')
  expect(replay(redacted, { protocol: tools.remake, secrets }).run()).toBeUndefined()
  const { protocol, seed } = secrets
  const others = { protocol, seed }
  expect(replay(redacted, { protocol: tools.remake, secrets: others }).run()).toBeDefined()
})

describe('what is wrong with a journal', () => {
  const journal = memoryJournal()
  recordDay(recordable.native, journal)
  const bytes = journal.bytes()
  const { contents } = readSegments(bytes, HEAD_BYTES)
  /** Up to the first segment with entries, that one included. */
  const startBytes = contents
    .slice(0, 3)
    .reduce((sum, { length }) => sum + SEGMENT_OVERHEAD_BYTES + length, HEAD_BYTES)
  const headed = (ending: JournalEnding, of: Uint8Array) =>
    concatBytes(encodeHead({ kind: 'node', ending, lostEntries: 0 }), of.subarray(HEAD_BYTES))
  const cut = bytes.subarray(0, startBytes + SEGMENT_OVERHEAD_BYTES + 1)
  const damaged = concatBytes(bytes.subarray(0, startBytes), new Uint8Array(9).fill(0xff))

  const endings: readonly (readonly [JournalEnding, boolean])[] = [
    ['whole', true],
    ['cap', true],
    ['slow', true],
    ['unwritable', true],
    ['open', false],
    ['no-space', false],
    ['failed', false],
  ]
  test.each(endings)('is said of one that ended as %s and is cut off: %s', (ending, isBroken) => {
    const read = decodeNodeJournal(headed(ending, cut))
    expect(read).toMatchObject({ isBroken, head: { ending } })
    expect(read.incomplete).toContain('cut off at byte')
    expect(decodeNodeJournal(headed(ending, damaged)).isBroken).toBe(true)
  })

  test.each(endings)('is wrong without its secrets, too: %s', (ending) => {
    for (const one of [cut, damaged, bytes.subarray(0, startBytes)]) {
      const given = headed(ending, one)
      const before = decodeNodeJournal(given)
      const after = decodeNodeJournal(redact(given))
      expect(after.isBroken).toBe(before.isBroken)
      expect(after.incomplete?.replace(/\d+/g, '')).toBe(before.incomplete?.replace(/\d+/g, ''))
    }
  })

  test('is nothing where no input entered: the header alone is a journal without secrets', () => {
    const [header, secrets] = contents
    if (header === undefined || secrets === undefined) throw new Error('it begins with both')
    const length = HEAD_BYTES + 2 * SEGMENT_OVERHEAD_BYTES + header.length + secrets.length
    const begun = headed('open', bytes.subarray(0, length))
    const shown = decodeNodeJournal(redact(begun))
    expect(shown).toMatchObject({ entries: [], isBroken: false, secrets: undefined })
    expect(shown.incomplete).toContain('not brought to its end')
    for (const broken of [concatBytes(begun, Uint8Array.of(1)), headed('whole', begun)]) {
      expect(() => redact(broken)).toThrow('before its first entry')
    }
  })
})
