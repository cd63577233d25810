/**
 * The manifest of a network as it is where nobody asks for anything: what a test needs that has a network's
 * tools and nothing else.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import type { ProtocolTools, ToolValues } from '../actors/protocol-tools.ts'
import type { ProtocolTypes } from '../machines/session.ts'

const PRIVATE_KEY_BYTES = 32

/** What the options come to by default, by their names in camelCase. */
export const usualOptions = (tools: Pick<ProtocolTools, 'options'>): ToolValues =>
  Object.fromEntries(
    tools.options.flatMap(({ default: value, flags }) => {
      const name = /^--([a-z-]+)/.exec(flags)?.[1]
      if (name === undefined || value === undefined) return []
      return [[name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]]
    }),
  )

/** The first that is one, of those that everybody knows: never for a node that talks to others. */
function knownKey(isKey: (bytes: Uint8Array) => boolean): Uint8Array {
  for (let digit = 1; digit < 256; digit++) {
    const key = new Uint8Array(PRIVATE_KEY_BYTES).fill(digit)
    if (isKey(key)) return key
  }
  throw new RangeError('no key of one repeated byte is one of this network')
}

/**
 * With the options as they are by default, and a key that is no secret.
 * @throws {RangeError} the network needs an option
 */
export function usualProtocol<T extends ProtocolTypes>(tools: ProtocolTools<T>): Protocol<T> {
  const { isPrivateKey } = tools
  const privateKey = isPrivateKey === undefined ? undefined : knownKey(isPrivateKey)
  return tools.create(usualOptions(tools), { privateKey })
}
