/**
 * A folder in which a test file that our tools have written runs as a user's would: it imports
 * `peerloom`, and vitest runs it in a process of its own.
 * @module
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { compileSources } from './compile.ts'

const ROOT = join(import.meta.dirname, '../..')
const RUN_MS = 60_000

export interface UserFolder {
  readonly path: string
  /** Runs one test file: whether it passed, and what was printed. */
  run(file: string): { readonly passed: boolean; readonly printed: string }
  /** Changes a compiled file of the package there, as a change of its source would. */
  change(file: string, from: string, to: string): void
}

/** @param entries what of the package is compiled, beside what those import. */
export function startUserFolder(entries: readonly string[]): UserFolder {
  const path = mkdtempSync(join(tmpdir(), 'peerloom-user-'))
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true })
  })
  const installed = join(path, 'node_modules/peerloom')
  mkdirSync(installed, { recursive: true })
  cpSync(compileSources(entries), join(installed, 'dist'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
  // What the package itself needs, and vitest for its user.
  symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'))
  symlinkSync(join(ROOT, 'node_modules/vitest'), join(path, 'node_modules/vitest'))
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }\n')
  return {
    path,
    run(file) {
      const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
      const words = [vitest, 'run', '--root', path, file]
      const done = spawnSync(process.execPath, words, {
        ...{ cwd: path, encoding: 'utf8', timeout: RUN_MS },
        env: { ...process.env, NO_COLOR: '1', VITEST: undefined, NODE_ENV: 'test' },
      })
      return { passed: done.status === 0, printed: `${done.stdout}${done.stderr}` }
    },
    change(file, from, to) {
      const target = join(installed, 'dist', file)
      const text = readFileSync(target, 'utf8')
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
      writeFileSync(target, text.replaceAll(from, to))
    },
  }
}
