/**
 * Tests with daemons of others, which `npm test` leaves out: see `npm run interop:bitcoin`.
 * @module
 */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/interop/live/*.live.ts'],
    // A daemon of its own for each test: one after the other.
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
})
