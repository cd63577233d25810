import { describe, expect, test } from 'vitest'
import { runCommand, startCommand, startFolder } from './command.ts'
import type { Event } from './command.ts'

const REGTEST = ['node', 'bitcoin', '--network', 'regtest', '--json']

/** A node that listens on a free port, and what dials it. */
async function startListening(words: readonly string[] = []) {
  const node = startCommand([...REGTEST, '--listen', '127.0.0.1:0', ...words])
  const { addresses } = await node.event('started')
  const [address = ''] = addresses as readonly string[]
  return { ...node, address }
}

const linesOf = (out: string): readonly Event[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)

describe('a node of Bitcoin', () => {
  test.for([
    ['v2', 'auto', /^[0-9a-f]{64}$/],
    ['v1', 'auto', /^$/],
  ] as const)(
    'that dials with %s ends with 0 once its peer is there, and says how they speak',
    async ([transport, listening, sessionId]) => {
      const listener = await startListening(['--transport', listening])
      const dialler = startCommand([
        ...[...REGTEST, '--connect', listener.address, '--transport', transport],
        ...['--until', 'peers=1', '--timeout', '30s'],
      ])
      expect((await dialler.ended()).code).toBe(0)
      const ours = await dialler.event('connection.active')
      expect(ours).toMatchObject({
        ...{ role: 'dialler', type: 'manual', transport, userAgent: '/Peerloom:0.1.0/' },
        ...{ protocolVersion: 70_017, relay: true, services: '0000000000000800' },
      })
      expect(ours['sessionId']).toMatch(sessionId)
      expect(await listener.event('connection.active')).toMatchObject({
        ...{ role: 'listener', type: 'inbound', transport, sessionId: ours['sessionId'] },
      })
    },
  )

  test('lists its peers with what the network has to say of them', async () => {
    const folder = startFolder()
    const node = await startListening(['--data-dir', folder])
    const peer = startCommand([...REGTEST, '--connect', node.address])
    await node.event('connection.active')
    await peer.event('connection.active')
    const rows = linesOf((await runCommand(['peers', '--data-dir', folder, '--json'])).out)
    const [row] = rows.filter(({ event }) => event === 'connection')
    expect(row).toMatchObject({
      ...{ phase: 'active', direction: 'in', type: 'inbound', transport: 'v2' },
      ...{ serviceNames: ['P2P_V2'], receivedBytesByMessage: { verack: 33 } },
    })
    expect(row).not.toHaveProperty('columns')
    expect(Object.keys(row ?? {})[0]).toBe('event')
    const { out } = await runCommand(['peers', '--data-dir', folder])
    expect(out).toMatch(/^peer +phase +type +via +ping +services +session +min ping /)
    expect(out).toMatch(/ active +inbound +v2 +(?:[0-9.]+ ms +)?2 +[0-9a-f]{8} /)
  })

  test('lets in through a ban whom it is told to, and shows what they may', async () => {
    const folder = startFolder()
    const grants = ['--whitelist', 'noban,addr@127.0.0.0/8', 'in,out,relay@::1']
    const node = await startListening(['--data-dir', folder, ...grants])
    const ban = await runCommand(['ban', '127.0.0.0/8', '--data-dir', folder])
    expect(ban.out).toBe('banned range 127.0.0.0/8 for good; the running node knows\n')
    const peer = startCommand([...REGTEST, '--connect', node.address, '--until', 'peers=1'])
    expect((await peer.ended()).code).toBe(0)
    expect(await node.event('connection.active')).toMatchObject({
      permissions: ['noban', 'download', 'addr'],
    })
    const unban = await runCommand(['unban', 'range 127.0.0.0/8', '--data-dir', folder])
    expect(unban.out).toContain('no longer banned: range 127.0.0.0/8')
  })

  test.for([
    ['--whitelist', 'oopsie@127.0.0.1', 'there is no permission oopsie'],
    ['--whitebind', 'noban@127.0.0.1/10', '127.0.0.1/10'],
    ['--onion-target', 'a.example:1', 'nothing listens at a name'],
  ] as const)('does not start with %s %s', async ([option, value, why]) => {
    const { code, err } = await runCommand([...REGTEST, option, value])
    expect(code).toBe(2)
    expect(err).toContain(why)
  })
})
