/**
 * A folder outside of the tree in which the packed package is installed, as it is for a user: only what
 * the tarball holds is there. Nothing is fetched: what the package depends on, and the user's own tools,
 * are those of the tree.
 * @module
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'

const ROOT = join(import.meta.dirname, '../..')
const PROGRAMS: Readonly<Record<string, string>> = {
  peerloom: 'node_modules/peerloom/dist/cli/main.js',
  tsc: 'node_modules/typescript/bin/tsc',
  vitest: 'node_modules/vitest/vitest.mjs',
}

export interface Ran {
  readonly code: number | null
  readonly printed: string
}

export interface Running {
  readonly process: ChildProcessByStdio<null, Readable, Readable>
  /** All that was printed up to now. */
  printed(): string
  readonly ended: Promise<Ran>
}

export interface OutsideFolder {
  readonly path: string
  /** A command as it is typed: `npx` finds the programs of the folder, `npm` its scripts. */
  start(command: string): Running
  run(command: string): Promise<Ran>
  remove(): void
}

/** Single quotes hold a word together. */
const wordsOf = (command: string): readonly string[] =>
  Array.from(command.matchAll(/'([^']*)'|\S+/g), ([word, quoted]) => quoted ?? word)

function install(folder: string, tools: readonly string[]): void {
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'peerloom')
  mkdirSync(installed, { recursive: true })
  // Only what changed is compiled; after `npm test` nothing has.
  execFileSync(process.execPath, [
    join(ROOT, PROGRAMS['tsc'] ?? ''),
    ...['--build', join(ROOT, 'tsconfig.build.json')],
  ])
  const packing = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder]
  execFileSync('npm', packing, { cwd: ROOT, stdio: ['ignore', 'ignore', 'ignore'] })
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
  const unpacking = ['-xzf', join(folder, tarball), '--strip-components=1', '-C', installed]
  execFileSync('tar', unpacking)
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>
  }
  for (const name of new Set([...Object.keys(dependencies), ...tools])) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
}

/** @param files by name; a package.json with scripts among them @param tools packages besides */
export function startOutsideFolder(
  files: ReadonlyMap<string, string>,
  tools: readonly string[],
): OutsideFolder {
  const path = mkdtempSync(join(tmpdir(), 'peerloom-outside-'))
  const remove = (): void => {
    rmSync(path, { recursive: true, force: true })
  }
  try {
    install(path, tools)
    for (const [name, text] of files) writeFileSync(join(path, name), text)
  } catch (error) {
    remove()
    throw error
  }
  const { scripts = {} } = JSON.parse(files.get('package.json') ?? '{}') as {
    scripts?: Readonly<Record<string, string>>
  }
  const start = (command: string): Running => {
    const typed = command
      .replace(/^npm (?:run )?(\w+)/, (_, name: string) => scripts[name] ?? name)
      .replace(/^npx /, '')
    const [program = '', ...words] = wordsOf(typed)
    const script = program === 'node' ? [] : [PROGRAMS[program] ?? program]
    const child = spawn(process.execPath, [...script, ...words], {
      ...{ cwd: path, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, NO_COLOR: '1', VITEST: undefined, NODE_ENV: 'test' },
    })
    let printed = ''
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => (printed += text))
    }
    const ended = new Promise<Ran>((resolve) => {
      child.once('close', (code) => {
        resolve({ code, printed })
      })
    })
    return { process: child, printed: () => printed, ended }
  }
  return { path, start, run: (command) => start(command).ended, remove }
}
