import { expect, test } from 'vitest'
import { startPair } from '../../../testing/testing.ts'
import { native, tools } from '../../../protocols/native.ts'

const KEYS = { dialler: new Uint8Array(32).fill(1), listener: new Uint8Array(32).fill(2) }

test('a request is answered', async () => {
  const { dialler, listener, stop, until } = startPair(
    (role) => native({ network: 'test/chat', privateKey: KEYS[role] }),
    { address: tools.ownAddress },
  )
  listener.supervisor.answer('reverse', async ({ payload }) => payload.slice().reverse())
  const asked = { protocol: 'reverse', payload: Uint8Array.of(1, 2, 3) }
  const answer = await until(dialler.supervisor.request(dialler.connection, asked))
  expect(answer).toEqual(Uint8Array.of(3, 2, 1))
  await stop()
})
