import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdbStore } from '../../store/lmdb.ts'
import { memoryStore } from '../../store/memory.ts'
import { simulatedMedium } from '../../testing/simulated-store.ts'
import { storeContract } from '../../testing/store-contract.ts'
import { registerContract } from '../../testing/vitest.ts'

registerContract(
  'a store in memory',
  storeContract({
    keeps: false,
    start: async () => ({ store: memoryStore, release: async () => {} }),
  }),
)

registerContract(
  'a store on LMDB',
  storeContract({
    keeps: true,
    async start() {
      const folder = await mkdtemp(join(tmpdir(), 'peerloom-store-'))
      return {
        store: () => lmdbStore(folder),
        damage: () => writeFile(join(folder, 'store.mdb'), new Uint8Array(100_000).fill(0x5a)),
        release: () => rm(folder, { recursive: true }),
      }
    },
  }),
)

registerContract(
  'a simulated store',
  storeContract({
    keeps: true,
    async start() {
      const medium = simulatedMedium()
      return {
        store: () => medium.store({ later: setImmediate, commits: 'turn' }),
        damage: async () => medium.damage(),
        release: async () => {},
      }
    },
  }),
)
