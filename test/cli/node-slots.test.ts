import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { ProtocolTools, ToolSlots, ToolValues } from '../../actors/protocol-tools.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import { tools as bitcoin } from '../../protocols/bitcoin.ts'
import { tools as botd } from '../../protocols/botd.ts'
import { tools as native } from '../../protocols/native.ts'
import { createSlots } from '../../supervisor/slots.ts'
import { compiledFolder, runCommand, startCommand, startFolder, startListening } from './command.ts'

const flags = ['node', 'native', '--json']

/** The places of a node that an operator makes with these maxima, by their names. */
function placesOf<T extends ProtocolTypes>(
  { create, options }: ProtocolTools<T>,
  slots: ToolSlots,
): Readonly<Record<string, number>> {
  const usual = Object.fromEntries(
    options.flatMap(({ default: value, flags: text }) => {
      const [, name = ''] = /^--([a-z-]+)/.exec(text) ?? []
      const camel = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
      return value === undefined ? [] : [[camel, value] as const]
    }),
  )
  const values: ToolValues = usual
  const made = create(values, { privateKey: new Uint8Array(32).fill(7), ...slots })
  // The core takes them.
  createSlots(made.slots)
  return Object.fromEntries(made.slots.map(({ max, name }) => [name, max]))
}

describe('--max-inbound and --max-outbound', () => {
  test('let in no more than they say, and who comes later is refused', async () => {
    const listener = await startListening(['--max-inbound', '1'])
    const first = startCommand([...flags, '--connect', listener.address])
    await first.event('connection.active')
    const second = startCommand([...flags, '--connect', listener.address])
    expect(await second.event('connection.closed')).toMatchObject({ reason: 'refused-by-peer' })
    await first.stop()
    // There is a place again.
    await second.event('connection.active')
  })

  test('dial no more than they say', async () => {
    const [one, two] = [await startListening(), await startListening()]
    const dialler = startCommand([
      ...[...flags, '--max-outbound', '1', '--connect', one.address, two.address],
    ])
    await dialler.event('connection.active')
    await dialler.stop()
    const started = dialler.events().filter(({ event }) => event === 'connection.started')
    expect(started).toHaveLength(1)
  })

  test('stand in a recording, which replays', async () => {
    const folder = startFolder()
    const file = join(folder, 'node.journal')
    const node = await startListening([
      '--max-inbound',
      '1',
      '--max-outbound',
      '3',
      '--record',
      file,
    ])
    const peer = startCommand([
      ...[...flags, '--connect', node.address, '--until', 'peers=1', '--timeout', '30s'],
    ])
    expect((await peer.ended()).code).toBe(0)
    await node.stop()
    const { code, out } = await runCommand(['replay', file])
    expect([code, out]).toEqual([0, expect.stringContaining('steps')])
  })

  test.each<[string, readonly string[], RegExp]>([
    [
      'nobody to be dialled',
      ['--max-outbound', '0', '--connect', 'X'],
      /^with --max-outbound 0 no --connect is dialled$/,
    ],
    [
      'nobody to begin with',
      ['--max-outbound', '0', '--bootstrap', 'X'],
      /no --bootstrap is dialled$/,
    ],
    [
      'nobody to be let in',
      ['--max-inbound', '0', '--listen', '127.0.0.1:0'],
      /nobody is let in: leave --listen out$/,
    ],
    ['half a peer', ['--max-inbound', '1.5'], /It is a whole number from 0 to 1000000/],
    ['less than nobody', ['--max-outbound', '-1'], /It is a whole number from 0 to 1000000/],
    ['more than there can be', ['--max-outbound', '1000001'], /It is a whole number from 0/],
  ])('are refused where they allow %s', async (_, words, sentence) => {
    const { address } = await startListening()
    const { code, err, out } = await runCommand([
      ...['node', 'native', ...words.map((word) => (word === 'X' ? address : word))],
    ])
    expect([code, out]).toEqual([2, ''])
    expect(err.replace('peerloom: ', '').trim()).toMatch(sentence)
  })

  test('are refused by a network that does not keep to them', async () => {
    const folder = startFolder()
    const lines = pathToFileURL(join(compiledFolder(), 'examples/smallest-network.js')).href
    writeFileSync(join(folder, 'lines.mjs'), `export { lines } from '${lines}'\n`)
    const { code, err } = await runCommand(['node', './lines.mjs', '--max-inbound', '5'], folder)
    expect([code, err]).toEqual([
      2,
      'peerloom: this network takes neither --max-inbound nor --max-outbound\n',
    ])
  })
})

describe('the places of a node', () => {
  test.each<[string, () => Readonly<Record<string, number>>, object]>([
    [
      'native',
      () => placesOf(native, { inboundMax: 3, outboundMax: 2 }),
      { inbound: 28, outbound: 2 },
    ],
    [
      'native, none',
      () => placesOf(native, { inboundMax: 0, outboundMax: 0 }),
      { inbound: 0, outbound: 0 },
    ],
    [
      'native, many',
      () => placesOf(native, { inboundMax: 500, outboundMax: 60 }),
      { inbound: 525, outbound: 60 },
    ],
    ['botd', () => placesOf(botd, { inboundMax: 3, outboundMax: 2 }), { inbound: 67, outbound: 2 }],
    [
      'botd, none',
      () => placesOf(botd, { inboundMax: 0, outboundMax: 0 }),
      { inbound: 0, outbound: 0 },
    ],
    [
      'bitcoin',
      () => placesOf(bitcoin, { inboundMax: 200, outboundMax: 9 }),
      { inbound: 200, 'full-relay': 9, 'block-relay-only': 2, feeler: 1, manual: 8 },
    ],
    [
      'bitcoin, few',
      () => placesOf(bitcoin, { outboundMax: 1 }),
      { inbound: 114, 'full-relay': 2, 'block-relay-only': 1, feeler: 1, manual: 8 },
    ],
    [
      'bitcoin, none',
      () => placesOf(bitcoin, { inboundMax: 0, outboundMax: 0 }),
      { inbound: 0, 'full-relay': 0, 'block-relay-only': 0, feeler: 0, 'addr-fetch': 0, manual: 8 },
    ],
    [
      'bitcoin, more than there are',
      () => placesOf(bitcoin, { outboundMax: 50 }),
      { 'full-relay': 9, 'block-relay-only': 3, feeler: 1, 'addr-fetch': 2 },
    ],
  ])('of %s are as many as were asked for', (_, places, expected) => {
    expect(places()).toMatchObject(expected)
  })
})
