import { expect, test } from 'vitest'
import { startPair } from '../../../testing/testing.ts'
import '../../../testing/vitest.ts'
import { lines } from '../../../examples/smallest-network.ts'

test('who says nothing for a minute is left', async () => {
  const { dialler, listener, stop, world } = startPair(lines())
  await expect(listener).toReachState('active')
  await expect(listener).toCloseWith('silent', { world, withinMs: 61_000 })
  await expect(dialler).toCloseWith('peer-left', { world })
  await stop()
  await expect(listener.supervisor).toReachState('stopped')
})
