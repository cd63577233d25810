import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand, startCommand, startFolder, startListening } from './command.ts'
import { askJournals } from './journals.ts'

test('a page steps through what a live connection did, and through a journal of the folder', async () => {
  const recordDir = join(startFolder(), 'recordings')
  const recorded = await startListening(['--record', join(startFolder(), 'other.journal')])
  await recorded.stop()
  const node = await startListening([
    ...['--inspect', '--record-dir', recordDir, '--record', join(recordDir, 'node.journal')],
  ])
  const { url } = await node.event('inspector')
  expect(statSync(recordDir).mode & 0o777).toBe(0o700)
  const peer = startCommand(['node', 'native', '--json', '--connect', node.address])
  const { connection } = await node.event('connection.active')
  const ask = askJournals(String(url))

  const flight = await ask({ open: 'flight', node: 'node', connection })
  expect(flight.opened).toMatchObject({ of: 'flight', name: connection, protocol: 'native' })
  const { journal = '', steps = 0 } = flight.opened ?? {}
  const { at } = await ask({ step: steps - 1, journal })
  expect(at?.charts.find(({ chart }) => chart === 'native')?.active.length).toBeGreaterThan(1)
  expect(await ask({ fork: 0, journal })).toMatchObject({ refused: { why: 'bad-journal' } })

  await peer.stop()
  await node.event('connection.closed')
  const { files } = await ask({ list: true })
  expect(files).toMatchObject([{ file: 'node.journal' }])
  const file = await ask({ open: 'file', file: 'node.journal' })
  expect(file.opened).toMatchObject({ of: 'node', name: 'node' })
  const { forked } = await ask({ fork: 2, journal: file.opened?.journal, file: '../../../evil' })
  expect(forked).toEqual({ file: 'evil.test.ts', copy: null })
  expect(readdirSync(recordDir).toSorted()).toEqual(['evil.test.ts', 'node.journal'])
  expect((await node.stop()).code).toBe(0)
})

test('without a folder nothing is read or written, and a folder without a page is usage', async () => {
  const node = await startListening(['--inspect'])
  const { url } = await node.event('inspector')
  const ask = askJournals(String(url))
  expect(await ask({ list: true })).toMatchObject({ refused: { why: 'journals-off' } })
  expect(await ask({ open: 'file', file: 'a' })).toMatchObject({ refused: { why: 'journals-off' } })
  const folder = join(startFolder(), 'none')
  const { code, err } = await runCommand(['node', 'native', '--record-dir', folder])
  expect([code, err]).toEqual([2, 'peerloom: --record-dir is for the page: --inspect\n'])
  expect(existsSync(folder)).toBe(false)
})
