import { expect, test } from 'vitest'
import { decodeNodeJournal, memoryJournal, replay, startPair } from '../../../testing/testing.ts'
import { native, tools } from '../../../protocols/native.ts'

const KEYS = { dialler: new Uint8Array(32).fill(1), listener: new Uint8Array(32).fill(2) }

test('what was recorded happens again, up to where another life begins', async () => {
  // In production: `fileJournal('node.journal')`, or `peerloom node ... --record node.journal`.
  const journal = memoryJournal()
  const { dialler, stop, world } = startPair(
    (role) => native({ network: 'test/chat', privateKey: KEYS[role] }),
    { address: tools.ownAddress, record: { dialler: journal } },
  )
  const payload = Uint8Array.of(1, 2, 3)
  dialler.supervisor.send(dialler.connection, { type: 'message', protocol: 'chat', payload })
  world.advance(1_000)
  await stop()

  const { remake } = tools
  if (remake === undefined) throw new Error('the network does not say how it is replayed')
  const again = replay(decodeNodeJournal(journal.bytes()), { protocol: remake })
  expect(again.run()).toBeUndefined() // or the first difference: position, expected, got

  for (const step of again.steps()) {
    const [connection] = step.snapshot().connections
    if (connection?.phase !== 'active') continue
    // From here on nothing comes any more, and an hour goes by.
    const other = step.fork()
    other.advance(3_600_000)
    expect(other.connections().filter(({ phase }) => phase === 'active')).toEqual([])
    break
  }
})
