#!/usr/bin/env node
/**
 * The command line. It knows no network: what a command needs of one, it imports when it runs.
 *
 * Exit codes: 0 done, 1 our fault, 2 usage, 3 what was waited for did not come. An error is one
 * sentence on stderr; its stack is shown with --verbose alone.
 * @module
 */
import { inspect } from 'node:util'
import { attackCommand } from './attack/options.ts'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { addBroughtCommands, asksForBrought } from './brought/commands.ts'
import type { ChartFormat } from './chart-command.ts'
import { CommandFault } from './command-fault.ts'
import { parseDuration, parseWait } from './duration.ts'
import { printable } from './format.ts'
import { addNetworkCommand } from './network-command.ts'
import { nodeCommand } from './node/options.ts'
import { networksInWords } from './own-networks.ts'
import { parsePort } from './port.ts'
import type { ReplayCommandOptions } from './replay-command.ts'
import { parseFaultNumber, parseNodeCount, SIMULATED_MS_MAX } from './simulate/options.ts'
import type { SimulateOptions } from './simulate/options.ts'
import { watchStandardOutput } from './standard-output.ts'

const USAGE = 2
/** A century. */
const BAN_SECONDS_MAX = 3_155_760_000

watchStandardOutput()

function complain(error: unknown): void {
  if (error instanceof Error && process.argv.includes('--verbose')) {
    const lines = inspect(error).split('\n').map(printable)
    process.stderr.write(`peerloom: ${lines.join('\n')}\n`)
    return
  }
  const sentence = error instanceof Error ? error.message : String(error)
  process.stderr.write(`peerloom: ${printable(sentence.trim().replaceAll(/\s*\n\s*/g, ' '))}\n`)
}

process.on('uncaughtException', (error) => {
  complain(error)
  process.exit(1)
})

/** With fewer than three nobody is left to be killed; with more the machine is. */
function parseNodes(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 3 && count <= 20) return count
  throw new InvalidArgumentError('it is a whole number from 3 to 20.')
}

function parseStep(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('it is a whole number from 0.')
}

const program = new Command('peerloom')
  .description('A supervised peer-to-peer runtime: every connection is a statechart.')
  .option('--verbose', 'show the stack of an error')
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({
    outputError(text) {
      complain(text.replace(/^error: /, ''))
    },
  })

program
  .command('demo')
  .description('a network of processes on loopback that find each other, gossip, sync and survive')
  .option(
    '--input <file>',
    'publish the lines of this file; - for standard input (default: README.md)',
  )
  .option('--nodes <count>', 'that start together, from 3 to 20; one more joins', parseNodes, 5)
  .option('--seed <seed>', 'decides who publishes which line, and who is killed', 'peerloom')
  .option('--keep', 'leave the folders of the nodes')
  .option(
    '--inspect [port]',
    'serve a page of all nodes on 127.0.0.1, on any free port or this one, until Ctrl-C',
    parsePort,
  )
  .option('--json', 'print each event as a line of JSON')
  .option('--verbose', 'show the stack of an error')
  .action(
    async (options: {
      input?: string
      inspect?: number | true
      json?: true
      keep?: true
      nodes: number
      seed: string
    }) => {
      const { runDemo } = await import('./demo/demo.ts')
      const { USUAL_INPUT } = await import('./demo/input.ts')
      process.exitCode = await runDemo({
        input: options.input ?? USUAL_INPUT,
        inspect: options.inspect === true ? 0 : options.inspect,
        json: options.json === true,
        keep: options.keep === true,
        nodes: options.nodes,
        seed: options.seed,
      })
    },
  )

program
  .command('demo-node', { hidden: true })
  .description('one process of the demo; it is told what to do by its parent')
  .action(async () => {
    const { runDemoNode } = await import('./demo/demo-node.ts')
    await runDemoNode()
  })

addNetworkCommand(program, 'node', 'runs a node of a network until it is stopped', (network) =>
  nodeCommand(program, network, async (options, values) => {
    if (network === undefined) return
    const { runNode } = await import('./node/run-node.ts')
    process.exitCode = await runNode(network.tools, options, values)
  }),
)

addNetworkCommand(
  program,
  'attack',
  'plays a hostile peer against a node on this machine, and says how it is taken',
  (network) =>
    attackCommand(program, network, async (options, values) => {
      if (network === undefined) return
      const { runAttack } = await import('./attack/run-attack.ts')
      process.exitCode = await runAttack(network.tools, options, values)
    }),
)

program
  .command('replay')
  .description('runs a recorded node again from its journal, and says where it differs')
  .argument('<file>', 'a journal, as node --record writes it')
  .option('--until <step>', 'end behind this step, from 0', parseStep)
  .option('--to-test <file>', 'write the recording as a vitest file, the journal beside it')
  .option('--redact <file>', 'write the journal without its secrets: it shows states and sizes')
  .option('--protocol <module>', 'the network (default: the one that the journal names)')
  .option('--json', 'print each step as a line of JSON')
  .option('--verbose', 'show the stack of an error')
  .action(async (file: string, given: Partial<ReplayCommandOptions>) => {
    const { replayJournal } = await import('./replay-command.ts')
    const { json = false, protocol, redact, toTest, until } = given
    process.exitCode = await replayJournal(file, { json, protocol, redact, toTest, until })
  })

program
  .command('simulate')
  .description(
    'a network of nodes in this process, from one seed, held to what the runtime promises',
  )
  .requiredOption('--protocol <protocol>', 'the network: a name, or the path of a module')
  .option('--nodes <count>', 'how many', parseNodeCount, 20)
  .option('--seed <seed>', 'decides everything that happens', '1')
  .addOption(
    new Option('--for <duration>', 'how long faults happen, in virtual time, with a unit: 90s, 10m')
      .argParser((text: string) => parseDuration(text, SIMULATED_MS_MAX))
      .default(600_000, '10m'),
  )
  .addOption(
    new Option('--faults <preset>', 'what goes wrong')
      .choices(['calm', 'lossy', 'swarm'])
      .default('calm'),
  )
  .addOption(
    new Option('--crypto <kind>', 'signatures and ciphers that are real, or only look so')
      .choices(['model', 'real'])
      .default('model'),
  )
  .option('--skip-fault <number>', 'leave this one fault out', parseFaultNumber)
  .option('--trace <file>', 'write a line a step')
  .option('--compare <file>', 'say where the run differs first from a trace')
  .option('--json', 'print lines of JSON')
  .option('--verbose', 'show the stack of an error')
  .addHelpText('after', () => `\nThe network is ${networksInWords()}.`)
  .action(
    async ({
      for: forMs,
      json = false,
      ...options
    }: Omit<SimulateOptions, 'forMs' | 'json'> & { readonly for: number; json?: boolean }) => {
      const { simulateNetwork } = await import('./simulate-command.ts')
      process.exitCode = await simulateNetwork({ ...options, forMs, json })
    },
  )

const withFolder = (command: Command): Command =>
  command
    .requiredOption('--data-dir <folder>', 'the data folder of the node')
    .option('--json', 'print each answer as a line of JSON')
    .option('--verbose', 'show the stack of an error')

interface FolderOptions {
  readonly dataDir: string
  readonly json?: boolean
}

withFolder(program.command('peers'))
  .description('the connections of a node, the peers it remembers, and whom it keeps out')
  .action(async ({ dataDir, json = false }: FolderOptions) => {
    const { listPeers } = await import('./peers-command.ts')
    await listPeers(dataDir, json)
  })

withFolder(program.command('ban'))
  .description('keeps a peer out, and closes its connections')
  .argument(
    '<subject>',
    'an identity, an IP address, a range of them (10.0.0.0/8), or an address of the network',
  )
  .option(
    '--for <time>',
    'for so long: seconds, or as 90s, 10m, 1h (default: for good)',
    (text: string) => parseWait(text, BAN_SECONDS_MAX),
  )
  .option('--why <text>', 'a sentence that is kept with the ban', 'by hand')
  .action(
    async (subject: string, options: FolderOptions & { readonly for?: number; why: string }) => {
      const { ban } = await import('./ban-command.ts')
      const { dataDir: folder, for: forMs, json = false, why } = options
      await ban(subject, { folder, json, forMs, why })
    },
  )

withFolder(program.command('unban'))
  .description('lifts a ban')
  .argument('<subject>', 'as it was banned')
  .action(async (subject: string, { dataDir, json = false }: FolderOptions) => {
    const { unban } = await import('./ban-command.ts')
    await unban(subject, { folder: dataDir, json })
  })

program
  .command('chart')
  .description('a statechart as text; without a machine: which there are')
  .argument('[machine]', 'root, connection, or a network for its session')
  .addOption(
    new Option('--format <format>', 'how it is written')
      .choices(['mermaid', 'svg', 'json'])
      .default('mermaid'),
  )
  .option('--protocol <network>', 'whose deadlines the chart of a connection has')
  .option('--verbose', 'show the stack of an error')
  .action(
    async (
      machine: string | undefined,
      { format, protocol }: { readonly format: ChartFormat; readonly protocol?: string },
    ) => {
      const { listCharts, printChart } = await import('./chart-command.ts')
      if (machine === undefined) listCharts()
      else await printChart(machine, { format, protocol })
    },
  )

try {
  if (asksForBrought(program, process.argv.slice(2))) await addBroughtCommands(program)
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE
  else {
    process.exitCode = error instanceof CommandFault ? error.exitCode : 1
    complain(error)
  }
}
