/**
 * What npm would install, from a lock file and the folders that are there: the packages that some names
 * need, and theirs, with the bytes of their files.
 * @module
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
type Locked = Readonly<Record<string, LockedPackage>>

export interface Closure {
  readonly packages: number
  readonly bytes: number
}

const namesOf = ({ dependencies, optionalDependencies }: LockedPackage): readonly string[] => [
  ...new Set([...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {})]),
]

/** Where Node finds it: beside whoever asks, or further up. Undefined for an optional one that is not there. */
function placeOf(locked: Locked, asking: string, name: string): string | undefined {
  for (let at = asking; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (place in locked) return place
    if (!at.includes('/node_modules/')) {
      const top = `node_modules/${name}`
      return top in locked ? top : undefined
    }
  }
}

/** Of a package alone: what is nested in it is a package of its own. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? bytesOf(path) : statSync(path).size
    })
    .reduce((sum, bytes) => sum + bytes, 0)
}

/** `names` left out: what the folder's own package depends on. @throws {Error} one that is not installed */
export function installedClosure(folder: string, names?: readonly string[]): Closure {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const { packages: locked } = JSON.parse(lock) as { readonly packages: Locked }
  const found = new Set<string>()
  const visit = (asking: string, wanted: readonly string[]): void => {
    for (const name of wanted) {
      const place = placeOf(locked, asking, name)
      if (place === undefined || found.has(place)) continue
      // Optional ones of other platforms are locked, and not installed.
      if (!existsSync(join(folder, place))) continue
      found.add(place)
      visit(place, namesOf(locked[place] ?? {}))
    }
  }
  visit('', names ?? namesOf(locked[''] ?? {}))
  const missing = (names ?? []).filter((name) => !found.has(`node_modules/${name}`))
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(', ')}`)
  const bytes = [...found].map((place) => bytesOf(join(folder, place)))
  return { packages: found.size, bytes: bytes.reduce((sum, each) => sum + each, 0) }
}
