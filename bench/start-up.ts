/**
 * How long a process takes until its node listens, and how much has to be installed for it.
 * @module
 */
import { execFileSync, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, spreadOf } from './figures.ts'
import type { Row } from './figures.ts'
import { installedClosure } from './installed.ts'

const PROGRAM = fileURLToPath(new URL('./start-up-process.js', import.meta.url))
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MIB = 1_024 * 1_024

export type Starter = 'libp2p' | 'nothing' | 'peerloom'

/** Milliseconds since the process began, as it says itself. */
export interface StartTimes {
  readonly importedMs: number
  readonly listeningMs: number
}

const startOne = (who: Starter): Promise<StartTimes> =>
  new Promise((resolve, reject) => {
    const child = fork(PROGRAM, [who], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let times: StartTimes | undefined
    child.on('message', (told: StartTimes) => {
      times = told
      child.disconnect()
    })
    child.once('error', reject)
    child.once('exit', () => {
      if (times === undefined) reject(new Error(`${who} ended before it listened`))
      else resolve(times)
    })
  })

const ms = (value: number): string => `${value.toFixed(0)} ms`

/** In turns, each in a process of its own; the first of each reads the files, and is left out. */
export async function startUp(rounds: number): Promise<Row> {
  const times: Record<Starter, StartTimes[]> = { libp2p: [], nothing: [], peerloom: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const who of ['peerloom', 'libp2p', 'nothing'] as const) {
      const taken = await startOne(who)
      if (round > 0) times[who].push(taken)
    }
  }
  const listening = (who: Starter) => times[who].map(({ listeningMs }) => listeningMs)
  const imported = (who: Starter) => median(times[who].map(({ importedMs }) => importedMs))
  const [own, other] = [listening('peerloom'), listening('libp2p')]
  const ratios = own.map((taken, round) => (other[round] ?? NaN) / taken)
  return {
    ...{ row: 'start-up', value: median(own), unit: 'ms until it listens' },
    against: [
      {
        ...{ name: 'libp2p', theirs: median(other) },
        ...{ ratio: median(ratios), spread: spreadOf(ratios) },
      },
    ],
    more: `imported after ${ms(imported('peerloom'))}, libp2p after ${ms(imported('libp2p'))}; a process that imports nothing runs after ${ms(imported('nothing'))}`,
  }
}

/** What the native network needs, and the same functions of libp2p: TCP, Noise, Yamux, gossip, identify. */
const RIVAL = [
  ...['libp2p', '@libp2p/tcp', '@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux'],
  ...['@libp2p/gossipsub', '@libp2p/identify'],
]

/** The packed package as npm would unpack it. */
function packedBytes(): number {
  const arguments_ = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error']
  const said = execFileSync('npm', arguments_, { cwd: ROOT, encoding: 'utf8' })
  const [packed] = JSON.parse(said) as readonly { readonly unpackedSize: number }[]
  if (packed === undefined) throw new Error('npm packs nothing')
  return packed.unpackedSize
}

export function installedSize(): Row {
  const own = installedClosure(ROOT)
  const bytes = own.bytes + packedBytes()
  const theirs = installedClosure(`${ROOT}bench/`, RIVAL)
  return {
    ...{ row: 'installed-size', value: bytes / MIB, unit: 'MiB installed' },
    against: [
      { name: 'libp2p', theirs: theirs.bytes / MIB, ratio: theirs.bytes / bytes, spread: 0 },
    ],
    more: `${String(own.packages + 1)} packages, libp2p ${String(theirs.packages)}; files as they are unpacked, no dependency of development, optional ones where they are installed`,
  }
}
