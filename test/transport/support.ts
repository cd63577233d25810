/** What several tests of transports start and wait for. */
import { setImmediate as turnOfPlatform } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { Streams } from '../../world/streams.ts'
import { startStreams, until } from '../../testing/transport-handle.ts'
import type { StreamsHandle } from '../../testing/transport-handle.ts'

export const turn = (): Promise<void> => turnOfPlatform()

/** Waits on the platform. */
export const platformUntil = (isSo: () => boolean, what: string): Promise<void> =>
  until(turn, isSo, what)

/** Streams that are given up when the test is over. */
export function startedStreams(streams: Streams): StreamsHandle {
  const handle = startStreams(streams)
  onTestFinished(() => handle.close())
  return handle
}
