/**
 * Pictures of the page for docs/: dark and light, on a wide and on a narrow screen. They go where
 * `PEERLOOM_PICTURES` says, else into dist/, where nobody keeps them.
 */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectNoSidewaysScroll, WIDTHS } from './browser.ts'

const FOLDER =
  process.env['PEERLOOM_PICTURES'] ?? join(import.meta.dirname, '../../dist/inspector/pictures')

/** A document loads a handful of them. */
const BYTES_MAX = 150_000
/** What a document has room for. */
const SCREENS = {
  wide: { ...WIDTHS.wide, height: 640 },
  narrow: WIDTHS.narrow,
}

/** Of what is shown now, in each of the four ways: `name-light.png`, `name-narrow-dark.png` ... */
export async function takePictures(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  for (const [width, viewport] of Object.entries(SCREENS)) {
    await page.setViewportSize(viewport)
    await expectNoSidewaysScroll(page)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const file = [name, ...(width === 'narrow' ? ['narrow'] : []), colorScheme].join('-')
      const path = join(FOLDER, `${file}.png`)
      await page.screenshot({ path })
      expect(statSync(path).size).toBeLessThan(BYTES_MAX)
    }
  }
  await page.setViewportSize(WIDTHS.wide)
}
