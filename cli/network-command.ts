/**
 * Commands whose first word is a network, which says which further options there are: what follows its
 * name is parsed once it is loaded.
 * @module
 */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { ProtocolTools, ToolValues } from '../actors/protocol-tools.ts'
import { CommandFault } from './command-fault.ts'
import { networksInWords } from './own-networks.ts'

export interface NamedNetwork {
  readonly name: string
  readonly tools: ProtocolTools
}

/**
 * @param make the command with the options of all networks, and with a network those of it as well;
 *   without one it is only asked for its help
 */
export function addNetworkCommand(
  program: Command,
  verb: string,
  description: string,
  make: (network: NamedNetwork | undefined) => Command,
): void {
  const command = program
    .command(verb)
    .description(description)
    .argument('<protocol>')
    .argument('[options...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (name: string, words: readonly string[]) => {
      if (name === '--help' || name === '-h') {
        command.outputHelp()
        return
      }
      if (name.startsWith('-')) {
        throw new CommandFault(2, `the network comes first: peerloom ${verb} <protocol> [options]`)
      }
      const { loadNetwork } = await import('./protocol-module.ts')
      await make({ name, tools: await loadNetwork(name) }).parseAsync(words, { from: 'user' })
    })
  command.helpInformation = (context) => make(undefined).helpInformation(context)
  command.addHelpText('after', () =>
    [
      `\n<protocol> is a network: ${networksInWords()}.`,
      `The options of one network: peerloom ${verb} <protocol> --help`,
    ].join('\n'),
  )
}

/** The options of the network stand in the help under its name. Returns what they came to, once parsed. */
export function addNetworkOptions(
  command: Command,
  network: NamedNetwork | undefined,
): () => ToolValues {
  const own = (network?.tools.options ?? []).map((option) => {
    const made = new Option(option.flags, option.description).helpGroup(
      `Options of ${network?.name ?? ''}:`,
    )
    return option.default === undefined ? made : made.default(option.default)
  })
  for (const option of own) command.addOption(option)
  return () => {
    const values = command.opts<ToolValues>()
    return Object.fromEntries(
      own.map((option) => [option.attributeName(), values[option.attributeName()]]),
    )
  }
}
