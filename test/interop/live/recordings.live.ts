import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeConnectionJournal } from '../../../journal/connection-journal.ts'
import { connectionMemory } from '../../../journal/connection-memory.ts'
import { recordConnections } from '../../../journal/connection-recorder.ts'
import { memoryJournal } from '../../../journal/memory-journal.ts'
import { bitcoin } from '../../../protocols/bitcoin.ts'
import type { BitcoinTypes } from '../../../protocols/bitcoin.ts'
import { BITCOIND, BTCD, startBtcd, startCore } from './bitcoin-daemons.ts'
import type { StartOptions } from './bitcoin-daemons.ts'
import type { Daemon } from './daemon.ts'
import { eventually } from './eventually.ts'
import { startOurs } from './our-node.ts'
import type { OurNode, OurOptions } from './our-node.ts'

/** Where recordings go; undefined: nothing is recorded. */
const FOLDER = process.env['PEERLOOM_RECORD']
const TRANSPORTS = ['v1', 'v2'] as const
const DAEMONS: Readonly<Record<string, (options: StartOptions) => Promise<Daemon>>> = {
  ...(BITCOIND === undefined ? {} : { core: startCore }),
  ...(BTCD === undefined ? {} : { btcd: startBtcd }),
}
const CASES = Object.entries(DAEMONS).flatMap(([name, start]) =>
  TRANSPORTS.flatMap((transport) =>
    (['dialler', 'listener'] as const).map((role) => ({ name, start, transport, role })),
  ),
)

/** A session in which more is said than a handshake: pings, a question for addresses, something unknown. */
async function live(ours: OurNode): Promise<void> {
  await ours.whenActive()
  await eventually(ours.isPinged, 'an answer to our ping')
  const name = ours.connectionName()
  for (let nonce = 1n; nonce <= 3n; nonce++) ours.supervisor.send(name, { type: 'ping', nonce })
  ours.supervisor.send(name, {
    type: 'getheaders',
    version: 70_016,
    locator: [],
    stop: new Uint8Array(32),
  })
  ours.supervisor.send(name, { type: 'unknown', command: 'hello', payload: Uint8Array.of(7) })
  let pongs = 0
  const subscription = ours.supervisor.messages('pong').subscribe(() => pongs++)
  await eventually(() => pongs === 3, 'three pongs')
  subscription.unsubscribe()
}

/** Settles once all is over. */
async function session(
  { role, start, transport }: (typeof CASES)[number],
  recorded: OurOptions,
): Promise<void> {
  const isDialler = role === 'dialler'
  const protocol = bitcoin({
    // What a node does of its own accord changes oftener than what it says on a connection.
    ...{ network: 'regtest', services: ['network', 'witness'], connectOnly: true },
    transport: isDialler ? transport : 'both',
  })
  await using ours = await startOurs({ protocol, ...recorded })
  const options = { v2: transport === 'v2', ...(isDialler ? {} : { connect: ours.address }) }
  await using daemon = await start(options)
  if (isDialler) ours.dial(daemon.address)
  await live(ours)
}

describe.skipIf(FOLDER === undefined)('what is recorded (needs a folder to record to)', () => {
  const write = (name: string, bytes: Uint8Array): void => {
    mkdirSync(FOLDER ?? '', { recursive: true })
    writeFileSync(join(FOLDER ?? '', `${name}.journal`), bytes)
  }

  test.for(CASES)('is a connection with $name over $transport, as its $role', async (one) => {
    const memory = connectionMemory<BitcoinTypes>()
    const recorder = recordConnections<BitcoinTypes>({ sink: memory })
    await session(one, { connection: recorder.connection })
    expect(memory.failures).toEqual([])
    const recordings = memory.recordings.map(encodeConnectionJournal)
    expect(recordings).toHaveLength(1)
    for (const bytes of recordings) write(`${one.name}-${one.transport}-${one.role}`, bytes)
  })

  test.for(CASES.filter(({ name, role }) => name === 'core' && role === 'dialler'))(
    'is a node that dials $name over $transport',
    async (one) => {
      const journal = memoryJournal()
      await session(one, { record: journal })
      write(`${one.name}-${one.transport}-node`, journal.bytes())
    },
  )
})
