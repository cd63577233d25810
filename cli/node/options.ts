/**
 * The command line of `node`: options that every network has, and those that this one adds.
 * @module
 */
import { Command, InvalidArgumentError } from 'commander'
import type { ToolValues } from '../../actors/protocol-tools.ts'
import { CommandFault } from '../command-fault.ts'
import { parseWait } from '../duration.ts'
import { parsePort } from '../port.ts'
import { addNetworkOptions } from '../network-command.ts'
import type { NamedNetwork } from '../network-command.ts'

/** What `node` is told, whatever the network. */
export interface NodeOptions {
  readonly listen: readonly string[]
  readonly connect: readonly string[]
  readonly bootstrap: readonly string[]
  /** The SOCKS5 proxy that all dials go through. */
  readonly proxy: string | undefined
  /** The one for onion services, where it is another. */
  readonly onionProxy: string | undefined
  readonly dataDir: string | undefined
  readonly json: boolean
  readonly until: string | undefined
  readonly timeoutMs: number | undefined
  /** The file that a journal of the node goes to. */
  readonly record: string | undefined
  readonly maxInbound: number | undefined
  readonly maxOutbound: number | undefined
  /** Where metrics are served, as it was written. */
  readonly metrics: string | undefined
  /** The port of 127.0.0.1 on which its page is served, 0 for any free one; undefined: there is none. */
  readonly inspect: number | undefined
  /** Whether the page may do something to the node. */
  readonly inspectActions: boolean
  /** The folder from which the page opens journals, and to which it writes tests. */
  readonly recordDir: string | undefined
}

interface Given {
  readonly listen?: readonly string[]
  readonly connect?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly proxy?: string
  readonly onionProxy?: string
  readonly dataDir?: string
  readonly json?: true
  readonly until?: string
  readonly timeout?: number
  readonly record?: string
  readonly maxInbound?: number
  readonly maxOutbound?: number
  readonly metrics?: string
  readonly inspect?: number | true
  readonly inspectActions?: true
  readonly recordDir?: string
}

/** More sockets than a process has descriptors for, anywhere. */
const CONNECTIONS_MAX = 1_000_000

function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d{1,7}$/.test(text) && count <= CONNECTIONS_MAX) return count
  throw new InvalidArgumentError(`It is a whole number from 0 to ${String(CONNECTIONS_MAX)}.`)
}

/**
 * A command that knows the options of all networks, and with `tools` those of one. `run` is given
 * what was asked for.
 */
export function nodeCommand(
  parent: Command,
  network: NamedNetwork | undefined,
  run: (options: NodeOptions, values: ToolValues) => Promise<void>,
): Command {
  const command = new Command(`peerloom node ${network?.name ?? '<protocol>'}`)
    .copyInheritedSettings(parent)
    .helpOption('-h, --help', 'what can be asked of this command')
    .usage('[options]')
    .description('runs a node of a network until it is stopped')
    .option(
      '--listen <address...>',
      'where to take connections: an IP address and a port, 0 for any',
    )
    .option('--connect <address...>', 'peers to dial, now and whenever they are gone')
    .option('--bootstrap <address...>', 'peers to begin with')
    .option('--proxy <address>', 'a SOCKS5 proxy for all that is dialled, names too')
    .option('--onion-proxy <address>', 'a SOCKS5 proxy for onion services alone')
    .option('--data-dir <folder>', 'what outlives the process (default: nothing does)')
    .option('--json', 'print each event as a line of JSON')
    .option('--until <condition>', 'end when it is true: peers=N, or one of the network')
    .option(
      '--timeout <time>',
      'end after so long, in seconds or as 90s, 10m, 1h; with --until: exit code 3',
      (text: string) => parseWait(text),
    )
    .option('--record <file>', 'write a journal of all that happens to the node, for replay')
    .option(
      '--max-inbound <count>',
      'connections that come in, at most so many at once',
      parseCount,
    )
    .option(
      '--max-outbound <count>',
      'connections that it dials, at most so many at once; those of --connect are among them, unless the network has other places for them',
      parseCount,
    )
    .option(
      '--metrics <address>',
      'serve metrics for Prometheus there, /health and /ready: host:port, or a port of 127.0.0.1',
    )
    .option(
      '--inspect [port]',
      'serve a page of the node on 127.0.0.1, on any free port or this one',
      parsePort,
    )
    .option('--inspect-actions', 'let that page disconnect, ban, pause and restart')
    .option('--record-dir <folder>', 'where that page opens journals and writes tests')
    .option('--verbose', 'show the stack of an error')
  const valuesOf = addNetworkOptions(command, network)
  return command.action(async () => {
    const given = command.opts<Given>()
    if (given.inspectActions === true && given.inspect === undefined) {
      throw new CommandFault(2, '--inspect-actions is for the page of --inspect')
    }
    await run(
      {
        listen: given.listen ?? [],
        connect: given.connect ?? [],
        bootstrap: given.bootstrap ?? [],
        proxy: given.proxy,
        onionProxy: given.onionProxy,
        dataDir: given.dataDir,
        json: given.json === true,
        until: given.until,
        timeoutMs: given.timeout,
        record: given.record,
        maxInbound: given.maxInbound,
        maxOutbound: given.maxOutbound,
        metrics: given.metrics,
        inspect: given.inspect === true ? 0 : given.inspect,
        inspectActions: given.inspectActions === true,
        recordDir: given.recordDir,
      },
      valuesOf(),
    )
  })
}
