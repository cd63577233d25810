import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CONTROL_SOCKETS_MAX } from '../../cli/control/protocol.ts'
import { connectToOwner } from '../../store/folder-lock.ts'
import { within } from '../../testing/suite.ts'
import { runCommand, startCommand, startFolder, startListening } from './command.ts'
import type { Event, Run } from './command.ts'

const rowsOf = ({ out }: Run): readonly Event[] =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event)

/** A node that dials with a key of its own, which outlives it. */
const dialFrom = (folder: string, address: string, words: readonly string[] = []) =>
  startCommand([
    ...['node', 'native', '--json', '--data-dir', folder, '--connect', address],
    ...words,
  ])

/** A data folder before its first start: with a key, and without a store. */
function startKeyFolder(): string {
  const folder = startFolder()
  writeFileSync(join(folder, 'node.key'), new Uint8Array(32).fill(7), { mode: 0o600 })
  return folder
}

describe('a ban of a running node', () => {
  test('closes the connections of the peer, keeps it out, and is lifted', async () => {
    const [data, theirs] = [startFolder(), startFolder()]
    const node = await startListening(['--data-dir', data])
    const peer = dialFrom(theirs, node.address)
    const { id } = await peer.event('started')
    const identity = String(id)
    await node.event('connection.active')

    const ban = await runCommand(['ban', identity, '--data-dir', data, '--why', 'too loud'])
    expect(ban).toMatchObject({ code: 0, err: '' })
    expect(ban.out).toBe(`banned identity ${identity} for good; the running node knows\n`)
    expect(await node.event('peer.banned')).toMatchObject({
      subject: `identity ${identity}`,
      why: 'too loud',
    })
    expect(await node.event('connection.closed')).toMatchObject({ identity, detail: 'banned' })
    await peer.event('connection.closed', ({ phase }) => phase === 'active')
    await peer.stop()

    const back = dialFrom(theirs, node.address)
    const refused = await back.event('connection.closed')
    expect(refused).toMatchObject({ reason: 'refused-by-peer', phase: 'handshaking' })
    await back.stop()

    const unban = await runCommand(['unban', `identity ${identity}`, '--data-dir', data, '--json'])
    expect(rowsOf(unban)).toEqual([{ event: 'unbanned', subject: `identity ${identity}` }])
    expect(await node.event('peer.unbanned')).toMatchObject({ subject: `identity ${identity}` })
    const free = dialFrom(theirs, node.address, ['--until', 'peers=1'])
    expect((await free.ended()).code).toBe(0)
  })

  test('may have an end, and may name a peer by its address', async () => {
    const data = startFolder()
    const node = await startListening(['--data-dir', data])
    const id = 'ab'.repeat(32)
    const before = Date.now()
    const byAddress = await runCommand([
      ...['ban', `node://${id}@127.0.0.2:9`, '--data-dir', data, '--for', '3600', '--json'],
    ])
    const [banned] = rowsOf(byAddress)
    expect(banned).toMatchObject({ event: 'banned', subject: `identity ${id}`, reason: 'by hand' })
    const lasts = Number(banned?.['untilMs']) - before
    expect(lasts).toBeGreaterThanOrEqual(3_600_000)
    expect(lasts).toBeLessThanOrEqual(3_600_000 + Date.now() - before)

    await runCommand(['ban', '[::ffff:10.0.0.7]', '--data-dir', data])
    expect(await node.event('peer.banned', ({ key }) => 'host' in (key as object))).toMatchObject({
      subject: 'address 10.0.0.7',
    })
    const listed = rowsOf(await runCommand(['peers', '--data-dir', data, '--json']))
    expect(listed.map(({ event, subject }) => [event, subject]).toSorted()).toEqual([
      ['ban', 'address 10.0.0.7'],
      ['ban', `identity ${id}`],
    ])
  })
})

describe('a ban where no node is running', () => {
  test('is in the store, holds from the next start, and is lifted there', async () => {
    const [data, theirs] = [startKeyFolder(), startFolder()]
    const peer = await startListening(['--data-dir', theirs])
    await peer.stop()

    const ban = await runCommand(['ban', peer.id, '--data-dir', data])
    expect(ban.out).toBe(
      `banned identity ${peer.id} for good; no node is running: it holds from the next start\n`,
    )
    const stored = await runCommand(['peers', '--data-dir', data])
    expect(stored.out).toMatch(/^no node is running [^]*\n\nbanned +until +because\nidentity /)

    const node = await startListening(['--data-dir', data])
    const refused = await dialFrom(theirs, node.address).event('connection.closed')
    expect(refused).toMatchObject({ reason: 'refused-by-peer' })
    await node.stop()

    const unban = await runCommand(['unban', peer.id, '--data-dir', data, '--json'])
    expect(rowsOf(unban)).toEqual([{ event: 'unbanned', subject: `identity ${peer.id}` }])
    const again = await runCommand(['unban', peer.id, '--data-dir', data])
    expect([again.code, again.out]).toEqual([0, `${peer.id} was not banned\n`])
    expect(rowsOf(await runCommand(['peers', '--data-dir', data, '--json']))).toEqual([])
  })
})

describe('a ban of a range where no node is running', () => {
  test('is in the store, holds from the next start, and is lifted as it is printed', async () => {
    const [data, theirs] = [startKeyFolder(), startFolder()]
    const ban = await runCommand(['ban', '127.7.7.7/8', '--data-dir', data, '--json'])
    expect(rowsOf(ban)).toMatchObject([{ event: 'banned', subject: 'range 127.0.0.0/8' }])
    const node = await startListening(['--data-dir', data])
    const refused = await dialFrom(theirs, node.address).event('connection.closed')
    expect(refused).toMatchObject({ reason: 'refused-by-peer' })
    await node.stop()
    const unban = await runCommand(['unban', 'range 127.0.0.0/8', '--data-dir', data, '--json'])
    expect(rowsOf(unban)).toEqual([{ event: 'unbanned', subject: 'range 127.0.0.0/8' }])
  })
})

describe('a ban of an onion service where no node is running', () => {
  const host = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'
  test.each([[`address ${host}`], [host]])('is lifted as %s', async (subject) => {
    const data = startFolder()
    const node = startCommand([
      ...['node', 'bitcoin', '--network', 'regtest', '--json', '--data-dir', data],
      ...['--listen', '127.0.0.1:0'],
    ])
    await node.event('started')
    expect((await runCommand(['ban', `${host}:18444`, '--data-dir', data])).code).toBe(0)
    await node.stop()
    const unban = await runCommand(['unban', subject, '--data-dir', data, '--json'])
    expect(rowsOf(unban)).toEqual([{ event: 'unbanned', subject: `address ${host}` }])
    expect(rowsOf(await runCommand(['peers', '--data-dir', data, '--json']))).toEqual([])
  })
})

const WITHOUT_NODE = [
  ['peers', []],
  ['ban', ['10.0.0.1']],
  ['unban', ['10.0.0.1']],
] as const

describe('where no node is running', () => {
  test.each(WITHOUT_NODE)('%s begins no store in a folder without one', async (command, words) => {
    const parent = startFolder()
    mkdirSync(join(parent, 'store'))
    const { code, err, out } = await runCommand([command, ...words, '--data-dir', parent])
    expect(err).toBe(`peerloom: there is no store in ${parent}: no node has used it yet\n`)
    expect([code, out]).toEqual([2, ''])
    expect(readdirSync(parent)).toEqual(['store'])
  })

  test.each(WITHOUT_NODE)(
    '%s leaves a damaged store to the node, which tells of it',
    async (command, words) => {
      const data = startKeyFolder()
      const damaged = 'this is no data file'.repeat(1_000)
      writeFileSync(join(data, 'store.mdb'), damaged)
      const { code, err, out } = await runCommand([command, ...words, '--data-dir', data])
      expect(err).toContain(`peerloom: the store in ${data} is damaged: `)
      expect([code, out]).toEqual([1, ''])
      const node = await startListening(['--data-dir', data])
      expect(await node.event('store.set-aside')).toMatchObject({
        files: [expect.stringContaining('store.mdb was moved to store.mdb.damaged-1')],
      })
    },
  )
})

describe('peers', () => {
  test('shows who is connected, who was, and nobody else', async () => {
    const [data, theirs] = [startFolder(), startFolder()]
    const node = await startListening(['--data-dir', data])
    const gone = dialFrom(theirs, node.address, ['--until', 'peers=1'])
    const { id: goneId } = await gone.event('started')
    await gone.ended()
    await node.event('connection.closed')
    const stays = startCommand(['node', 'native', '--json', '--connect', node.address])
    const { id } = await stays.event('started')
    await node.event('connection.active', ({ identity }) => identity === id)

    const rows = rowsOf(await runCommand(['peers', '--data-dir', data, '--json']))
    expect(rows.filter(({ event }) => event === 'connection')).toEqual([
      expect.objectContaining({ peer: id, direction: 'in', phase: 'active' }),
    ])
    expect(rows).toContainEqual(
      expect.objectContaining({ event: 'peer', peer: goneId, activeConnections: 0 }),
    )
    const { out } = await runCommand(['peers', '--data-dir', data])
    expect(out).toMatch(new RegExp(`^peer +address[^]*${String(id)}.* in +active `))
    expect(out).toMatch(
      new RegExp(`${String(goneId)} +\\d+ +(?:in|at) .*\\n\\nnobody is banned\\n$`),
    )
  })

  test('of an owner that does not answer is told within the time of its greeting', async () => {
    const data = startFolder()
    const node = await startListening(['--data-dir', data])
    node.process.kill('SIGSTOP')
    const { code, err, out } = await runCommand(['peers', '--data-dir', data])
    expect([code, out]).toEqual([1, ''])
    expect(err).toBe(`peerloom: the owner of ${data} does not answer\n`)
  })
})

describe('is used wrongly:', () => {
  test.each([
    ['ban', 'nobody at all'],
    ['ban', 'example.org'],
    ['unban', 'node://x@y'],
  ])('%s %s, which nobody is called', async (command, subject) => {
    const data = startKeyFolder()
    const stored = await runCommand([command, subject, '--data-dir', data])
    expect(stored.err).toContain(`${subject} is neither an IP address nor an identity`)
    expect([stored.code, stored.out]).toEqual([2, ''])
    await startListening(['--data-dir', data])
    const told = await runCommand([command, subject, '--data-dir', data])
    expect(told.err).toContain(`${subject} is no address, no IP address and no identity`)
    expect([told.code, told.out]).toEqual([2, ''])
  })

  test.each([
    ['without a data folder', ['peers'], /required option '--data-dir <folder>'/],
    ['without a subject', ['ban', '--data-dir', '.'], /missing required argument 'subject'/],
    [
      'for no time',
      ['ban', '10.0.0.1', '--data-dir', '.', '--for', '0'],
      /argument '0' is invalid/,
    ],
  ])('%s', async (_, words, sentence) => {
    const { code, err } = await runCommand(words)
    expect(err).toMatch(sentence)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(2)
  })

  test('a folder that is not there, which stays so', async () => {
    const folder = join(startFolder(), 'nothing')
    const { code, err } = await runCommand(['ban', '10.0.0.1', '--data-dir', folder])
    expect([code, err]).toEqual([2, `peerloom: there is no data folder ${folder}\n`])
    expect(existsSync(folder)).toBe(false)
  })
})

/** A connection to the owner of a folder, behind its greeting. */
async function startSocket(folder: string): Promise<Socket> {
  const socket = await connectToOwner(folder)
  if (socket === undefined) throw new Error('the folder has no owner')
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

/** All that the other side says until it closes. */
function heard(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (part: string) => (text += part))
  return within(
    new Promise((resolve) => socket.once('close', () => resolve(text))),
    'the socket to close',
  )
}

describe('the socket of a running node', () => {
  test('answers what is no request with one line, and goes on', async () => {
    const data = startFolder()
    const node = await startListening(['--data-dir', data])
    const noise: readonly (readonly [string | Uint8Array, RegExp])[] = [
      ['\n', /^\{"error":"this is no request","usage":true\}\n$/],
      ['GET / HTTP/1.1\r\n\r\n', /this is no request/],
      ['{"ask":"ban","subject":7,"forMs":null,"why":""}\n', /this is no request/],
      ['{"ask":"peers"}\n{"ask":"peers"}\n', /^\{"done":0\}\n$/],
      [Uint8Array.of(0xff, 0xfe, 0x0a), /this is no request/],
      [new Uint8Array(10_000_000).fill(0x61), /a request has at most 65536 bytes/],
    ]
    for (const [bytes, answer] of noise) {
      const socket = await startSocket(data)
      const answered = heard(socket)
      socket.end(bytes)
      expect(await answered).toMatch(answer)
    }
    const leaves = await startSocket(data)
    leaves.destroy()
    expect((await runCommand(['peers', '--data-dir', data])).code).toBe(0)
    expect(await node.stop()).toMatchObject({ code: 0, err: '' })
    expect(node.events().map(({ event }) => event)).not.toContain('fault')
  })

  test('is for a few at once, and for others when they have left', async () => {
    const data = startFolder()
    await startListening(['--data-dir', data])
    const silent: Socket[] = []
    for (let count = 0; count < CONTROL_SOCKETS_MAX; count++) silent.push(await startSocket(data))
    const refused = await runCommand(['peers', '--data-dir', data])
    expect([refused.code, refused.err]).toEqual([1, 'peerloom: too many ask this node at once\n'])
    for (const socket of silent) socket.destroy()
    // Whether it has seen them leave is seen by being answered.
    let code: number | null = 1
    while (code !== 0) ({ code } = await runCommand(['peers', '--data-dir', data]))
  })

  test('does not keep a node that stops', async () => {
    const data = startFolder()
    const node = await startListening(['--data-dir', data])
    const closed = heard(await startSocket(data))
    expect((await node.stop()).code).toBe(0)
    expect(await closed).toBe('')
  })
})
