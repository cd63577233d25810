/**
 * The Chromium that pages are tested in: the one that `CHROME` names, else Debian's. Where there is
 * none the tests fail.
 */
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'

const WHERE = process.env['CHROME'] ?? '/usr/bin/chromium'

/** A screenful, and a telephone. */
export const WIDTHS = { wide: { width: 1280, height: 900 }, narrow: { width: 400, height: 800 } }

export interface OpenOptions {
  readonly colorScheme?: 'dark' | 'light'
  readonly viewport?: { readonly width: number; readonly height: number }
  /** Before anything of the page is fetched. */
  readonly prepare?: (page: Page) => Promise<void>
}

export interface OpenedPage {
  readonly page: Page
  /** What the page complained about so far: errors, and what its security policy refused. */
  readonly complaints: readonly string[]
}

/** Also of a page that hangs. */
const textOf = (page: Page): Promise<string> =>
  page.locator('body').innerText({ timeout: 5_000 }).catch(String)

/** One browser for a file of tests, one page with a memory of its own for each test. */
export function useBrowser(): (url: string, options?: OpenOptions) => Promise<OpenedPage> {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (!existsSync(WHERE)) {
      throw new Error(`there is no Chromium at ${WHERE}: name one with CHROME`)
    }
    browser = await chromium.launch({ executablePath: WHERE, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
  })
  return async (url, options = {}) => {
    const { colorScheme = 'light', prepare, viewport = WIDTHS.wide } = options
    if (browser === undefined) throw new Error('the browser was not started')
    const context = await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' })
    const page = await context.newPage()
    onTestFinished(async ({ task }) => {
      // Such a test may fail on a machine that nobody sees.
      if (task.result?.state === 'fail') console.error(`${page.url()}\n${await textOf(page)}`)
      await context.close()
    })
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(message.text())
    })
    await prepare?.(page)
    await page.goto(url)
    return { page, complaints }
  }
}

/** Nothing sticks out: who has a narrow screen scrolls in parts of the page, and not the page. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { have, need } = await page.evaluate(() => ({
    have: document.documentElement.clientWidth,
    need: document.documentElement.scrollWidth,
  }))
  expect(need).toBeLessThanOrEqual(have)
}
