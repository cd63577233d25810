/**
 * What a node of the native network was made with, so that its recordings can be replayed.
 * @module
 */
import type { Recipe } from '../../actors/protocol.ts'
import type { NativeOptions } from '../native.ts'

/** As the options were given: the allow list changes by commands, which a recording holds. */
export const recipeOf = (
  { allow, limits, network }: NativeOptions,
  privateKey: Uint8Array,
): Recipe => ({
  settings: {
    network,
    ...(allow === undefined ? {} : { allow: [...allow] }),
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
export function optionsOf({ secrets, settings }: Recipe): NativeOptions {
  const { privateKey = NO_KEY } = secrets
  if (!isRecord(settings)) throw new RangeError('the recipe has no settings')
  const { allow, limits = {}, network } = settings
  if (typeof network !== 'string') throw new RangeError('the recipe names no network')
  if (!isRecord(limits)) throw new RangeError('the limits of the recipe are none')
  const isList = Array.isArray(allow) && allow.every((id) => typeof id === 'string')
  if (allow !== undefined && !isList) throw new RangeError('the allow list of the recipe is none')
  // The factory checks each of them: a name of none changes nothing.
  const numbers = limits as NonNullable<NativeOptions['limits']>
  return { network, privateKey, limits: numbers, ...(isList ? { allow } : {}) }
}
