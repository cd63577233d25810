import { describe, expect, test } from 'vitest'
import type { ProtocolTypes } from '../../index.ts'
import { replayConnection } from '../../journal/connection-replay.ts'
import { coalesced, oneByte, splitAt } from '../../transport/memory/chunking.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { startRecorded, SUBJECTS } from './connection-recorded.ts'
import type { RecordedOptions, Subject } from './connection-recorded.ts'

const crypto = nobleCrypto()

/** A life: talk, a ban from the other side, a new connection, a good end. */
function startLife<T extends ProtocolTypes>(subject: Subject<T>, options: RecordedOptions = {}) {
  const started = startRecorded(subject, options)
  const { alice, bob, carol, memory, protocol, recorder, talk, world } = started
  bob.supervisor.messages(subject.type).subscribe()
  talk()
  for (const { supervisor } of [alice, carol]) supervisor.ban('10.0.0.2', { ms: 2_000 })
  world.advance(20_000)
  talk(3)
  void bob.supervisor.stop()
  world.advance(10_000)
  return {
    ...started,
    recorder,
    differences: (other = crypto) =>
      memory.recordings.map((recording) =>
        replayConnection(recording, { protocol: protocol(), crypto: other }),
      ),
  }
}

const lives = {
  plain: (options?: RecordedOptions) => startLife(SUBJECTS.plain, options),
  keyed: (options?: RecordedOptions) => startLife(SUBJECTS.keyed, options),
  sniffing: (options?: RecordedOptions) => startLife(SUBJECTS.sniffing, options),
  native: (options?: RecordedOptions) => startLife(SUBJECTS.native, options),
}
const NETWORKS = ['plain', 'keyed', 'sniffing', 'native'] as const
const CHUNKINGS = {
  'as it was written': undefined,
  'byte by byte': oneByte,
  'all at once': coalesced,
  'cut anywhere': splitAt([1, 7, 30, 31, 64, 200, 333]),
}

describe('each connection of a recorded node does the same again, alone,', () => {
  const cases = NETWORKS.flatMap((network) =>
    Object.entries(CHUNKINGS).map(([how, chunking]) => [network, how, chunking] as const),
  )
  test.each(cases)('in %s, read %s', (network, _, chunking) => {
    const { differences, memory } = lives[network](chunking === undefined ? {} : { chunking })
    expect(memory.failures).toEqual([])
    const roles = memory.recordings.map(({ header }) => header.options.role)
    expect(new Set(roles)).toEqual(new Set(['dialler', 'listener']))
    expect(memory.recordings.map(({ entries }) => entries.at(-1))).toMatchObject(
      memory.recordings.map(() => ({ of: 'over', why: 'closed', final: { phase: 'closed' } })),
    )
    expect(differences().filter((one) => one !== undefined)).toEqual([])
  })

  test.each(BACKENDS.map((backend) => [backend.name, backend] as const))(
    'in the native network, with the cryptography of %s',
    (_, backend) => {
      const { differences } = lives.native()
      expect(differences(backend).filter((one) => one !== undefined)).toEqual([])
    },
  )
})
