/**
 * What a node of the Bitcoin network was made with, so that its recordings can be replayed. Nothing of it is
 * secret.
 * @module
 */
import type { Recipe } from '../../actors/protocol.ts'
import type { BitcoinOptions } from '../bitcoin.ts'
import { checkOptions } from './options.ts'

export const recipeOf = ({ limits, ...options }: BitcoinOptions): Recipe => ({
  settings: { ...options, ...(limits === undefined ? {} : { limits: { ...limits } }) },
  secrets: {},
})

/** @throws {RangeError} */
export function optionsOf({ settings }: Recipe): BitcoinOptions {
  checkOptions(settings)
  return settings
}
