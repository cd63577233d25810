/**
 * Waiting for what somebody else's process comes to: it can only be asked, again and again.
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises'

const PAUSE_MS = 100
const DEADLINE_MS = 30_000

/** Until it is true. @throws what was waited for in vain, or what `isTrue` throws */
export async function eventually(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await pause(PAUSE_MS)
  }
}
