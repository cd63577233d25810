/**
 * The networks that came with us: a file each beside the command line's own folder. Which they are is read
 * from there, so that nothing here names one.
 * @module
 */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = new URL('../protocols/', import.meta.url)

/** In the order of the alphabet. */
export const ownNames = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.js'))
    .map((file) => basename(file, '.js'))
    .toSorted()

/** Where the module of this name lies, if there is one. */
export const ownPath = (name: string): string => fileURLToPath(new URL(`${name}.js`, FOLDER))

/** What a network may be called by, for whoever asks for help. */
export const networksInWords = (): string =>
  `one that comes with Peerloom (${ownNames().join(', ')}), or the path of a module`
