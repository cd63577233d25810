import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { startBotdTcpHost } from '../interop/botd-peer-tcp.ts'
import { RAW } from '../interop/botd-sides.ts'
import { hexOf } from '../interop/raw-native-crypto.ts'
import { compiledFolder, runCommand, startCommand, startFolder } from './command.ts'

const LISTENING = ['--listen', '127.0.0.1:0']

/** A node that has started: its key, its port, and the address that it says itself. */
async function startNode(words: readonly string[] = [], network = 'botd', folder?: string) {
  const node = startCommand(['node', network, '--json', ...words], folder)
  const { addresses, id, listening } = await node.event('started')
  const [address = ''] = addresses as readonly string[]
  const [at] = listening as readonly { readonly port: number }[]
  return { ...node, id: String(id), address, port: at?.port ?? 0 }
}

describe('a node of BOTD', () => {
  test('says its key and where it listens, and stops with a Disconnecting', async () => {
    const listener = await startNode(LISTENING)
    expect(listener.address).toBe(`botd://${listener.id}@127.0.0.1:${String(listener.port)}`)
    expect(listener.id).toMatch(/^0[23][0-9a-f]{64}$/)
    const dialler = await startNode(['--connect', listener.address])
    await dialler.event('connection.active')
    const { code, err } = await listener.stop()
    expect([code, err]).toEqual([0, ''])
    expect(await dialler.event('connection.closed')).toMatchObject({
      ...{ reason: 'peer-left', detail: 'told-shutdown', phase: 'active' },
    })
  })

  test('is dialled as key@host:port, and both sides tell of each other', async () => {
    const listener = await startNode(LISTENING)
    const { code, out } = await runCommand([
      ...['node', 'botd', '--json', '--until', 'peers=1'],
      ...['--connect', `${listener.id}@127.0.0.1:${String(listener.port)}`],
    ])
    expect(code).toBe(0)
    const id = /"id":"([0-9a-f]{66})"/.exec(out)?.[1]
    expect(id).toBeDefined()
    expect(out).toContain(`"identity":"${listener.id}"`)
    expect(await listener.event('connection.active')).toMatchObject({ identity: id })
  })

  test('answers a peer that shares nothing with it', async () => {
    const listener = await startNode(LISTENING)
    await using host = startBotdTcpHost()
    const key = new Uint8Array(Buffer.from(listener.id, 'hex'))
    const { peer, until } = await host.talkTo(listener.port, key, { identity: RAW })
    const pingId = peer.ping()
    await until(() => peer.heardOf('pong').length === 1)
    expect(peer.heardOf('pong')).toMatchObject([{ pingId }])
    peer.leave(9)
    expect(await listener.event('connection.closed')).toMatchObject({
      ...{ identity: hexOf(RAW.publicKey), detail: 'told-shutdown' },
    })
  })

  test('has an option of its own, and refuses an address without a key', async () => {
    const { out } = await runCommand(['node', 'botd', '--help'])
    expect(out).toMatch(/Options of botd:\n\s+--keep-without-pong/)
    const { code, err } = await runCommand(['node', 'botd', '--connect', '127.0.0.1:9945'])
    expect(code).toBe(2)
    expect(err).toMatch(/^peerloom: 127\.0\.0\.1:9945: .*public key.*\n$/)
  })
})

/** BOTD with an application in it: it greets whoever it meets, and tells what it hears. */
const GREETER = `
const app = (text) => ({
  type: 'app', id: 'a', topic: 'greeting', payload: new TextEncoder().encode(text),
})
export const greeter = (options) => {
  const manifest = botd(options)
  const greeting = {
    name: 'greeting', restart: 'permanent', keep: () => undefined,
    start(tools) {
      tools.watch({ active: ({ name, role }) => tools.send(name, app('hello from the ' + role)) })
      tools.feed('app', ({ message, peer }) => {
        const text = new TextDecoder().decode(message.payload)
        tools.note('heard', { topic: message.topic, text, by: peer.identity })
      })
      return () => undefined
    },
  }
  return { ...manifest, children: [...manifest.children, greeting] }
}
export const tools = { ...botdTools, create: (_, given) => greeter(given) }
`

test('two processes of a network made of BOTD exchange a message each', async () => {
  const folder = startFolder()
  const network = pathToFileURL(join(compiledFolder(), 'protocols/botd.js')).href
  const head = `import { botd, tools as botdTools } from '${network}'`
  writeFileSync(join(folder, 'greeter.mjs'), head + GREETER)
  const listener = await startNode(LISTENING, './greeter.mjs', folder)
  const dialler = await startNode(['--connect', listener.address], './greeter.mjs', folder)
  const heard = (text: string, by: string) => ({
    child: 'greeting',
    what: 'heard',
    about: { topic: 'greeting', text, by },
  })
  expect(await listener.event('child.noted')).toMatchObject(
    heard('hello from the dialler', dialler.id),
  )
  expect(await dialler.event('child.noted')).toMatchObject(
    heard('hello from the listener', listener.id),
  )
  expect((await dialler.stop()).code).toBe(0)
})
