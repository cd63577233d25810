/**
 * The command line of `attack`: options that every network has, and those that this one adds.
 * @module
 */
import { Command, InvalidArgumentError } from 'commander'
import type { ToolValues } from '../../actors/protocol-tools.ts'
import { parseWait } from '../duration.ts'
import { addNetworkOptions } from '../network-command.ts'
import type { NamedNetwork } from '../network-command.ts'

export interface AttackOptions {
  /** In the network's form. */
  readonly to: string
  /** Empty: all attacks. */
  readonly only: readonly string[]
  /** Undefined: as long as the network says. */
  readonly patienceMs: number | undefined
  readonly json: boolean
}

interface Given {
  readonly to: string
  readonly only?: readonly string[]
  readonly patience?: number
  readonly json?: true
}

const NAME = /^[a-z-]+$/

/** Each of the values by itself, as commander hands them over. */
function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!NAME.test(text)) throw new InvalidArgumentError('It is no name of an attack.')
  return [...(before ?? []), text]
}

export function attackCommand(
  parent: Command,
  network: NamedNetwork | undefined,
  run: (options: AttackOptions, values: ToolValues) => Promise<void>,
): Command {
  const command = new Command(`peerloom attack ${network?.name ?? '<protocol>'}`)
    .copyInheritedSettings(parent)
    .helpOption('-h, --help', 'what can be asked of this command')
    .usage('--to <address> [options]')
    .description('plays a hostile peer against a node on this machine, and says how it is taken')
    .requiredOption('--to <address>', 'whom, in the network’s form; its host is of loopback')
    .option('--only <attack...>', 'these and no others (default: all)', collect)
    .option(
      '--patience <time>',
      'how long an open end is waited for: seconds, or as 90s, 10m, 1h (default: as long as the network has time)',
      (text: string) => parseWait(text),
    )
    .option('--json', 'print each attack as a line of JSON')
    .option('--verbose', 'show the stack of an error')
  const valuesOf = addNetworkOptions(command, network)
  return command.action(async () => {
    const { json = false, only = [], patience, to } = command.opts<Given>()
    await run({ to, only, patienceMs: patience, json }, valuesOf())
  })
}
