/**
 * A port as it is written on a command line.
 * @module
 */
import { InvalidArgumentError } from 'commander'

const PORT_MAX = 65_535

/** 0 stands for any free one. */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX) return Number(text)
  throw new InvalidArgumentError(`it is a port, from 0 to ${String(PORT_MAX)}.`)
}
