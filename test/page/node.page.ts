/**
 * The page of a node as `peerloom node --inspect` runs it: nothing of it stands in for something else.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { startUserFolder } from '../support/generated-tests.ts'
import { startBuilt } from './built-command.ts'
import { useBrowser } from './browser.ts'

const open = useBrowser()

const UPLOADED = join(import.meta.dirname, '../journal/fixtures/session-alice-node-20.journal')
const UPLOAD = 'A file of peerloom node --record'

/** A node, and a peer that is connected with it. */
async function startNode(words: readonly string[] = []) {
  const listen = ['node', 'native', '--listen', '127.0.0.1:0']
  const node = startBuilt([...listen, '--inspect', ...words])
  const { addresses: [address = ''] = [] } = await node.event('started')
  const peer = startBuilt(['node', 'native', '--connect', address])
  const { url = '' } = await node.event('inspector')
  await node.event('connection.active')
  return { node, peer, url }
}

/** As a person asks for it. */
async function fork(page: Page, name?: string): Promise<string> {
  if (name !== undefined) await page.getByLabel('A test that goes on from here').fill(name)
  await page.getByRole('button', { name: 'Write it' }).click()
  return page.getByRole('status').filter({ hasText: 'Written: ' }).innerText()
}

test('a journal of the folder and one that is uploaded are stepped through and forked', async () => {
  const user = startUserFolder(['journal/journal.ts', 'protocols/native.ts'])
  const recordDir = join(user.path, 'recordings')
  mkdirSync(recordDir, { mode: 0o700 })
  const record = ['--record-dir', recordDir, '--record', join(recordDir, 'node.journal')]
  const { node, peer, url } = await startNode(record)
  await peer.interrupt()
  await node.event('connection.closed')
  const { complaints, page } = await open(url)
  await page.getByRole('link', { name: 'Journals' }).click()

  // What this node writes down of itself meanwhile.
  await page.getByRole('button', { name: 'Open node.journal' }).click()
  await page.getByRole('heading', { level: 1, name: 'node node' }).waitFor()
  for (let step = 1; step <= 3; step++) {
    await page.getByRole('button', { name: 'Next step' }).click()
    await page.getByText(`Step ${String(step)},`).waitFor()
  }
  await page.getByRole('img', { name: /^The chart (?:root|connection|native) of node/ }).waitFor()
  expect(await fork(page)).toBe('Written: node.test.ts')
  expect(readdirSync(recordDir).toSorted()).toEqual(['node.journal', 'node.test.ts'])
  expect(user.run('recordings/node.test.ts')).toMatchObject({ passed: true })

  // One of another node, from this person's disk.
  await page.getByRole('button', { name: 'Close it' }).click()
  await page.getByLabel(UPLOAD).setInputFiles(UPLOADED)
  await page.getByRole('heading', { level: 1, name: 'alice node' }).waitFor()
  await page.getByText('native, 5,040 steps').waitFor()
  await page.getByRole('slider', { name: 'Step' }).fill('20')
  await page.getByText('Step 20,').waitFor()
  await page.getByRole('img', { name: /^The chart (?:connection|native) of alice\// }).waitFor()
  expect(await page.locator('[data-state].is-active').count()).toBeGreaterThan(0)
  await page.getByText('The journal was uploaded: a copy of it').waitFor()
  expect(await fork(page, '../What if.test.ts')).toBe(
    'Written: what-if.test.ts, and what it reads: what-if.journal',
  )
  expect(readdirSync(recordDir).toSorted()).toEqual([
    ...['node.journal', 'node.test.ts', 'what-if.journal', 'what-if.test.ts'],
  ])
  expect(readFileSync(join(recordDir, 'what-if.journal'))).toEqual(readFileSync(UPLOADED))
  for (const file of ['what-if.journal', 'what-if.test.ts']) {
    expect(statSync(join(recordDir, file)).mode & 0o777).toBe(0o600)
  }
  expect(user.run('recordings/what-if.test.ts')).toMatchObject({ passed: true })

  // What is kept of its connection has no payloads.
  await page.getByRole('link', { name: 'Nodes' }).click()
  await page.getByRole('link', { name: 'node', exact: true }).click()
  const events = page.getByLabel('Events, the last one first')
  await events.getByRole('link', { name: 'node/in-1' }).first().click()
  await page.getByRole('link', { name: 'step through it' }).click()
  await page.getByRole('heading', { level: 1, name: 'node/in-1 flight' }).waitFor()
  await page.getByText('No test can begin here: it was recorded without payloads.').waitFor()
  expect(await page.getByRole('button', { name: 'Write it' }).count()).toBe(0)
  expect(complaints).toEqual([])
  expect(await node.interrupt()).toBe(0)
})

test('without a folder a journal is opened all the same, and one that is none is refused', async () => {
  const { node, url } = await startNode()
  const { page } = await open(url)
  await page.getByRole('link', { name: 'Journals' }).click()
  await page.getByText('The node keeps no journals').waitFor()
  await page.getByLabel(UPLOAD).setInputFiles(join(import.meta.dirname, 'node.page.ts'))
  await page.getByRole('alert').getByText('it does not begin as a journal does').waitFor()
  await page.getByLabel(UPLOAD).setInputFiles(UPLOADED)
  await page.getByRole('heading', { level: 1, name: 'alice node' }).waitFor()
  const wherefore = page.getByRole('region', { name: 'Fork' })
  await wherefore.getByText('which this node was not given').waitFor()
  expect(await page.getByRole('button', { name: 'Write it' }).count()).toBe(0)
  await page.getByRole('link', { name: 'Connections' }).click()
  await page.getByRole('table').getByRole('link', { name: 'node/in-1' }).waitFor()
  expect(await node.interrupt()).toBe(0)
})
