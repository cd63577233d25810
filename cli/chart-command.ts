/**
 * `peerloom chart`: a statechart as text, for a document or another program. The core has two; each
 * network has its session's. Nothing is started: a chart is read as it was written.
 * @module
 */
import { Option } from 'commander'
import type { Protocol } from '../actors/protocol.ts'
import type { ProtocolTools, ToolValue } from '../actors/protocol-tools.ts'
import { describeChart } from '../inspector/chart-description.ts'
import type { ChartDescription } from '../inspector/chart-description.ts'
import { mermaidText } from '../inspector/chart-mermaid.ts'
import { chartSvg } from '../inspector/chart-svg.ts'
import { describeConnection, describeRoot } from '../inspector/core-charts.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { CommandFault } from './command-fault.ts'
import { tableLines } from './format.ts'
import { ownNames } from './own-networks.ts'
import { loadNetwork } from './protocol-module.ts'
import { print } from './standard-output.ts'

export type ChartFormat = 'json' | 'mermaid' | 'svg'

export interface ChartCommandOptions {
  readonly format: ChartFormat
  /** Whose deadlines the connection's chart has. */
  readonly protocol: string | undefined
}

const KEY_BYTES = 32

/** A network needs a key to be put together; no node is started with this one. */
function keyFor({ isPrivateKey }: ProtocolTools): Uint8Array | undefined {
  if (isPrivateKey === undefined) return undefined
  for (let digit = 1; digit < 256; digit++) {
    const key = new Uint8Array(KEY_BYTES).fill(digit)
    if (isPrivateKey(key)) return key
  }
  return undefined
}

/** The manifest of a network whose options are left as they are. @throws {CommandFault} */
async function manifestOf(network: string): Promise<Protocol<ProtocolTypes>> {
  const tools = await loadNetwork(network)
  const defaults = tools.options.map(
    ({ default: given, description, flags }): readonly [string, ToolValue | undefined] => [
      new Option(flags, description).attributeName(),
      given,
    ],
  )
  try {
    return tools.create(Object.fromEntries(defaults), { privateKey: keyFor(tools) })
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new CommandFault(1, `${network} has no chart without options: ${cause.message}`, {
      cause,
    })
  }
}

async function describe(machine: string, protocol: string | undefined): Promise<ChartDescription> {
  if (machine === 'connection') {
    return describeConnection(
      protocol === undefined ? undefined : (await manifestOf(protocol)).deadlines,
    )
  }
  if (protocol !== undefined) {
    throw new CommandFault(2, '--protocol is for the chart of a connection: it names its deadlines')
  }
  if (machine === 'root') return describeRoot()
  const { name, session } = await manifestOf(machine)
  try {
    return describeChart(session, { name })
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new CommandFault(1, `the session of ${machine} is no statechart`, { cause })
  }
}

const TEXT_OF: Readonly<Record<ChartFormat, (chart: ChartDescription) => string>> = {
  json: (chart) => JSON.stringify(chart, null, 2),
  mermaid: mermaidText,
  svg: chartSvg,
}

/** @throws {CommandFault} there is no such machine */
export async function printChart(
  machine: string,
  { format, protocol }: ChartCommandOptions,
): Promise<void> {
  const chart = await describe(machine, protocol)
  print(TEXT_OF[format](chart).trimEnd())
}

export function listCharts(): void {
  const rows: readonly (readonly [name: string, what: string])[] = [
    ['root', 'the life of a node'],
    ['connection', 'the life of a connection'],
    ...ownNames().map((name) => [name, `the session of the network ${name}`] as const),
  ]
  const columns = [
    { title: 'machine', cell: ([name]: readonly [string, string]) => name },
    { title: 'what it is', cell: ([, what]: readonly [string, string]) => what },
  ]
  print(tableLines(columns, rows).join('\n'))
}
