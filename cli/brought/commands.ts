/**
 * The commands that networks bring. Networks are loaded only where a word is no command of ours, or somebody asks
 * which there are.
 * @module
 */
import { Command, Option } from 'commander'
import type { ToolValues } from '../../actors/protocol-tools.ts'
import type { ToolCommand } from '../../actors/tool-command.ts'
import { ownNames } from '../own-networks.ts'
import { loadNetwork } from '../protocol-module.ts'

/** Whether what was asked for may be a command of a network, or the list of all. */
export function asksForBrought(program: Command, words: readonly string[]): boolean {
  const [word] = words.filter((one) => !one.startsWith('-'))
  const own = program.commands.flatMap((command) => [command.name(), ...command.aliases()])
  return word === undefined || word === 'help' || !own.includes(word)
}

export async function addBroughtCommands(program: Command): Promise<void> {
  for (const network of ownNames()) {
    const { commands = {} } = await loadNetwork(network)
    for (const [name, command] of Object.entries(commands)) {
      program.addCommand(commandOf(program, name, command))
    }
  }
}

function commandOf(program: Command, name: string, brought: ToolCommand): Command {
  const command = new Command(name)
    .copyInheritedSettings(program)
    .description(brought.description)
    .option('--proxy <address>', 'a SOCKS5 proxy for all that is dialled, names too')
    .option('--verbose', 'show the stack of an error')
  const own = brought.options.map((option) => {
    const made = new Option(option.flags, option.description)
    return option.default === undefined ? made : made.default(option.default)
  })
  for (const option of own) command.addOption(option)
  return command.action(async () => {
    const { runBrought } = await import('./run-brought.ts')
    const { proxy, ...values } = command.opts<ToolValues>()
    process.exitCode = await runBrought(
      brought,
      values,
      typeof proxy === 'string' ? proxy : undefined,
    )
  })
}
