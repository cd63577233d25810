/**
 * Waiting for what somebody else's process comes to: it can only be asked, again and again.
 * @module
 */
import { vi } from 'vitest'

const INTERVAL_MS = 100
const DEADLINE_MS = 30_000

/** Until it is true. @throws what was waited for in vain, or what `isTrue` throws */
export async function eventually(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  let isOver = false
  try {
    await vi.waitUntil(
      async () => {
        try {
          return await isTrue()
        } catch (error) {
          isOver = true
          throw error
        }
      },
      { timeout: deadlineMs, interval: INTERVAL_MS },
    )
  } catch (cause) {
    if (isOver) throw cause
    throw new Error(`waited in vain for ${what}`, { cause })
  }
}
