// Runs the tests with real daemons of the Bitcoin network: `BITCOIND` names Bitcoin Core's, `BTCD` names btcd.
// With --record FOLDER the sessions are recorded anew, in place of the tests.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = join(import.meta.dirname, '..')
const DAEMONS = { BITCOIND: 'Bitcoin Core', BTCD: 'btcd' }

const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true

const { values } = parseArgs({ options: { record: { type: 'string' } } })
const env = { ...process.env }
let found = 0
for (const [name, what] of Object.entries(DAEMONS)) {
  if (env[name] === undefined || env[name] === '') {
    console.log(`${name} names no daemon: nothing is tested with ${what}`)
    delete env[name]
    continue
  }
  env[name] = resolve(env[name])
  if (!isFile(env[name])) {
    console.error(`${name} is no file: ${env[name]}`)
    process.exit(2)
  }
  found++
}
if (found === 0) {
  console.log(
    'nothing was run: BITCOIND=/path/to/bitcoind BTCD=/path/to/btcd npm run interop:bitcoin',
  )
  process.exit(0)
}
if (values.record === undefined) delete env.PEERLOOM_RECORD
else env.PEERLOOM_RECORD = resolve(values.record)
const only = values.record === undefined ? ['core', 'btcd'] : ['recordings']
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.live.config.ts', ...only],
  { cwd: ROOT, env, stdio: 'inherit' },
)
process.exit(status ?? 1)
