import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { useBrowser } from './browser.ts'
import { startDemo } from './demo.ts'
import { takePictures } from './pictures.ts'

const open = useBrowser()

/** Half of the lines are published first. */
const LATE_MS = 60_000

const goTo = (page: Page, fragment: string) =>
  page.evaluate((to) => {
    location.hash = to
  }, fragment)

const rowOf = (page: Page, node: string) =>
  page
    .getByRole('table')
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name: node }) })

test('the demo on one page: six nodes, their charts, one that is killed and back', async () => {
  const demo = startDemo()
  const { url = '' } = await demo.event('inspector')
  const { complaints, page } = await open(url)

  // Five nodes find each other: each is connected with the four others.
  await demo.event('progress')
  await page.getByLabel('State').selectOption('active')
  await page.getByText(/of 2\d$/).waitFor()
  await takePictures(page, 'connections')
  await goTo(page, '#/network')
  await page.getByRole('link', { name: 'node 5', exact: true }).waitFor()
  await takePictures(page, 'network')

  // A connection of the node that all were told, which is stopped for good: it says why it closed.
  await goTo(page, '#/node/node%201')
  await page
    .getByRole('link', { name: /^node 1\/in-/ })
    .first()
    .click()
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

  // Another one is killed and comes back: another process, started for the second time.
  const { node: victim = '', pid: killed } = await demo.event('killed')
  const cells = rowOf(page, victim).getByRole('cell')
  await expect.poll(() => cells.nth(3).innerText(), { timeout: LATE_MS }).toBe('2')
  const pid = () => cells.last().innerText()
  await expect.poll(pid, { timeout: LATE_MS }).not.toBe(String(killed))
  await rowOf(page, victim).getByText('running').waitFor()
  await demo.event('recovered')

  await goTo(page, '#/')
  await page.getByLabel('Filter').fill(`${victim}/`)
  await page.getByLabel('State').selectOption('active')
  const links = page.getByRole('table').getByRole('link', { name: `${victim}/` })
  await expect.poll(() => links.count()).toBe(4)
  await links.first().click()
  await chart.waitFor()
  await goTo(page, `#/node/${encodeURIComponent(victim)}`)
  await page.getByRole('article', { name: 'gossip' }).waitFor()
  await takePictures(page, 'node')

  // The connections that the first one had when it was stopped say why they closed.
  const log = page.getByLabel('Events, the last one first').getByRole('listitem')
  await goTo(page, '#/node/node%206')
  await page.getByRole('heading', { level: 1, name: 'node 6' }).waitFor()
  await log.filter({ hasText: 'peer-left' }).last().getByRole('link').click()
  await page.getByRole('region', { name: 'Why it was closed' }).waitFor()
  await page.getByRole('button', { name: 'connection closed' }).click()
  await page.getByRole('img', { name: 'The chart connection. It is in closed.' }).waitFor()
  await takePictures(page, 'closed')

  // Its life again, step by step, from what its flight recorder kept.
  await page.getByRole('link', { name: 'step through it' }).click()
  await page.getByRole('button', { name: 'Last step' }).click()
  const standing = page.getByRole('region', { name: 'Where the charts stand' })
  await standing.getByText('closed').waitFor()
  const step = page.getByRole('slider', { name: 'Step' })
  const last = Number(await step.inputValue())
  await page.getByRole('img', { name: /^The chart .* of node 6/ }).waitFor()
  expect(last).toBeGreaterThan(10)
  await page.getByRole('button', { name: 'First step' }).click()
  for (let count = 1; count <= 6; count++) {
    await page.getByRole('button', { name: 'Next step' }).click()
    await page.getByText(`Step ${String(count)},`).waitFor()
  }
  const way = page.locator('[data-transition].is-taken').first()
  expect(await way.getAttribute('data-transition')).toMatch(/connecting: opened$/)
  await takePictures(page, 'journal')
  expect(complaints).toEqual([])
  expect(await demo.interrupt()).toBe(0)
})
