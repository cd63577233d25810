/**
 * A process that listens, under a low limit of descriptors, and says what it is told. At the first
 * SIGUSR2 it takes every descriptor that is left, at the next it gives up all that it has.
 */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { tcp } from '../../transport/tcp.ts'
import type { StreamId } from '../../world/streams.ts'

const streams = tcp()
const taken: number[] = []
const accepted: StreamId[] = []

streams.start((input) => {
  if (input.kind === 'listener.listening') console.log(`port ${input.address.port}`)
  if (input.kind === 'listener.overloaded') console.log(`overloaded ${input.fault}`)
  if (input.kind === 'listener.accepted') {
    accepted.push(input.stream)
    console.log('accepted')
  }
})
streams.listen(1, { host: '127.0.0.1', port: 0 })

function takeAll(): void {
  try {
    for (;;) taken.push(openSync(devNull, 'r'))
  } catch {
    console.log(`took all`)
  }
}

function giveUpAll(): void {
  for (const descriptor of taken.splice(0)) closeSync(descriptor)
  for (const stream of accepted.splice(0)) streams.destroy(stream)
  console.log('gave up all')
}

process.once('SIGUSR2', () => {
  process.once('SIGUSR2', giveUpAll)
  takeAll()
})
