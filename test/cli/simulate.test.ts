import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compiledFolder, runCommand, startFolder } from './command.ts'

const SMALL = [
  'simulate',
  '--protocol',
  'native',
  '--nodes',
  '3',
  '--for',
  '5s',
  '--faults',
  'swarm',
]

describe('peerloom simulate', () => {
  test('prints what it runs with, then what came of it, and ends with 0', async () => {
    const { code, err, out } = await runCommand([...SMALL, '--json'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const [header, last] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(header).toMatchObject({ event: 'simulation', nodes: 3, crypto: 'model' })
    expect(header?.['preset']).toMatchObject({ name: 'swarm', seeds: 3 })
    expect(last).toMatchObject({ event: 'simulated', violations: 0 })
    expect(last?.['traceHash']).toMatch(/^[0-9a-f]{64}$/)
    for (const field of ['steps', 'simulatedPerRealSecond', 'memoryBytesPerNode']) {
      expect(last?.[field]).toBeGreaterThan(0)
    }
  })

  test('writes a trace, and finds itself the same; another seed differs at a step', async () => {
    const file = join(startFolder(), 'trace')
    const first = await runCommand([...SMALL, '--trace', file])
    expect(first.code).toBe(0)
    expect(first.out).toMatch(/^traceHash +[0-9a-f]{64}$/m)
    const over = await runCommand([...SMALL, '--trace', file])
    expect(over).toMatchObject({ code: 2, out: '' })
    expect(over.err).toContain('is there already')
    const same = await runCommand([...SMALL, '--compare', file])
    expect(same).toMatchObject({
      code: 0,
      out: first.out.replace(/^simulated.*$/m, lineOf(same.out)),
    })
    const lines = readFileSync(file, 'utf8').split('\n')
    lines[9] = 'another step'
    writeFileSync(file, lines.join('\n'))
    const other = await runCommand([...SMALL, '--compare', file, '--json'])
    expect(other.code).toBe(1)
    expect(other.out).toContain(
      '{"event":"difference","step":10,"expected":"another step","got":"10 ',
    )
  })

  test('says in its help how long it takes if nobody says so, and which networks there are', async () => {
    const { code, out } = await runCommand(['simulate', '--help'])
    expect(code).toBe(0)
    expect(out).toMatch(/--for <duration>[^]*\(default: 10m\)/)
    expect(out).toContain('(bitcoin, botd, native), or the path of a module')
  })

  test('says that a trace could not be written to its end, behind what came of the run', () => {
    const file = join(startFolder(), 'trace')
    const program = join(compiledFolder(), 'cli/main.js')
    const words = [process.execPath, program, ...SMALL, '--trace', file]
    // As on a full disk: a file may have no more than two blocks.
    const limited = ['-c', 'ulimit -f 2 && exec "$0" "$@"', ...words]
    const { status, stderr, stdout } = spawnSync('sh', limited, { encoding: 'utf8' })
    expect(stderr).toBe(`peerloom: the trace ${file} cannot be written to its end\n`)
    expect(status).toBe(2)
    expect(stdout).toMatch(/^traceHash +[0-9a-f]{64}$/m)
  })

  test.each([
    [['--nodes', '0'], 'whole number from 1'],
    [['--for', '10'], 'a unit'],
    [['--faults', 'none'], 'calm, lossy, swarm'],
    [['--compare', 'nowhere'], 'the trace nowhere cannot be read'],
    [['--compare', tmpdir()], `the trace ${tmpdir()} cannot be read`],
    [['--protocol', 'nothing'], 'no network nothing'],
  ])('refuses %s', async (words, sentence) => {
    const { code, err, out } = await runCommand([...SMALL, ...words])
    expect(code).toBe(2)
    expect(err).toContain(sentence)
    expect(out).toBe('')
  })
})

/** What a run cost is another thing each time. */
const lineOf = (out: string): string => /^simulated.*$/m.exec(out)?.[0] ?? ''
