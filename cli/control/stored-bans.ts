/**
 * The bans of a data folder that no node owns: its store is opened for as long as it takes.
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DATA_FILE } from '../../store/data-folder.ts'
import { storeErrorOf } from '../../store/faults.ts'
import { checkLmdbFile } from '../../store/lmdb-check.ts'
import { lmdbStore } from '../../store/lmdb.ts'
import { printBanKey } from '../../supervisor/ban-records.ts'
import type { BanKey } from '../../supervisor/ban-records.ts'
import { BANS_READ_MAX, BANS_TABLE, createBans } from '../../supervisor/bans.ts'
import type { Bans } from '../../supervisor/bans.ts'
import type { StoreInput } from '../../world/store.ts'
import { CommandFault } from '../command-fault.ts'
import { KEY_FILE } from '../key-file.ts'
import { hasOwner } from './client.ts'
import { banRow } from './rows.ts'
import { keyOfPrinted, keyWithoutNetwork, wordOf } from './subject.ts'
import type { ControlRequest, Row } from './protocol.ts'

/** A store that checks a large file after a crash takes seconds, not minutes. */
const STORE_MS = 30_000

/**
 * The same rows as a node would answer, less what only a running one knows; undefined where somebody
 * owns the folder by now. @throws {CommandFault}
 */
export async function answerFromStore(
  folder: string,
  request: ControlRequest,
): Promise<readonly Row[] | undefined> {
  const nowMs = Date.now()
  switch (request.ask) {
    case 'peers':
    case 'bans':
      return withBans(folder, nowMs, (bans) => bans.list(nowMs).map(banRow))
    case 'ban': {
      const key = keyOf(request.subject)
      const { forMs, why } = request
      const untilMs = forMs === null ? undefined : nowMs + forMs
      return withBans(folder, nowMs, (bans) => {
        const outcome = bans.ban(key, { manual: true, reason: why, untilMs }, nowMs)
        if ('refused' in outcome) throw new CommandFault(1, outcome.refused)
        const { reason } = outcome.banned
        return [{ event: 'banned', subject: printBanKey(key), reason, untilMs: untilMs ?? null }]
      })
    }
    case 'unban': {
      const { subject } = request
      return withBans(folder, nowMs, (bans) => {
        const key = keyOfPrinted(subject, bans.list(nowMs)) ?? keyOf(wordOf(subject))
        return bans.unban(key) ? [{ event: 'unbanned', subject: printBanKey(key) }] : []
      })
    }
  }
}

function keyOf(subject: string): BanKey {
  const key = keyWithoutNetwork(subject)
  if (key !== undefined) return key
  throw new CommandFault(
    2,
    `${subject} is neither an IP address nor an identity; an address is understood by a running node`,
  )
}

/**
 * A store is neither begun where no node ever was, for nobody would read it, nor in the place of a
 * damaged one: that is the node's to do, which tells of it. False: somebody owns the folder by now.
 * @throws {CommandFault} there is no store, or it cannot be opened
 */
async function hasSoundStore(folder: string): Promise<boolean> {
  const dataFile = join(folder, DATA_FILE)
  if (!existsSync(dataFile)) {
    // The key is there before the first start: so may a ban be.
    if (existsSync(join(folder, KEY_FILE))) return true
    throw new CommandFault(2, `there is no store in ${folder}: no node has used it yet`)
  }
  let damage: string | undefined
  try {
    damage = checkLmdbFile(dataFile)
  } catch (cause) {
    const { message } = storeErrorOf(cause, `the data folder ${folder}`)
    throw new CommandFault(1, message, { cause })
  }
  if (damage === undefined) return true
  // An owner writes to the file while it is read here.
  if (await hasOwner(folder)) return false
  throw new CommandFault(
    1,
    `the store in ${folder} is damaged: ${damage}; a node that starts there moves it aside and begins a new one`,
  )
}

/** Everything is on the medium when this settles. Undefined: the folder has an owner. */
async function withBans<Result>(
  folder: string,
  nowMs: number,
  use: (bans: Bans) => Result,
): Promise<Result | undefined> {
  if (!(await hasSoundStore(folder))) return undefined
  const store = lmdbStore(folder)
  const inputs = createInputs()
  store.open(inputs.enter)
  try {
    const opened = await inputs.next()
    if (opened.kind === 'store.refused' && opened.fault === 'owned') return undefined
    if (opened.kind === 'store.refused') throw new CommandFault(1, opened.message)
    // It was damaged since it was looked at.
    if (opened.kind === 'store.opened' && opened.setAside.length > 0) {
      throw new CommandFault(1, opened.setAside.join('; '))
    }
    const bans = createBans()
    bans.load(store.range(BANS_TABLE, { limit: BANS_READ_MAX }), nowMs)
    const result = use(bans)
    const changes = bans.changes()
    if (changes.length > 0) {
      store.write(1, changes)
      const written = await inputs.next()
      if (written.kind === 'store.failed') {
        throw new CommandFault(1, `the data folder ${folder} cannot be written: ${written.fault}`)
      }
    }
    return result
  } finally {
    store.close()
    await inputs.until('store.closed')
  }
}

interface Inputs {
  enter(input: StoreInput): void
  /** In their order. @throws {CommandFault} none came in time */
  next(): Promise<StoreInput>
  until(kind: StoreInput['kind']): Promise<void>
}

function createInputs(): Inputs {
  const waiting: StoreInput[] = []
  let wake: (() => void) | undefined

  const arrival = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new CommandFault(1, 'the store did not answer in time'))
      }, STORE_MS)
      wake = () => {
        clearTimeout(deadline)
        resolve()
      }
    })
  const next = async (): Promise<StoreInput> => {
    for (;;) {
      const input = waiting.shift()
      if (input !== undefined) return input
      await arrival()
    }
  }

  return {
    enter(input) {
      waiting.push(input)
      wake?.()
    },
    next,
    async until(kind) {
      for (;;) if ((await next()).kind === kind) return
    },
  }
}
