import { expect, test } from 'vitest'
import { hostileLines } from '../../../testing/hostile/lines.ts'
import type { Tampering } from '../../../testing/hostile/lines.ts'
import { virtualGround } from '../../../testing/hostile/virtual-ground.ts'
import { startVirtualWorld } from '../../../testing/virtual-world.ts'

const bytes = (...values: readonly number[]) => Uint8Array.from(values)

/** A host that notes what it is told, and two streams of a hostile process; the second is bent. */
function startLines(tampering: Tampering = {}) {
  const world = startVirtualWorld({ seed: 'lines' })
  const ground = virtualGround(world)
  const target = { host: '10.0.0.1', port: 7000 }
  const { streams: far } = world.nodeWorld('far', target.host)
  const heard: string[] = []
  far.start((input) => {
    if (input.kind === 'listener.accepted') far.resume(input.stream)
    if (input.kind === 'stream.bytes') heard.push(`${input.stream}: ${input.bytes.join(' ')}`)
    if (input.kind === 'stream.ended') heard.push(`${input.stream} ended`)
    if (input.kind === 'stream.failed') heard.push(`${input.stream} ${input.fault}`)
  })
  far.listen(1, target)
  world.settle()
  const process = ground.process('hostile')
  const { close, lines, streams } = hostileLines({
    ...{ process, target, tampering },
    attempt: 2,
    nowMs: ground.nowMs,
  })
  const told: string[] = []
  streams.start((input) => {
    told.push('stream' in input ? `${input.stream} ${input.kind}` : input.kind)
  })
  for (const stream of [2, 4]) {
    streams.open(stream, target)
    streams.resume(stream)
    world.settle()
  }
  const [honest, bent] = lines
  if (honest === undefined || bent === undefined) throw new Error('both are dialled')
  return { bent, close, far, heard, honest, lines, streams, target, told, world }
}

test('nobody is dialled but the target, and it no more often than was agreed', () => {
  const { lines, streams, target, told, world } = startLines()
  world.nodeWorld('other', '10.0.0.2')
  streams.open(6, { host: '10.0.0.2', port: 7000 })
  streams.open(8, { ...target, port: 7001 })
  streams.open(10, target)
  world.settle()
  expect(lines.map(({ stream }) => stream)).toEqual([2, 4])
  expect(told).toEqual(['2 stream.opened', '4 stream.opened'])
})

test('what is said is held back and let go a part at a time, on the bent stream alone', () => {
  const { bent, heard, streams, world } = startLines({ holds: true })
  streams.write(2, bytes(1, 2))
  streams.write(4, bytes(1, 2))
  streams.write(4, bytes(3, 4))
  world.settle()
  expect([heard, bent.heldBytes, bent.saidBytes]).toEqual([['1: 1 2'], 4, 0])
  bent.release(3)
  bent.release(100)
  world.settle()
  expect(heard).toEqual(['1: 1 2', '3: 1 2 3', '3: 4'])
  expect([bent.heldBytes, bent.saidBytes]).toEqual([0, 4])
})

test('what is said is changed by its place in all that was said', () => {
  const { heard, streams, world } = startLines({
    alter: (said, at) => said.map((byte, index) => (at + index === 3 ? 9 : byte)),
  })
  for (const said of [bytes(1, 1), bytes(1, 1)]) streams.write(4, said)
  world.settle()
  expect(heard).toEqual(['3: 1 1', '3: 1 9'])
})

test('a session that gives up is not let go, and hears nothing more; the far side ends it', () => {
  const { bent, far, heard, streams, told, world } = startLines()
  streams.end(4)
  streams.destroy(4)
  streams.write(4, bytes(1))
  far.write(3, bytes(7, 8))
  world.settle()
  expect(heard).toEqual([])
  expect(told.filter((line) => line.startsWith('4'))).toEqual(['4 stream.opened'])
  expect(bent).toMatchObject({ isGivenUp: true, end: undefined, receivedBytes: 2 })
  expect([...bent.lastBytes]).toEqual([7, 8])
  world.advance(50)
  far.end(3)
  world.settle()
  expect(bent.end).toEqual({ how: 'ended', atMs: 50 })
})

test('a muted session says nothing more, and what was held is gone; the attacker still speaks', () => {
  const { bent, heard, streams, world } = startLines({ holds: true })
  streams.write(4, bytes(1))
  bent.mute()
  streams.write(4, bytes(2))
  bent.release(10)
  bent.say(bytes(3))
  world.settle()
  expect(heard).toEqual(['3: 3'])
})

test('a deaf stream is not read until it listens again', () => {
  let isDeaf = false
  const { bent, far, world } = startLines({ readsNothing: () => isDeaf })
  far.write(3, bytes(1))
  world.settle()
  isDeaf = true
  for (let count = 0; count < 5; count++) {
    far.write(3, bytes(2, 2))
    world.settle()
  }
  // One delivery may have been on its way.
  expect(bent.receivedBytes).toBeLessThanOrEqual(3)
  bent.listen()
  world.settle()
  expect(bent.receivedBytes).toBe(11)
})

test('each happening is counted from its opening on', () => {
  const counts: number[] = []
  const { far, streams, world } = startLines({ happened: (_, count) => counts.push(count) })
  streams.write(4, bytes(1))
  far.write(3, bytes(1))
  world.settle()
  expect(counts).toEqual([1, 2, 3])
})

test('a stream is reset, its side is ended, and what is left is closed', () => {
  const { bent, close, heard, honest, world } = startLines()
  honest.finish()
  world.settle()
  expect(heard).toEqual(['1 ended'])
  bent.reset()
  world.settle()
  expect(heard).toEqual(['1 ended', '3 reset'])
  expect(bent.end).toMatchObject({ how: 'reset' })
  close()
})
