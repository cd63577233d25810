/**
 * `peerloom demo --inspect` as a person runs it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBuilt } from './built-command.ts'
import type { BuiltCommand } from './built-command.ts'
import { startFolder } from '../inspector/journals.ts'

/** A quarter of a minute at the demo's usual pace. */
const LINES = 130

export function startDemo(): BuiltCommand {
  const input = join(startFolder(), 'lines.txt')
  const lines = Array.from({ length: LINES }, (_, place) => `line ${String(place + 1)}\n`)
  writeFileSync(input, lines.join(''))
  return startBuilt(['demo', '--inspect', '--input', input])
}
