import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { compiledFolder, runCommand, startCommand, startFolder, startListening } from './command.ts'

const LONG = { timeout: 90_000 }

/** A network whose handshake takes a second at most, and with `--weak` a day. */
async function startQuickNode(words: readonly string[] = []) {
  const folder = startFolder()
  const lines = pathToFileURL(join(compiledFolder(), 'examples/smallest-network.js')).href
  writeFileSync(
    join(folder, 'quick.mjs'),
    `import { lines } from '${lines}'
    const DAY_MS = 86_400_000
    const quick = (ms) => {
      const manifest = lines()
      const delays = { greetingMs: ms }
      return {
        ...manifest,
        session: manifest.session.provide({ delays }),
        deadlines: { ...manifest.deadlines, connectMs: 500, establish: { ms, detail: 'late' } },
      }
    }
    export const tools = {
      options: [{ flags: '--weak', description: 'waits for a day' }],
      create: ({ weak }) => quick(weak === true ? DAY_MS : 1_000),
      messages: [{ type: 'line', bytes: new Uint8Array(3) }],
    }`,
  )
  const node = startCommand(
    ['node', './quick.mjs', '--listen', '127.0.0.1:0', '--json', ...words],
    folder,
  )
  const { addresses } = await node.event('started')
  const [address = ''] = addresses as readonly string[]
  return { node, address, folder }
}

describe('an attack', () => {
  test('on a node of the native network does nothing to it', LONG, async () => {
    const node = await startListening()
    const only = ['replayed', 'half-closed', 'early-messages']
    const attack = startCommand([
      ...['attack', 'native', '--to', node.address, '--json', '--only', ...only],
    ])
    const { code, err } = await attack.ended()
    expect([code, err]).toEqual([0, ''])
    const told = attack.events().filter(({ event }) => event === 'attack')
    expect(told).toMatchObject([
      { attack: 'early-messages', verdict: 'passed', honestDuring: { isServed: true } },
      { attack: 'replayed', verdict: 'passed', manners: { ended: 3 }, connections: 3 },
      { attack: 'half-closed', verdict: 'passed', honestAfter: { isServed: true } },
    ])
    expect(attack.events().at(-1)).toMatchObject({
      event: 'summary',
      passed: ['early-messages', 'replayed', 'half-closed'],
      failed: [],
      unknown: [],
    })
    expect((await node.stop()).code).toBe(0)
  })

  test('is told in lines, with what it saw and how honest peers fared', LONG, async () => {
    const { address, folder } = await startQuickNode()
    const only = ['flood-from-many-hosts', 'message-flood', 'half-open']
    const { code, err, out } = await runCommand(
      ['attack', './quick.mjs', '--to', address, '--only', ...only],
      folder,
    )
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^passed  half-open: whoever connects and says nothing is ended /m)
    expect(out).toMatch(/^ {8}1 ended, the last after \d+ ms, answered with 3 B$/m)
    expect(out).toMatch(
      /^ {8}an honest peer during it: in after \d+ ms; after it: in after \d+ ms$/m,
    )
    expect(out).toMatch(/^ {8}200 ended/m)
    expect(out).toMatch(/\n3 passed, 0 failed, 0 unknown\n$/)
  })

  test('that a node does not pass is an exit code of 1, and says why', LONG, async () => {
    const { address, folder } = await startQuickNode(['--weak'])
    const words = ['attack', './quick.mjs', '--to', address, '--json', '--only', 'half-open']
    const attack = startCommand(words, folder)
    expect((await attack.ended()).code).toBe(1)
    const [told, summary] = attack.events()
    expect(told).toMatchObject({
      event: 'attack',
      verdict: 'failed',
      because: ['a connection that says nothing: still open after 4000 ms'],
      manners: { open: 1 },
      samples: [{ what: 'says nothing', manner: 'open', sentBytes: 0, lastBytes: '026869' }],
      honestDuring: { isServed: true },
      honestAfter: { isServed: true },
    })
    expect(summary).toMatchObject({ event: 'summary', passed: [], failed: ['half-open'] })
  })

  test(
    'whose patience is shorter than the network’s says nothing of an open end',
    LONG,
    async () => {
      const { address, folder } = await startQuickNode(['--weak'])
      const { code, out } = await runCommand(
        ['attack', './quick.mjs', '--to', address, '--only', 'half-open', '--patience', '200ms'],
        folder,
      )
      expect([code, out]).toEqual([0, expect.stringMatching(/^unknown half-open: /)])
    },
  )

  test('on nobody is our fault, and says so', LONG, async () => {
    const { address, folder, node } = await startQuickNode()
    await node.stop()
    const { code, err, out } = await runCommand(['attack', './quick.mjs', '--to', address], folder)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/^peerloom: no session came up with 127\.0\.0\.1:\d+ within \d+ ms\n$/)
  })
})

describe('an attack is refused', () => {
  const ID = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'

  test.each([
    ['on a host of another machine', `node://${ID}@192.0.2.1:9946`, /192\.0\.2\.1 is not of this/],
    ['on all hosts of this machine', `node://${ID}@0.0.0.0:9946`, /0\.0\.0\.0 is not of this/],
    ['on a name, wherever it leads', `node://${ID}@localhost:9946`, /localhost is a name, and no/],
    ['on what is no address', '127.0.0.1:9946', /does not start with node:\/\//],
  ])('%s', async (_, to, sentence) => {
    const { code, err, out } = await runCommand(['attack', 'native', '--to', to])
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(sentence)
  })

  test.each([
    ['without an address', [], /required option '--to <address>' not specified/],
    ['of a name that is none', ['--only', 'magic'], /no attack magic; there is: byte-by-byte, /],
    ['with the option of another network', ['--depth', '3'], /unknown option '--depth'/],
    ['with a network name that is none', ['--network', ''], /network name is not 1 to 64/],
  ])('%s', async (_, words, sentence) => {
    const to = words.length === 0 ? [] : ['--to', `node://${ID}@127.0.0.1:9946`]
    const { code, err } = await runCommand(['attack', 'native', ...to, ...words])
    expect(err).toMatch(sentence)
    expect(code).toBe(2)
  })
})

test('the help of the command names its options, and those of a network', async () => {
  const { code, out } = await runCommand(['attack', '--help'])
  expect(code).toBe(0)
  expect(out).toContain('Usage: peerloom attack <protocol> --to <address> [options]')
  expect(out).toContain('--only <attack...>')
  expect(out).toContain('(bitcoin, botd, native), or the path of a module')
  const native = await runCommand(['attack', 'native', '--help'])
  expect(native.out).toMatch(/Options of native:\n\s+--network <name>/)
})
