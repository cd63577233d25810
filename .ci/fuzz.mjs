/**
 * Generated inputs for what strangers' bytes come to, many of them:
 *
 *   npm run fuzz -- --runs 10000000 [--seed 7]
 *
 * `npm test` runs the same tests with the same seed and few inputs. Ends with 1 where one of them breaks
 * something, and prints the smallest that was found.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = join(import.meta.dirname, '..')

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
  },
})
const runs = Number(values.runs)
if (!(Number.isSafeInteger(runs) && runs > 0)) throw new Error('--runs is a whole number above 0')

const vitest = spawn(
  process.execPath,
  [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', 'test/fuzz'],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      PEERLOOM_FUZZ_RUNS: String(runs),
      ...(values.seed === undefined ? {} : { PROPERTY_SEED: values.seed }),
    },
  },
)
vitest.on('exit', (code) => {
  process.exitCode = code ?? 1
})
