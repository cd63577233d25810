import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeConnectionJournal } from '../../journal/connection-journal.ts'
import { replayConnection } from '../../journal/connection-replay.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import { tools } from '../../protocols/bitcoin.ts'
import { BACKENDS } from '../support/crypto-backends.ts'

const decodeLatin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** Sessions of ours with programs of others, recorded over TCP: `npm run interop:bitcoin -- --record FOLDER`. */
const FIXTURES = join(import.meta.dirname, 'fixtures')
const FILE_BYTES_MAX = 200_000
const ALL_BYTES_MAX = 1_000_000
const NAME = /^(core|btcd)-(v1|v2)-(dialler|listener|node)\.journal$/

const remake = tools.remake
if (remake === undefined) throw new Error('the network says how its recordings are replayed')

const files = readdirSync(FIXTURES).map((name) => {
  const [, daemon = '', transport = '', kind = ''] = NAME.exec(name) ?? []
  return {
    name,
    daemon,
    transport,
    kind,
    bytes: new Uint8Array(readFileSync(join(FIXTURES, name))),
  }
})
const connections = files.filter(({ kind }) => kind !== 'node')
const nodes = files.filter(({ kind }) => kind === 'node')
const onEachBackend = (some: typeof files) =>
  some.flatMap((file) => BACKENDS.map((crypto) => [file.name, crypto.name, file, crypto] as const))

describe('sessions with programs of others', () => {
  test('are there of both daemons, over both transports, in both directions, and small', () => {
    expect(connections.map(({ daemon, kind, transport }) => [daemon, transport, kind])).toEqual(
      ['btcd', 'core'].flatMap((daemon) =>
        ['v1', 'v2'].flatMap((transport) =>
          ['dialler', 'listener'].map((role) => [daemon, transport, role]),
        ),
      ),
    )
    expect(nodes).toHaveLength(2)
    for (const { bytes } of files) expect(bytes.length).toBeLessThan(FILE_BYTES_MAX)
    const all = files.reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(all).toBeLessThan(ALL_BYTES_MAX)
  })

  test.each(connections.map((file) => [file.name, file] as const))(
    'say in %s who they were with, and how',
    (_, { bytes, daemon, kind, transport }) => {
      const { incomplete, recording } = decodeConnectionJournal<BitcoinTypes>(bytes)
      expect(incomplete).toBeUndefined()
      expect(recording.header).toMatchObject({ protocol: 'bitcoin', options: { role: kind } })
      expect(recording.entries.at(-1)).toMatchObject({ of: 'over', why: 'closed' })
      const text = decodeLatin1(bytes)
      expect(text).toMatch(daemon === 'core' ? /\/Satoshi:/ : /\/btcd:/)
      // The head of a message over v1, which nobody reads on the way over v2.
      expect(text.includes('verack\0\0\0\0\0\0')).toBe(transport === 'v1')
    },
  )

  test.each(onEachBackend(connections))('replay from %s with %s', (_, __, { bytes }, crypto) => {
    const { recording } = decodeConnectionJournal<BitcoinTypes>(bytes)
    const protocol = remake({ settings: recording.header.settings, secrets: {} })
    expect(replayConnection(recording, { protocol, crypto })).toBeUndefined()
  })

  test.each(onEachBackend(nodes))('replay from %s with %s', (_, __, { bytes }, crypto) => {
    const journal = decodeNodeJournal(bytes)
    expect(journal.incomplete).toBeUndefined()
    expect(replay(journal, { crypto, protocol: remake }).run()).toBeUndefined()
  })
})
