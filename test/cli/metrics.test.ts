import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseMetricsPlace } from '../../cli/node/metrics.ts'
import { scrape } from '../metrics/scraping.ts'
import { runCommand, startCommand, startFolder, startListening } from './command.ts'

describe('node --metrics', () => {
  test('serves what a node in a process of its own counts, also when its peer is gone', async () => {
    const node = await startListening(['--metrics', '127.0.0.1:0'])
    const { metrics } = await node.event('started')
    const url = String(metrics)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    expect((await fetch(url.replace('metrics', 'ready'))).status).toBe(200)
    const peer = startCommand([
      ...['node', 'native', '--json', '--connect', node.address, '--until', 'peers=1'],
    ])
    expect((await peer.ended()).code).toBe(0)
    await node.event('connection.closed')
    const { sum } = await scrape(url)
    expect(sum('peerloom_connections_established_total', { direction: 'inbound' })).toBe(1)
    expect(sum('peerloom_connections_closed_total')).toBe(1)
    expect(sum('peerloom_handshake_seconds_count')).toBe(1)
    expect(sum('process_resident_memory_bytes')).toBeGreaterThan(0)
    expect((await node.stop()).code).toBe(0)
    await expect(fetch(url)).rejects.toThrow()
  })

  test('says that its port is taken, and the node goes on', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => {
      other.close()
    })
    const place = `127.0.0.1:${(other.address() as AddressInfo).port}`
    const node = await startListening(['--metrics', place])
    expect(await node.event('metrics.failed')).toMatchObject({
      message: `cannot serve metrics on ${place}: something else listens there; the node goes on without metrics`,
    })
    expect(node.events()[0]).not.toHaveProperty('metrics')
    expect(node.process.exitCode).toBeNull()
    expect((await node.stop()).code).toBe(0)

    const { code, err, out } = await runCommand([
      ...['node', 'native', '--metrics', place, '--timeout', '10ms'],
    ])
    expect([code, err]).toEqual([
      0,
      `cannot serve metrics on ${place}: something else listens there; the node goes on without metrics\n`,
    ])
    expect(out).toMatch(/^a node of the network native runs/)
  })

  test('says of a port for everybody what that means', async () => {
    const node = await startListening(['--metrics', '0.0.0.0:0'])
    const { message } = await node.event('metrics.open')
    expect(message).toMatch(/^metrics are served on http:\/\/0\.0\.0\.0:\d+\/metrics to whoever/)
    await node.stop()
  })

  test('says where it is in words, too', async () => {
    const { out } = await runCommand(['node', 'native', '--metrics', '0', '--timeout', '10ms'])
    expect(out).toMatch(/^metrics are at http:\/\/127\.0\.0\.1:\d+\/metrics$/m)
  })
})

describe('where metrics are served', () => {
  test.each([
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
    ['0.0.0.0:65535', { host: '0.0.0.0', port: 65_535 }],
  ])('is said as %s', (text, place) => {
    expect(parseMetricsPlace(text)).toEqual(place)
  })

  test.each([
    '',
    'here',
    'localhost:9464',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:9464',
    '-1',
    '1 2',
    '999.0.0.1:1',
    '1.2.3:9464',
    '[1::2::3]:9464',
  ])('is not said as "%s"', (text) => {
    expect(() => parseMetricsPlace(text)).toThrow(/^--metrics .*it is an IP address and a port/)
  })

  test('is refused where it is no address, before anything is opened or written', async () => {
    const folder = startFolder()
    const words = ['--metrics', '999.0.0.1:1', '--inspect', '--record', 'node.journal']
    const { code, err, out } = await runCommand(['node', 'native', ...words], folder)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^peerloom: --metrics 999\.0\.0\.1:1: it is an IP address and a port/)
    expect(readdirSync(folder)).toEqual([])
  })
})
