/**
 * What entered a node or a connection, in a few words: `stream.bytes, 120 bytes of alice/in-1`. Bytes are
 * their number, and a command is its name: what an application said stands in no answer.
 * @module
 */
import { clipped, numberOf, textOf } from './timeline.ts'

/** Fields that say what it was; others are for the node. */
const SHOWN = ['host', 'fault', 'outcome', 'detail', 'timer', 'operation'] as const

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

export function inputWords(
  input: { readonly kind: string },
  streamName: (stream: number) => string | undefined = () => undefined,
): string {
  const fields: Fields = { ...input }
  const words: string[] = []
  const { bytes, command, sentBytes, stream } = fields
  if (isFields(command)) words.push(textOf(command['name']), textOf(command['type']))
  if (bytes instanceof Uint8Array) words.push(`${String(bytes.length)} bytes`)
  if (typeof sentBytes === 'number') words.push(`${String(numberOf(sentBytes))} bytes in all`)
  for (const name of SHOWN) {
    const value = fields[name]
    if (typeof value === 'string') words.push(textOf(value))
    else if (typeof value === 'number') words.push(`${name} ${String(numberOf(value))}`)
  }
  const named = typeof stream === 'number' ? streamName(stream) : undefined
  const of = named === undefined ? '' : ` of ${clipped(named)}`
  return `${[textOf(input.kind), ...words].filter((word) => word !== '').join(', ')}${of}`
}
