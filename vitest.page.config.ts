/**
 * Tests of the inspector's page in a Chromium, which `npm test` leaves out: see `npm run test:page`.
 * @module
 */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/page/*.page.ts'],
    // Each has a browser of its own.
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
})
