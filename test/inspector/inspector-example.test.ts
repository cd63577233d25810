import { createSupervisor } from '../../index.ts'
import { startInspector } from '../../inspector/inspector.ts'
import { inspectionOf } from '../../inspector/stream.ts'
import { native } from '../../protocols/native.ts'
import { tcp } from '../../transport/tcp.ts'
import { expect, test } from 'vitest'

test('an application has a page, and the same as a stream', async () => {
  const privateKey = crypto.getRandomValues(new Uint8Array(32))
  const protocol = native({ network: 'example/one', privateKey })
  const supervisor = createSupervisor({ protocol, transport: tcp(), listen: ['127.0.0.1:0'] })
  await supervisor.start()

  const inspector = await startInspector({ supervisor, protocol })
  expect(inspector.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[0-9a-f]{64}$/)

  const told: string[] = []
  const stream = inspectionOf({ supervisor, shows: (connection) => connection === 'node/in-1' })
  const subscription = stream.subscribe((event) => {
    told.push(event.of)
  })
  expect(told[0]).toBe('actor')
  subscription.unsubscribe()

  await inspector.close()
  await supervisor.stop()
})
