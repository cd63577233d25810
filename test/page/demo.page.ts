import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useBrowser } from './browser.ts'
import { startDemo } from './demo.ts'
import { takePictures } from './pictures.ts'
import { shortName } from '../../inspector/page/words.ts'

const open = useBrowser()

/** Half of the lines are published first. */
const LATE_MS = 60_000

/** The demo's usual seed has node 3 killed where there are so many lines. */
const VICTIM = 'node 3'
const STAYING = ['node 2', 'node 4', 'node 5']

const goTo = (page: Page, fragment: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, fragment)

const rowOf = (page: Page, node: string) =>
  page
    .getByRole('table')
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name: node }) })

const connectionsOf = (page: Page, node: string) =>
  page.getByRole('table').getByRole('link', { name: `${node}/` })

/** What the first row says of its messages received a second. */
const receivedRate = (page: Page) =>
  page.getByRole('table').getByRole('row').nth(1).getByRole('cell').nth(6).innerText()

/** How a connection ends whose other side was killed: its system says it, with or without a farewell. */
const LOST = /peer-left|transport-reset/

test('the demo on one page: six nodes, their charts, one that is killed and back', async () => {
  const demo = startDemo()
  const { url = '' } = await demo.event('inspector')
  const { complaints, page } = await open(url)

  // Whoever stays is connected with the four others of its time. The demo does not wait for this page:
  // the first node may be gone before it is looked at.
  const { id: peer = '' } = await demo.event('started', ({ node }) => node === 'node 4')
  await page.getByLabel('State').selectOption('active')
  for (const node of STAYING) {
    await expect.poll(() => connectionsOf(page, node).count()).toBeGreaterThanOrEqual(4)
  }

  // A connection of two that stay.
  await page.getByLabel('Filter').fill('node 2/')
  const row = page.getByRole('row').filter({ hasText: shortName(peer) })
  const one = row.getByRole('link', { name: 'node 2/' })
  await expect.poll(() => one.count()).toBe(1)
  await one.click()
  const chart = page.getByRole('img', { name: 'It is in active.' })
  await chart.waitFor()
  const active = page.locator('[data-state].is-active')
  expect(await active.getAttribute('data-state')).toBe('native.active')
  const messages = page.getByLabel('Messages, the newest one last').getByRole('listitem')
  await expect.poll(() => messages.count()).toBeGreaterThan(5)
  await takePictures(page, 'connection')

  // The sixth joins late, and the first is stopped for good.
  await goTo(page, '#/nodes')
  await rowOf(page, 'node 6').getByText('running').waitFor({ timeout: LATE_MS })
  expect(await page.getByRole('table').getByRole('row').count()).toBe(1 + 6)
  await rowOf(page, 'node 1').getByText('gone').waitFor({ timeout: LATE_MS })
  await goTo(page, '#/')
  await page.getByLabel('State').selectOption('active')
  await expect.poll(() => connectionsOf(page, 'node 6').count()).toBeGreaterThanOrEqual(4)
  // Rates are counted over two seconds.
  await expect.poll(() => receivedRate(page)).toMatch(/\d/)
  await takePictures(page, 'connections')
  await goTo(page, '#/network')
  await page.getByRole('link', { name: 'node 6', exact: true }).waitFor()
  await takePictures(page, 'network')

  // Another one is killed and comes back: another process, started for the second time.
  const { node: victim, pid: killed } = await demo.event('killed')
  expect(victim).toBe(VICTIM)
  await goTo(page, '#/nodes')
  const cells = rowOf(page, VICTIM).getByRole('cell')
  await expect.poll(() => cells.nth(3).innerText(), { timeout: LATE_MS }).toBe('2')
  const pid = () => cells.last().innerText()
  await expect.poll(pid, { timeout: LATE_MS }).not.toBe(String(killed))
  await rowOf(page, VICTIM).getByText('running').waitFor()
  await demo.event('recovered')

  await goTo(page, '#/')
  await page.getByLabel('Filter').fill(`${VICTIM}/`)
  await page.getByLabel('State').selectOption('active')
  const back = connectionsOf(page, VICTIM)
  await expect.poll(() => back.count()).toBe(4)
  await back.first().click()
  await chart.waitFor()
  await goTo(page, `#/node/${encodeURIComponent(VICTIM)}`)
  await page.getByRole('article', { name: 'gossip' }).waitFor()
  await page.getByRole('region', { name: 'Over time' }).getByRole('img').first().waitFor()
  await takePictures(page, 'node')

  // One that had been connected with it says that it went, and why.
  const survivor = 'node 2'
  const { id = '' } = await demo.event('started', ({ node }) => node === VICTIM)
  await goTo(page, `#/node/${encodeURIComponent(survivor)}`)
  await page.getByRole('heading', { level: 1, name: survivor }).waitFor()
  const events = page.getByLabel('Events, the last one first').getByRole('listitem')
  const gone = events
    .filter({ hasText: 'connection.closed' })
    .filter({ hasText: shortName(id) })
    .filter({ hasText: LOST })
  await gone.first().getByRole('link').click()
  const why = page.getByRole('region', { name: 'Why it was closed' })
  await why.getByText('it was active').waitFor()
  expect(await why.innerText()).toMatch(LOST)
  expect(await page.getByRole('main').innerText()).toContain(shortName(id))
  await page.getByRole('button', { name: 'connection closed' }).click()
  await page.getByRole('img', { name: 'The chart connection. It is in closed.' }).waitFor()
  await takePictures(page, 'closed')

  // How that came about, step by step, from what the flight recorder kept of it.
  await page.getByRole('link', { name: 'step through it' }).click()
  await page.getByRole('button', { name: 'Last step' }).click()
  const standing = page.getByRole('region', { name: 'Where the charts stand' })
  await standing.getByText('closed').waitFor()
  const step = page.getByRole('slider', { name: 'Step' })
  const last = Number(await step.inputValue())
  await page.getByRole('img', { name: new RegExp(`^The chart .* of ${survivor}/`) }).waitFor()
  expect(last).toBeGreaterThan(10)
  await step.fill(String(last - 6))
  for (let at = last - 6; at < last; at++) {
    await page.getByText(`Step ${at.toLocaleString('en')},`).waitFor()
    await page.getByRole('button', { name: 'Next step' }).click()
  }
  await page.getByText(`Step ${last.toLocaleString('en')},`).waitFor()
  await page.getByRole('img', { name: /^The chart connection .* It is in closed\.$/ }).waitFor()
  const way = page.locator('[data-transition].is-taken')
  await expect.poll(() => way.count()).toBeGreaterThan(0)
  expect(await way.last().getAttribute('data-transition')).toMatch(/^connection[.:]/)
  await page.getByLabel('the whole chart at once').check()
  await takePictures(page, 'journal')
  expect(complaints).toEqual([])
  expect(await demo.interrupt()).toBe(0)
})
