import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileJournal } from '../../journal/file-journal.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { recordable } from './recorded.ts'
import { recordSession } from './session.ts'

/** Sessions that were recorded over TCP on other days, other machines and other releases of Node. */
const FIXTURES = new URL('fixtures/', import.meta.url).pathname
const FIXTURE_BYTES_MAX = 1_000_000
const { remake } = recordable.native

/** Where behaviour was changed knowingly: once on the oldest and once on the newest Node. */
async function recordAnew(): Promise<void> {
  const major = process.versions.node.split('.')[0] ?? ''
  const path = (who: string): string => join(FIXTURES, `session-${who}-node-${major}.journal`)
  for (const who of ['alice', 'bob']) rmSync(path(who), { force: true })
  const journals = { alice: fileJournal(path('alice')), bob: fileJournal(path('bob')) }
  await recordSession(journals)
  await Promise.all([journals.alice.closed, journals.bob.closed])
}
if (process.env['PEERLOOM_FIXTURES'] === 'write') await recordAnew()

describe('a session of 10,000 messages that was recorded over TCP', () => {
  const files = readdirSync(FIXTURES).filter((file) => file.endsWith('.journal'))

  test('is there from the oldest and from a newer Node, and small', () => {
    const nodes = new Set(files.map((file) => /-node-(\d+)\./.exec(file)?.[1]))
    expect(nodes.size).toBeGreaterThan(1)
    expect(nodes).toContain('20')
    for (const file of files) {
      expect(statSync(join(FIXTURES, file)).size).toBeLessThan(FIXTURE_BYTES_MAX)
    }
  })

  test.each(
    files.flatMap((file) => BACKENDS.map((crypto) => [file, crypto.name, crypto] as const)),
  )('replays from %s with %s', (file, _, crypto) => {
    const journal = decodeNodeJournal(readFileSync(join(FIXTURES, file)))
    expect(journal.incomplete).toBeUndefined()
    expect(replay(journal, { crypto, protocol: remake }).run()).toBeUndefined()
  })
})
