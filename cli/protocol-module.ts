/**
 * The network that a command is told to speak: the name of one that came with us, or the path of a
 * module. Its export with the file's name is the factory; `tools`, where it has them, are its options.
 * @module
 */
import { stat } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Protocol, Recipe } from '../actors/protocol.ts'
import type { ProtocolTools } from '../actors/protocol-tools.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { CommandFault } from './command-fault.ts'
import { ownNames, ownPath } from './own-networks.ts'

const NAME = /^[a-z][a-z0-9-]*$/

/** `smallest-network` is `smallestNetwork`. */
const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    // Whatever the reason, it cannot be loaded; the caller says so.
    return false
  }
}

/** The file of a network. @throws {CommandFault} there is none */
async function locate(word: string): Promise<string> {
  if (NAME.test(word)) {
    const path = ownPath(word)
    if (await isFile(path)) return path
    const names = ownNames().join(', ')
    throw new CommandFault(2, `there is no network ${word}; there is: ${names}, or a module's path`)
  }
  const path = resolve(word)
  if (await isFile(path)) return path
  throw new CommandFault(2, `there is no module ${word}`)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** What a module calls `tools` is ours to use if it has these two. */
const isTools = (value: unknown): value is ProtocolTools =>
  isObject(value) &&
  'options' in value &&
  Array.isArray(value.options) &&
  'create' in value &&
  typeof value.create === 'function'

const isManifest = (value: unknown): value is Protocol<ProtocolTypes> =>
  isObject(value) && 'name' in value && 'addresses' in value && 'session' in value

/** @throws {CommandFault} 2: there is no such network; 1: its module cannot be used */
export async function loadNetwork(word: string): Promise<ProtocolTools> {
  const path = await locate(word)
  let module: Readonly<Record<string, unknown>>
  try {
    module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandFault(1, `the module ${word} cannot be loaded: ${why}`, { cause })
  }
  const name = camelCase(basename(path, extname(path)))
  const { [name]: factory, tools } = module
  if (tools !== undefined) {
    if (isTools(tools)) return tools
    throw new CommandFault(1, `the tools of ${word} have no options or no create`)
  }
  if (typeof factory !== 'function') {
    throw new CommandFault(2, `the module ${word} exports no function ${name}`)
  }
  return {
    options: [],
    create() {
      const manifest: unknown = (factory as (options: object) => unknown)({})
      if (isManifest(manifest)) return manifest
      throw new CommandFault(1, `${name} of ${word} returns no manifest of a network`)
    },
  }
}

/** Whether it is the name of a network, and no path. */
export const isNetworkName = (word: string): boolean => NAME.test(word)

/**
 * The network that a file names: only one that came with us. What a file says is no path to load.
 * @throws {CommandFault}
 */
export function networkIn(path: string, named: string): string {
  if (ownNames().includes(named)) return named
  throw new CommandFault(1, `${path} names no network of ours: say which it is with --protocol`)
}

/**
 * What makes the manifest that a recording was made with.
 * @throws {CommandFault} as `loadNetwork`; 1: its network does not say how
 */
export async function remakerOf(
  word: string,
): Promise<(recipe: Recipe) => Protocol<ProtocolTypes>> {
  const tools = await loadNetwork(word)
  if (tools.remake === undefined) {
    throw new CommandFault(1, `the network ${word} does not say how its recordings are replayed`)
  }
  return tools.remake.bind(tools)
}
