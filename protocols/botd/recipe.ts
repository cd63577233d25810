/**
 * What a node of the BOTD network was made with, so that its recordings can be replayed.
 * @module
 */
import type { Recipe } from '../../actors/protocol.ts'
import type { BotdOptions } from '../botd.ts'
import type { BotdLimits } from './limits.ts'

export const recipeOf = (
  { closeOnMissingPong, limits }: BotdOptions,
  privateKey: Uint8Array,
): Recipe => ({
  settings: {
    ...(closeOnMissingPong === undefined ? {} : { closeOnMissingPong }),
    ...(limits === undefined ? {} : { limits: { ...limits } }),
  },
  secrets: { privateKey: privateKey.slice() },
})

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * In place of the key that the recording of one connection does not hold: its session never sees the
 * key, and what the node part answered stands in the recording.
 */
const NO_KEY = new Uint8Array(32).fill(1)

/** @throws {RangeError} */
export function optionsOf({ secrets, settings }: Recipe): BotdOptions {
  const { privateKey = NO_KEY } = secrets
  if (!isRecord(settings)) throw new RangeError('the recipe has no settings')
  const { closeOnMissingPong = true, limits = {} } = settings
  if (typeof closeOnMissingPong !== 'boolean') {
    throw new RangeError('what the recipe says of missing pongs is neither yes nor no')
  }
  if (!isRecord(limits)) throw new RangeError('the limits of the recipe are none')
  // The factory checks each of them: a name of none changes nothing.
  const numbers = limits as Partial<BotdLimits>
  return { privateKey, closeOnMissingPong, limits: numbers }
}
