import { describe, expect, test } from 'vitest'
import { runCommand, startCommand } from './command.ts'

const REGTEST = ['--network', 'regtest']

describe('peerloom crawl', () => {
  test('prints whom it finds, and a summary, and ends with 0', async () => {
    const node = startCommand([
      ...['node', 'bitcoin', ...REGTEST, '--json', '--listen', '127.0.0.1:0'],
    ])
    const { addresses } = await node.event('started')
    const [address = ''] = addresses as readonly string[]
    const { code, err, out } = await runCommand([
      ...['crawl', ...REGTEST, '--connect', address, '--patience', '1'],
    ])
    expect([code, err]).toEqual([0, ''])
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(lines).toMatchObject([
      {
        ...{ event: 'peer', address, ended: 'time-up', transport: 'v2', addressesTold: 0 },
        ...{ userAgent: '/Peerloom:0.1.0/', time: expect.stringMatching(/Z$/) as string },
      },
      { event: 'summary', known: 1, dialled: 1, reached: 1, answered: 0, notDialled: 0 },
    ])
  })

  test('is told in the help, though the command line knows no network', async () => {
    const { code, out } = await runCommand(['--help'])
    expect([code, out]).toEqual([0, expect.stringMatching(/crawl \[options\]/)])
  })

  test.for([
    [['crawl'], /^peerloom: --connect says where to begin\n$/],
    [['crawl', '--connect', '127.0.0.1:1', '--rate', '0'], /--rate is a whole number/],
    [['crawl', '--connect', '127.0.0.1:1', '--for', '2w'], /--for is a time up to 604800 seconds/],
    [['crawl', '--connect', '127.0.0.1:1', '--patience', '2h'], /--patience is a time up to 3600/],
    [['crawl', '--connect', '127.0.0.1:1', '--proxy', 'tor'], /--proxy takes an IP address/],
    [['creep'], /unknown command 'creep'/],
  ] as const)('is used wrongly: %j', async ([words, sentence]) => {
    const { code, err } = await runCommand(words)
    expect(err).toMatch(sentence)
    expect(code).toBe(2)
  })
})
