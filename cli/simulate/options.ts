/**
 * What `simulate` is told, in the words of its command line.
 * @module
 */
import { InvalidArgumentError } from 'commander'
import type { CryptoKind } from '../../testing/simulator/simulation.ts'
import type { FaultPreset } from '../../transport/simulated/faults.ts'

export interface SimulateOptions {
  readonly protocol: string
  readonly nodes: number
  readonly seed: string
  readonly forMs: number
  readonly faults: FaultPreset
  readonly crypto: CryptoKind
  /** The fault with this number is left out. */
  readonly skipFault: number | undefined
  readonly trace: string | undefined
  readonly compare: string | undefined
  readonly json: boolean
}

/** Each has an address of its own in the simulated network. */
const NODES_MAX = 10_000
/** A day; its events take a machine longer than that. */
export const SIMULATED_MS_MAX = 86_400_000

export function parseNodeCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= NODES_MAX) return count
  throw new InvalidArgumentError(`it is a whole number from 1 to ${String(NODES_MAX)}.`)
}

export function parseFaultNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('it is the number of a fault, from 0.')
}

/** As a shell takes it for one word. */
const quoted = (text: string): string =>
  /^[\w.,:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The words that show a run again. */
export const commandOf = (options: SimulateOptions): string =>
  [
    'peerloom simulate',
    `--protocol ${quoted(options.protocol)}`,
    `--nodes ${String(options.nodes)}`,
    `--seed ${quoted(options.seed)}`,
    `--for ${String(options.forMs)}ms`,
    `--faults ${options.faults}`,
    `--crypto ${options.crypto}`,
    ...(options.skipFault === undefined ? [] : [`--skip-fault ${String(options.skipFault)}`]),
  ].join(' ')
