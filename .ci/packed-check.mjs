/**
 * Installs the packed package into an empty project, as a user does, and there type-checks and
 * imports every entry, and asks the command for its help. The entry that needs vitest comes last,
 * after vitest was installed for it alone.
 *
 *     node .ci/packed-check.mjs TARBALL FOLDER
 * @module
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { argv, execPath } from 'node:process'
import { entriesOf } from './entries.mjs'

const NEEDS_VITEST = './testing/vitest'
/** An import that leaves a timer or a socket behind would keep the process alive. */
const IMPORT_MS = 60_000

const [tarball, folder] = [resolve(argv[2]), resolve(argv[3])]
const repository = resolve(import.meta.dirname, '..')
const installed = join(folder, 'node_modules/peerloom')

const run = (command, args, options = {}) =>
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], ...options })
const install = (...packages) =>
  run('npm', ['install', '--ignore-scripts', '--silent', '--no-audit', '--no-fund', ...packages])
const write = (name, text) => writeFileSync(join(folder, name), text)
const versionOf = (name) =>
  JSON.parse(readFileSync(join(repository, 'node_modules', name, 'package.json'), 'utf8')).version
const specifier = (entry) => entry.replace('.', 'peerloom')

/** With the library's declarations checked too, under both ways of resolving that users have. */
function typeCheck(entries) {
  write(
    'entries.ts',
    entries.map((entry, index) => `export * as e${index} from '${specifier(entry)}'\n`).join(''),
  )
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ]) {
    const compilerOptions = { module, moduleResolution, target: 'es2023', lib: ['es2023'] }
    Object.assign(compilerOptions, { strict: true, noEmit: true, types: ['node'] })
    write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['entries.ts'] }))
    run(execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', '.'])
  }
}

mkdirSync(folder, { recursive: true })
write('package.json', JSON.stringify({ name: 'empty', private: true, type: 'module' }))
install(tarball, `@types/node@${versionOf('@types/node')}`)

for (const file of ['index.html', 'page.js', 'page.css', 'icon.svg']) {
  const path = join(installed, 'dist/inspector/page', file)
  if (!existsSync(path)) throw new Error(`the inspector's page has no ${file}`)
}

const entries = entriesOf(installed)
const plain = entries.filter((entry) => entry !== NEEDS_VITEST)

typeCheck(plain)
write(
  'entries.mjs',
  plain.map((entry) => `await import('${specifier(entry)}')\n`).join('') +
    `const { default: own } = await import('peerloom/package.json', { with: { type: 'json' } })\n` +
    `if (own.name !== 'peerloom') throw new Error('package.json is another one')\n`,
)
run(execPath, ['entries.mjs'], { timeout: IMPORT_MS })
run(join(folder, 'node_modules/.bin/peerloom'), ['--help'], { timeout: IMPORT_MS })
console.log(`${plain.length} entries, type-checked and imported`)

if (plain.length < entries.length) {
  install('--save-dev', `vitest@${versionOf('vitest')}`)
  typeCheck(entries)
  write(
    'entry.test.mjs',
    `import { expect, test } from 'vitest'\n` +
      `import * as entry from '${specifier(NEEDS_VITEST)}'\n` +
      `test('the entry has exports', () => expect(Object.keys(entry)).not.toEqual([]))\n`,
  )
  run(execPath, ['node_modules/vitest/vitest.mjs', 'run'], { timeout: IMPORT_MS })
  console.log(`${NEEDS_VITEST}, type-checked and imported in vitest`)
}
