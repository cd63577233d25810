import { expect, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import { tcp } from '../../transport/tcp.ts'
import { startChild } from '../support/child.ts'
import { NOTHING_HELD } from '../support/nodes.ts'

/** With it, ten thousand sockets from two thousand sources; without it, a small part of that. */
const isFull = process.env['PEERLOOM_LOAD'] === 'full'
const SOCKETS = isFull ? 10_000 : 400
const SOURCES = isFull ? 2_000 : 200

const networkOf = (byte: number) =>
  native({ network: 'test/flood', privateKey: new Uint8Array(32).fill(byte) })

/** A node that listens, and how far it came to its caps: looked at in every step. */
async function startListening() {
  const supervisor = createSupervisor({
    name: 'listener',
    protocol: networkOf(1),
    transport: tcp(),
    listen: ['127.0.0.1:0'],
  })
  const most = { pending: 0, all: 0, pendingOfGroup: 0 }
  const refused = new Map<string, number>()
  supervisor.events.subscribe((event) => {
    if (event.type === 'connection.refused') {
      refused.set(event.why, (refused.get(event.why) ?? 0) + 1)
    }
  })
  supervisor.port.watch(({ of }) => {
    if (of !== 'step') return
    const groups = new Map<string, number>()
    const connections = supervisor.connections()
    let pending = 0
    for (const { address, phase } of connections) {
      // Who was let in and takes leave is not pending any more.
      if (phase !== 'connecting' && phase !== 'handshaking') continue
      pending++
      const host = address.slice(0, address.lastIndexOf(':'))
      groups.set(host, (groups.get(host) ?? 0) + 1)
    }
    most.pending = Math.max(most.pending, pending)
    most.all = Math.max(most.all, connections.length)
    most.pendingOfGroup = Math.max(most.pendingOfGroup, ...groups.values())
  })
  await supervisor.start()
  const port = supervisor.listening[0]?.port ?? 0
  const address = `node://${networkOf(1).identity ?? ''}@127.0.0.1:${String(port)}`
  return { supervisor, port, address, most, refused }
}

/** Dials until it is in; how many tries that took. */
async function triesOf(address: string): Promise<number> {
  const honest = createSupervisor({ name: 'honest', protocol: networkOf(2), transport: tcp() })
  let tries = 0
  honest.events.subscribe(({ type }) => {
    if (type === 'connection.started') tries++
  })
  await honest.start()
  await honest.connect(address, { timeoutMs: 20_000 })
  await honest.stop()
  return tries
}

test.runIf(process.platform === 'linux').each([
  ['one source', 1, 1],
  [`${String(SOURCES)} sources that come again at once`, SOURCES, 3],
])(
  'amid silent sockets of %s (needs the loopback sources that Linux has) a peer gets in, and no cap is exceeded',
  async (_, sources, triesMax) => {
    const { address, most, port, refused, supervisor } = await startListening()
    const flood = startChild('test/load/flood-child.ts', [
      String(port),
      String(sources),
      String(SOCKETS),
    ])
    await flood.line((line) => line === `knocks ${String(isFull ? 20_000 : 2_000)}`)
    expect(await triesOf(address)).toBeLessThanOrEqual(triesMax)
    flood.process.kill('SIGKILL')
    await flood.ended()

    const total = [...refused.values()].reduce((sum, count) => sum + count, 0)
    expect(total).toBeGreaterThan(100)
    expect(most.pending).toBeGreaterThan(0)
    expect(most.pending).toBeLessThanOrEqual(NATIVE_LIMITS.pendingInboundMax)
    expect(most.pendingOfGroup).toBeLessThanOrEqual(NATIVE_LIMITS.pendingPerGroupMax)
    expect(most.all).toBeLessThanOrEqual(NATIVE_LIMITS.inboundMax + NATIVE_LIMITS.pendingInboundMax)
    await supervisor.stop()
    expect(supervisor.audit()).toMatchObject({ ...NOTHING_HELD, subscribers: 0 })
  },
  60_000,
)
