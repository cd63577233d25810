/**
 * A node's journal, replayed: the node is put together again from what the journal says of it.
 * @module
 */
import type { Protocol, Recipe } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { nodeLimitsOf } from '../supervisor/limits.ts'
import type { GivenLimits } from '../supervisor/limits.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import { seededRandom } from '../transport/random.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSecrets } from './node-entries.ts'
import { withBookSecret } from './node-journal.ts'
import type { NodeJournal } from './node-journal.ts'
import { replayNode } from './node-replay.ts'
import type { NodeReplay, ReplayOptions } from './node-replay.ts'

export interface JournalReplayOptions<T extends ProtocolTypes> {
  /** Makes the network's manifest as it was; called for each run. `tools.remake` of a network does it. */
  readonly protocol: (recipe: Recipe) => Protocol<T>
  /** Left out: the fastest that is there. The result is the same with each. */
  readonly crypto?: CryptoBackend
  /** In place of those that were taken out. */
  readonly secrets?: JournalSecrets
  /** The core's own charts, with other implementations. */
  readonly charts?: ReplayOptions<T>['charts']
}

const isRecord = (value: unknown): value is GivenLimits =>
  typeof value === 'object' && value !== null

/**
 * A broken journal (`isBroken`) is never the same again: it is walked as far as it is whole, and then
 * refused.
 * @throws {JournalError} `redacted`, `other-protocol`, `damaged`
 */
export function replay<T extends ProtocolTypes>(
  journal: NodeJournal,
  options: JournalReplayOptions<T>,
): NodeReplay<T> {
  const { charts, crypto = chooseCrypto(), secrets = journal.secrets } = options
  const { incomplete = 'it is broken', isBroken } = journal
  const { bootstrap, limits, listen, name, protocol: network, settings } = journal.header
  if (secrets === undefined) {
    const what = 'its secrets were taken out: it shows states and sizes'
    throw new JournalError('redacted', `${what}, and is replayed only with others in their place`)
  }
  const make = (): Protocol<T> => options.protocol({ settings, secrets: secrets.protocol })
  const { addresses, name: given } = make()
  if (given !== network) {
    throw new JournalError('other-protocol', `it is of the network ${network}, not of ${given}`)
  }
  if (!isRecord(limits)) throw new JournalError('damaged', 'its header has no limits')
  const parsed = bootstrap.map((text) => {
    const result = addresses.parse(text)
    if (!('wrong' in result)) return result.address
    throw new JournalError('damaged', `its bootstrap address ${text} is none: ${result.wrong}`)
  })
  const recorded = {
    name,
    protocol: make,
    listen,
    bootstrap: parsed,
    limits: nodeLimitsOf(limits),
    speaksDatagrams: journal.header.speaksDatagrams,
    crypto,
    random: () => seededRandom(secrets.seed),
    ...(charts === undefined ? {} : { charts }),
  }
  const { bookSecret } = secrets
  const isHidden = journal.secrets === undefined && bookSecret !== undefined
  const entries = isHidden ? withBookSecret(journal.entries, bookSecret) : journal.entries
  return replayNode<T>(entries, recorded, isBroken ? incomplete : undefined)
}
