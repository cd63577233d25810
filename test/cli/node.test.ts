import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { NodeOptions } from '../../cli/node/options.ts'
import { runNode } from '../../cli/node/run-node.ts'
import { tools } from '../../protocols/native.ts'
import { compiledFolder, runCommand, startCommand, startFolder, startListening } from './command.ts'

/** A module of a tiny network in a folder of its own; `text` stands behind its imports. */
function startModule(name: string, text: string): string {
  const folder = startFolder()
  const lines = pathToFileURL(join(compiledFolder(), 'examples/smallest-network.js')).href
  writeFileSync(join(folder, name), `import { lines } from '${lines}'\n${text}\n`)
  return folder
}

const nativeFlags = ['node', 'native', '--json']

describe('a node', () => {
  test('says first who it is and where, and stops with grace at SIGTERM', async () => {
    const node = await startListening()
    const [first] = node.events()
    expect(first).toMatchObject({
      event: 'started',
      pid: node.process.pid,
      network: 'native',
      listening: [{ host: '127.0.0.1' }],
    })
    expect(node.address).toMatch(/^node:\/\/[0-9a-f]{64}@127\.0\.0\.1:\d+$/)
    node.process.kill('SIGTERM')
    const { code, err } = await node.ended()
    expect([code, err]).toEqual([0, ''])
    expect(node.events().slice(1)).toMatchObject([
      { event: 'stopping', by: 'signal' },
      { event: 'node.stopped', killed: [] },
      { event: 'ended', by: 'signal', exitCode: 0 },
    ])
  })

  test('ends with 0 once it has its peers, and both tell of each other', async () => {
    const listener = await startListening()
    const dialler = startCommand([
      ...[...nativeFlags, '--connect', listener.address],
      ...['--until', 'peers=1', '--timeout', '60'],
    ])
    const { code } = await dialler.ended()
    expect(code).toBe(0)
    const { id } = await dialler.event('started')
    expect(await dialler.event('ended')).toMatchObject({ by: 'condition', exitCode: 0 })
    expect(await dialler.event('connection.active')).toMatchObject({ identity: listener.id })
    expect(await listener.event('connection.active')).toMatchObject({ identity: id })
    expect(await listener.event('connection.closed')).toMatchObject({ reason: 'peer-left' })
  })

  test('counts a peer that it was told to begin with', async () => {
    const listener = await startListening(['--until', 'peers=1'])
    startCommand(['node', 'native', '--bootstrap', listener.address])
    expect((await listener.ended()).code).toBe(0)
  })

  test.each([
    ['with 3 when the time is up before its peers are there', ['--until', 'peers=1'], 3],
    ['with 0 when the time is up and nothing was waited for', [], 0],
  ])('ends %s', async (_, words, exitCode) => {
    const node = startCommand([...nativeFlags, '--timeout', '200ms', ...words])
    expect((await node.ended()).code).toBe(exitCode)
    expect(await node.event('ended')).toMatchObject({ by: 'timeout', exitCode })
  })

  test('says by its exit code that it was interrupted before its condition was true', async () => {
    const node = await startListening(['--until', 'peers=1'])
    node.process.kill('SIGINT')
    expect((await node.ended()).code).toBe(130)
    expect(await node.event('node.stopped')).toMatchObject({ killed: [] })
  })

  test('prints a sentence an event where nobody asks for JSON', async () => {
    const listener = await startListening()
    const { code, out } = await runCommand([
      ...['node', 'native', '--connect', listener.address, '--until', 'peers=1'],
    ])
    expect(code).toBe(0)
    const lines = out.trim().split('\n')
    expect(lines[0]).toMatch(/^a node of the network native runs as process \d+ and takes no/)
    expect(lines).toContainEqual(expect.stringMatching(/^node\/out-1: active with [0-9a-f]+…/))
    expect(lines.at(-1)).toBe('stopped')
    expect(out).not.toContain('{')
  })

  test('talks to nobody of another network, and to nobody who is not on its list', async () => {
    const listener = await startListening(['--network', 'test/one'])
    const other = startCommand([
      ...[...nativeFlags, '--network', 'test/two', '--connect', listener.address],
    ])
    expect(await other.event('connection.closed')).toMatchObject({ reason: 'refused-by-peer' })
    const choosy = await startListening(['--allow', listener.id])
    const stranger = startCommand([...nativeFlags, '--connect', choosy.address])
    expect(await stranger.event('connection.closed')).toMatchObject({ reason: 'refused-by-peer' })
  })
})

describe('a second signal', () => {
  test('ends a node at once that waits for a peer to take leave', async () => {
    const folder = startModule(
      'patient.mjs',
      `export const patient = () => ({
        ...lines(),
        farewell: () => ({ messages: [], answerMs: 60_000, reads: [] }),
      })`,
    )
    const flags = ['node', './patient.mjs', '--json']
    const listener = startCommand([...flags, '--listen', '127.0.0.1:0'], folder)
    const { addresses } = await listener.event('started')
    const [address = ''] = addresses as readonly string[]
    const dialler = startCommand([...flags, '--connect', address], folder)
    await dialler.event('connection.active')
    // It is there and says nothing.
    listener.process.kill('SIGSTOP')
    dialler.process.kill('SIGINT')
    await dialler.event('stopping')
    dialler.process.kill('SIGINT')
    expect((await dialler.ended()).code).toBe(130)
    expect(dialler.events().map(({ event }) => event)).not.toContain('node.stopped')
  })
})

/** On Linux a file that is always full. */
const FULL = '/dev/full'

test.skipIf(!existsSync(FULL))(
  'a full disk ends a command with a sentence (needs /dev/full)',
  () => {
    const full = openSync(FULL, 'w')
    const program = join(compiledFolder(), 'cli/main.js')
    const stdio = ['ignore' as const, full, 'pipe' as const]
    const { status, stderr } = spawnSync(process.execPath, [program, 'chart'], { stdio })
    closeSync(full)
    expect(stderr.toString()).toMatch(/^peerloom: standard output cannot be written: ENOSPC.*\n$/)
    expect(status).toBe(1)
  },
)

test.skipIf(!existsSync(FULL))(
  'a full disk ends no node: it is stopped as always (needs /dev/full)',
  () => {
    const full = openSync(FULL, 'w')
    const program = join(compiledFolder(), 'cli/main.js')
    const folder = startFolder()
    const args = [program, ...nativeFlags, '--data-dir', folder, '--timeout', '1']
    const stdio = ['ignore' as const, full, 'pipe' as const]
    const { status, stderr } = spawnSync(process.execPath, args, { stdio })
    closeSync(full)
    expect(stderr.toString()).toMatch(
      /^peerloom: standard output cannot be written: ENOSPC.*; the node goes on, and counts what is lost\n$/,
    )
    expect(status).toBe(0)
    expect(readdirSync(folder).filter((name) => name.startsWith('.owner'))).toEqual([])
  },
)

describe('a reader that goes away', () => {
  test('is no error, and the node is stopped with grace', async () => {
    const folder = startFolder()
    const node = await startListening(['--data-dir', folder])
    node.process.stdout.destroy()
    // Something to be told, which nobody reads.
    startCommand([...nativeFlags, '--connect', node.address])
    const { code, err, signal } = await node.ended()
    expect([code, signal, err]).toEqual([0, null, ''])
    // It gave its folder back.
    expect(readdirSync(folder).filter((name) => name.startsWith('.owner'))).toEqual([])
  })
})

describe('the private key', () => {
  test('is kept in the data folder, for its owner alone', async () => {
    const folder = join(startFolder(), 'data')
    const first = await startListening(['--data-dir', folder])
    expect((await first.stop()).code).toBe(0)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'node.key')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'node.key'))).toHaveLength(32)
    const second = await startListening(['--data-dir', folder])
    expect(second.id).toBe(first.id)
    const other = await startListening()
    expect(other.id).not.toBe(first.id)
  })

  test.each([
    ['that others can read', 0o640, Buffer.alloc(32, 1), /^peerloom: others .* chmod 600 '.*'\n$/],
    ['that is too short', 0o600, Buffer.alloc(31, 1), /holds no key of 32 bytes\n$/],
    ['that is none of the curve', 0o600, Buffer.alloc(32), /is none of this network\n$/],
  ])('%s is refused in one sentence', async (_, mode, bytes, sentence) => {
    const folder = startFolder()
    writeFileSync(join(folder, 'node.key'), bytes)
    chmodSync(join(folder, 'node.key'), mode)
    const { code, err, out } = await runCommand(['node', 'native', '--data-dir', folder])
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(sentence)
  })
})

describe('a start that fails', () => {
  test('on a data folder with another owner is one sentence', async () => {
    const folder = startFolder()
    await startListening(['--data-dir', folder])
    const { code, err, out } = await runCommand(['node', 'native', '--data-dir', folder])
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe(
      `peerloom: the data folder ${folder} is owned by another running process; ` +
        'stop it, or use another folder\n',
    )
  })

  test('on a port that is taken is one sentence, and with --verbose a stack', async () => {
    const listener = await startListening()
    const place = listener.address.replace(/^.*@/, '')
    const words = ['node', 'native', '--listen', place]
    const short = await runCommand(words)
    expect([short.code, short.out]).toEqual([1, ''])
    expect(short.err).toBe(`peerloom: cannot listen on ${place}: address-in-use\n`)
    const long = await runCommand([...words, '--verbose'])
    expect(long.err).toMatch(/^peerloom: .*\n +at /)
  })
})

test('a fault moves no cursor, whoever named what is wrong', async () => {
  const words = ['chart', 'a\u001b[31m\u0007\u009bb']
  const { err } = await runCommand(words)
  expect(err).toMatch(/^peerloom: .*a\?\[31m\?\?b/)
  const long = await runCommand([...words, '--verbose'])
  expect(long.err).toMatch(/a(\?|\\x1B)\[31m.*\n +at /)
  expect(`${err}${long.err}`).not.toMatch(/[\u001b\u0007\u009b]/)
})

describe('is used wrongly:', () => {
  test.each([
    ['no network', [], /missing required argument 'protocol'/],
    ['an option before the network', ['--json', 'native'], /the network comes first/],
    [
      'a network that does not exist',
      ['nothing'],
      /no network nothing; there is: bitcoin, botd, native,/,
    ],
    ['a module that does not exist', ['./nothing.js'], /there is no module \.\/nothing\.js/],
    ['an option that does not exist', ['native', '--nonsense'], /unknown option '--nonsense'/],
    ['one that is almost right', ['native', '--jsn'], /unknown option '--jsn' \(Did you mean/],
    ['a word too many', ['native', 'again'], /too many arguments/],
    ['no time', ['native', '--timeout', '-1'], /argument '-1' is invalid/],
  ])('%s', async (_, words, sentence) => {
    const { code, err, out } = await runCommand(['node', ...words])
    expect(err).toMatch(sentence)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(err).toMatch(/^peerloom: /)
    expect([code, out]).toEqual([2, ''])
  })

  const nothing: NodeOptions = {
    ...{
      listen: [],
      connect: [],
      bootstrap: [],
      json: false,
      proxy: undefined,
      onionProxy: undefined,
    },
    ...{
      dataDir: undefined,
      until: undefined,
      timeoutMs: undefined,
      record: undefined,
      inspect: undefined,
      inspectActions: false,
      recordDir: undefined,
    },
    ...{ metrics: undefined, maxInbound: undefined, maxOutbound: undefined },
  }
  const usual = { network: 'test/usage', allow: undefined }
  test.each<[string, Partial<NodeOptions>, object, RegExp]>([
    ['no address to dial', { connect: ['here'] }, {}, /^here: the address does not start/],
    ['no address to begin with', { bootstrap: ['x'] }, {}, /^x: the address does not start/],
    ['no address to listen on', { listen: ['x'] }, {}, /^x is no address to listen on/],
    ['no onion proxy', { onionProxy: 'x' }, {}, /^--onion-proxy takes an IP address and a port/],
    ['no proxy', { proxy: 'x' }, {}, /^--proxy takes an IP address and a port/],
    ['no condition', { until: 'rich' }, {}, /no such condition; there is: peers$/],
    ['a property of objects', { until: 'constructor' }, {}, /no such condition/],
    ['no number of peers', { until: 'peers=0' }, {}, /peers=N needs a whole number/],
    ['a name that is none', {}, { network: 'é' }, /the network name is not 1 to 64/],
    ['an id that is none', {}, { allow: ['me'] }, /not a node id on the allow list: me/],
  ])('%s', async (_, options, values, message) => {
    const running = runNode(tools, { ...nothing, ...options }, { ...usual, ...values })
    await expect(running).rejects.toThrow(message)
    await expect(running).rejects.toMatchObject({ name: 'CommandFault', exitCode: 2 })
  })

  test('its own address', async () => {
    const folder = startFolder()
    const node = await startListening(['--data-dir', folder])
    await node.stop()
    const { code, err } = await runCommand([
      ...['node', 'native', '--data-dir', folder, '--connect', node.address],
    ])
    expect([code, err]).toEqual([2, `peerloom: ${node.address} is this node itself\n`])
  })
})

describe('the help', () => {
  test('of a network lists its options beside those of all', async () => {
    const { code, err, out } = await runCommand(['node', 'native', '--help'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('--listen <address...>')
    expect(out).toMatch(/Options of native:\n\s+--network <name>[^]*peerloom\/main[^]*--allow <id/)
  })

  test.each([[['node', '--help']], [['help', 'node']]])(
    '%s has the options of no network, and names those that there are',
    async (words) => {
      const { code, out } = await runCommand(words)
      expect(code).toBe(0)
      expect(out).toContain('Usage: peerloom node <protocol> [options]')
      expect(out).toContain('--until <condition>')
      expect(out).not.toContain('--network')
      expect(out).toContain('(bitcoin, botd, native), or the path of a module')
      expect(out).toContain('peerloom node <protocol> --help')
    },
  )
})

describe('a module', () => {
  test('whose factory has the name of the file is a network', async () => {
    const folder = startModule('tiny-lines.mjs', 'export { lines as tinyLines }')
    const flags = ['node', './tiny-lines.mjs', '--json']
    const listener = startCommand([...flags, '--listen', '127.0.0.1:0'], folder)
    const { addresses, id, listening } = await listener.event('started')
    const [{ port } = { port: 0 }] = listening as readonly { port: number }[]
    expect([id, addresses]).toEqual([null, [`127.0.0.1:${String(port)}`]])
    const { code } = await runCommand(
      [...flags, '--connect', `127.0.0.1:${String(port)}`, '--until', 'peers=1'],
      folder,
    )
    expect(code).toBe(0)
  })

  const TOOLS = `export const tools = {
    options: [{ flags: '--port-number <number>', description: 'a port', default: '7' }],
    isPrivateKey: (bytes) => bytes[0] === 7,
    create({ portNumber }, { privateKey }) {
      if (portNumber === '0') throw new RangeError('that is no port')
      return { ...lines(), name: \`lines-\${portNumber}-\${privateKey[0]}\` }
    },
    ownAddress: (identity, { host }) => \`lines at \${host}\`,
    until: {
      idle: (value) =>
        value === undefined
          ? { holds: (node) => node.connections().length === 0 }
          : { wrong: 'it has no value' },
      broken: () => ({ holds() { throw new Error('the condition broke') } }),
    },
  }`

  test('brings options, keys, addresses and conditions', async () => {
    const folder = startModule('tooled.mjs', TOOLS)
    const words = ['node', './tooled.mjs', '--json', '--listen', '127.0.0.1:0', '--until', 'idle']
    const node = startCommand([...words, '--port-number', '8'], folder)
    expect((await node.ended()).code).toBe(0)
    expect(node.events()[0]).toMatchObject({
      network: 'lines-8-7',
      addresses: ['lines at 127.0.0.1'],
    })
    const usual = startCommand(words, folder)
    expect(await usual.event('started')).toMatchObject({ network: 'lines-7-7' })
  })

  test('whose condition breaks ends the node, with a sentence', async () => {
    const folder = startModule('tooled.mjs', TOOLS)
    const node = startCommand(['node', './tooled.mjs', '--json', '--until', 'broken'], folder)
    expect(await node.ended()).toMatchObject({ code: 1, err: 'peerloom: the condition broke\n' })
    expect(node.events().at(-1)).toMatchObject({ event: 'ended', by: 'failure', exitCode: 1 })
  })

  test.each([
    ['a value that the network refuses', ['--port-number', '0'], /^peerloom: that is no port\n$/],
    ['an option of another network', ['--network', 'x'], /unknown option '--network'/],
    ['a condition with a wrong value', ['--until', 'idle=1'], /--until idle=1: it has no value/],
  ])('and is used wrongly: %s', async (_, words, sentence) => {
    const folder = startModule('tooled.mjs', TOOLS)
    const { code, err } = await runCommand(['node', './tooled.mjs', ...words], folder)
    expect(err).toMatch(sentence)
    expect(code).toBe(2)
  })

  test.each([
    ['exports no factory of its name', 'export { lines }', 2, /exports no function other/],
    ['returns something else', 'export const other = () => 7', 1, /returns no manifest/],
    ['throws when it is loaded', 'throw new Error("not today")', 1, /cannot be loaded: not today/],
    ['has tools that are none', 'export const tools = {}', 1, /have no options or no create/],
  ])('that %s is told in one sentence', async (_, text, exitCode, sentence) => {
    const folder = startModule('other.mjs', text)
    const { code, err, out } = await runCommand(['node', './other.mjs'], folder)
    expect(err).toMatch(sentence)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect([code, out]).toEqual([exitCode, ''])
  })
})
