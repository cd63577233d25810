/**
 * Stops a supervisor at one moment and then does nothing more: the process ends by itself, or it hangs.
 * Argument: the moment.
 */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createSupervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { tcp } from '../../transport/tcp.ts'
import { udp } from '../../transport/udp.ts'

const protocolOf = (byte: number) =>
  native({ network: 'test/stop', privateKey: new Uint8Array(32).fill(byte) })

const create = (byte: number) =>
  createSupervisor({
    name: `node ${String(byte)}`,
    protocol: protocolOf(byte),
    transport: tcp(),
    datagrams: udp(),
    listen: ['127.0.0.1:0'],
  })

const addressAt = (port: number): string =>
  `node://${protocolOf(2).identity ?? ''}@127.0.0.1:${String(port)}`

/** Accepts and says nothing. It holds no process up. */
async function startSilentServer(): Promise<number> {
  const server = createServer((socket) => {
    socket.unref()
  })
  server.unref()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const moments: Readonly<Record<string, () => Promise<void>>> = {
  async 'before start'() {
    await create(1).stop()
  },
  async 'while it starts'() {
    const node = create(1)
    const started = node.start().catch(() => undefined)
    await node.stop()
    await started
  },
  async 'while it shakes hands'() {
    const node = create(1)
    await node.start()
    const connected = node.connect(addressAt(await startSilentServer())).catch(() => undefined)
    await node.stop({ graceMs: 200 })
    await connected
  },
  async 'while it is active, with messages under way'() {
    const [one, other] = [create(1), create(2)]
    await one.start()
    await other.start()
    const name = await one.connect(addressAt(other.listening[0]?.port ?? 0))
    for (let count = 0; count < 100; count++) {
      one.send(name, { type: 'message', protocol: 'test', payload: new Uint8Array(1_000) })
    }
    await Promise.all([one.stop(), other.stop()])
  },
  async 'after its handler hung'() {
    const [one, other] = [create(1), create(2)]
    await one.start()
    await other.start()
    let called = (): void => undefined
    const isCalled = new Promise<void>((resolve) => (called = resolve))
    other.handle('message', () => {
      called()
      return new Promise(() => undefined)
    })
    const name = await one.connect(addressAt(other.listening[0]?.port ?? 0))
    one.send(name, { type: 'message', protocol: 'test', payload: new Uint8Array(1) })
    await isCalled
    await Promise.all([one.stop(), other.stop()])
  },
}

const [moment = ''] = process.argv.slice(2)
await moments[moment]?.()
console.log('stopped')
