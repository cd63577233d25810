#!/usr/bin/env node
/**
 * The command line. It knows no network: what a command needs of one, it imports when it runs.
 *
 * Exit codes: 0 done, 1 our fault, 2 usage. An error is one sentence on stderr; its stack is shown
 * with --verbose alone.
 * @module
 */
import { Command, CommanderError } from 'commander'
import { CommandFault } from './command-fault.ts'

const USAGE = 2

/** `peerloom ... --json | head`: whoever read us has enough. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const program = new Command('peerloom')
  .description('A supervised peer-to-peer runtime: every connection is a statechart.')
  .option('--verbose', 'show the stack of an error')
  .exitOverride()

program
  .command('demo')
  .description('three processes of the native network on loopback, one of them killed and back')
  .option('--input <file>', 'send the lines of this file; - for standard input', 'README.md')
  .option('--json', 'print each event as a line of JSON')
  .option('--verbose', 'show the stack of an error')
  .action(async (options: { input: string; json?: true }) => {
    const { runDemo } = await import('./demo/demo.ts')
    process.exitCode = await runDemo({ input: options.input, json: options.json === true })
  })

program
  .command('demo-node', { hidden: true })
  .description('one process of the demo; it is told what to do by its parent')
  .action(async () => {
    const { runDemoNode } = await import('./demo/demo-node.ts')
    await runDemoNode()
  })

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE
  else {
    process.exitCode = error instanceof CommandFault ? error.exitCode : 1
    const verbose = process.argv.includes('--verbose')
    const sentence = error instanceof Error ? error.message : String(error)
    const text = verbose && error instanceof Error ? (error.stack ?? sentence) : sentence
    process.stderr.write(`peerloom: ${text}\n`)
  }
}
