/**
 * What a page asks of recordings, checked: whatever comes is nobody's word.
 * @module
 */
import type { JournalRequest } from './messages.ts'
import { isRecord } from './queries.ts'
import { isFileName } from './record-folder.ts'

/** An uploaded journal of 16 MiB, in base64. */
const BASE64_LENGTH_MAX = Math.ceil((16 * 1_048_576) / 3) * 4
/** A connection's name, a node's, or what a person calls a file. */
const TEXT_LENGTH_MAX = 256

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= TEXT_LENGTH_MAX
const isStep = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

function openingOf(given: Readonly<Record<string, unknown>>): JournalRequest | undefined {
  const { base64, connection, file, name, node, open } = given
  switch (open) {
    case 'file':
      return isFileName(file) ? { open, file } : undefined
    case 'flight':
      return isText(node) && isText(connection) ? { open, node, connection } : undefined
    case 'bytes': {
      const isBytes = typeof base64 === 'string' && base64.length <= BASE64_LENGTH_MAX
      return isBytes && isText(name) ? { open, name, base64 } : undefined
    }
    default:
      return undefined
  }
}

/** Undefined: it is none. Fields of no meaning are passed over. */
export function journalRequestOf(given: unknown): JournalRequest | undefined {
  if (!isRecord(given)) return undefined
  const { close, fork, journal, list, open, step } = given
  if (open !== undefined) return openingOf(given)
  if (list === true) return { list }
  if (isText(close)) return { close }
  if (!isText(journal)) return undefined
  if (isStep(step)) return { step, journal }
  if (!isStep(fork)) return undefined
  const { file } = given
  if (file === undefined) return { fork, journal }
  return isText(file) ? { fork, journal, file } : undefined
}
