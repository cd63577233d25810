/**
 * The entries of a package, its wildcards expanded from the files that are there. Run with a
 * folder, it prints them in one line.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

function expanded(folder, entry, target) {
  const [before, after] = target.split('*')
  if (after === undefined) {
    if (!existsSync(join(folder, target))) throw new Error(`${entry} has no file: ${target}`)
    return [entry]
  }
  const root = join(folder, before)
  const files = existsSync(root) ? readdirSync(root, { recursive: true }) : []
  return files
    .filter((file) => file.endsWith(after))
    .map((file) => entry.replace('*', file.slice(0, -after.length)))
    .sort()
}

/**
 * `.`, `./codec/reader` and so on, in the order of package.json and without package.json itself.
 * @throws {Error} an entry without its file, or a wildcard without any
 */
export function entriesOf(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return Object.entries(exports).flatMap(([entry, conditions]) => {
    if (entry === './package.json' || conditions === null) return []
    const found = expanded(folder, entry, conditions.default)
    if (found.length === 0) throw new Error(`${entry} has no files: ${conditions.default}`)
    return found
  })
}

if (argv[1] === fileURLToPath(import.meta.url)) console.log(entriesOf(argv[2] ?? '.').join(' '))
