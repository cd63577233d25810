/**
 * From what the system and the database engine report to our own codes and sentences. Texts of
 * theirs end here: they differ between systems and versions, and a journal must not.
 * @module
 */
import { getSystemErrorName } from 'node:util'
import { StoreError } from '../world/store.ts'
import type { StoreFault } from '../world/store.ts'

const FAULT_BY_NAME: Readonly<Record<string, StoreFault>> = {
  EACCES: 'no-access',
  EPERM: 'no-access',
  EROFS: 'no-access',
  /** A file, or a link that leads nowhere, is where the folder should be. */
  EEXIST: 'no-access',
  ENOTDIR: 'no-access',
  ELOOP: 'no-access',
  ENAMETOOLONG: 'no-access',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  /** The file is at the largest size that this process may give it. */
  EFBIG: 'no-space',
}

/** LMDB's own codes (lmdb.h, "Return Codes") that speak of the file. */
const FAULT_BY_LMDB_CODE: Readonly<Record<number, StoreFault>> = {
  [-30797]: 'damaged', // MDB_PAGE_NOTFOUND
  [-30796]: 'damaged', // MDB_CORRUPTED
  [-30794]: 'damaged', // MDB_VERSION_MISMATCH
  [-30793]: 'damaged', // MDB_INVALID
  [-30792]: 'no-space', // MDB_MAP_FULL
}

const SENTENCES: Readonly<Record<StoreFault, string>> = {
  owned: 'another process owns it',
  'no-access': 'access to it is refused',
  'no-space': 'there is no space left for it',
  damaged: 'a file in it is damaged',
  closed: 'it is closed',
  failed: 'the system reports a fault',
}

export function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreError) return error.fault
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code === 'string') return FAULT_BY_NAME[code] ?? 'failed'
  if (typeof code !== 'number') return 'failed'
  if (code > 0) return FAULT_BY_NAME[getSystemErrorName(-code)] ?? 'failed'
  return FAULT_BY_LMDB_CODE[code] ?? 'failed'
}

/** @param subject what was worked on, as the sentence's beginning: `the data folder /x`. */
export function storeErrorOf(error: unknown, subject: string): StoreError {
  if (error instanceof StoreError) return error
  const fault = faultOf(error)
  return new StoreError(fault, `${subject} cannot be used: ${SENTENCES[fault]}`)
}
