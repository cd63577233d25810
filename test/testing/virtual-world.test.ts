import { expect, test } from 'vitest'
import { encodeHex, encodeUtf8 } from '../../codec/bytes.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { createObservationPort } from '../../world/observation.ts'
import { createStepLoop } from '../../world/step-loop.ts'
import type { StepLoop } from '../../world/step-loop.ts'
import type { World } from '../../world/world.ts'

/** A step loop on a world, as the core starts one; `trace` is all that enters, with its time. */
function startLoop(world: World) {
  const port = createObservationPort()
  const trace: string[] = []
  const faults: unknown[] = []
  const loop = createStepLoop({ clock: world.clock, port, onFault: (error) => faults.push(error) })
  port.watch((observation) => {
    if (observation.of !== 'step') return
    const { step, input } = observation
    const bytes = input.kind === 'stream.bytes' ? ` ${encodeHex(input.bytes)}` : ''
    trace.push(`${step.monotonicMs} ${input.kind}${bytes}`)
  })
  world.clock.start(loop.enter)
  world.streams.start(loop.enter)
  world.datagrams?.start(loop.enter)
  world.names.start(loop.enter)
  world.jobs.start(loop.enter)
  world.store.open(loop.enter)
  return { loop, trace, faults, world }
}

const ADDRESS = { host: '10.0.0.1', port: 7_000 }

/** Answers every byte with one of its own chance, at the end of the turn. */
function startEcho(virtual: VirtualWorld, name = 'echo') {
  const node = startLoop(virtual.nodeWorld(name, ADDRESS.host))
  const { loop, world } = node
  loop.listeners.set(1, (input) => {
    if (input.kind !== 'listener.accepted') return
    world.streams.resume(input.stream)
    loop.streams.set(input.stream, (of) => {
      if (of.kind !== 'stream.bytes') return
      loop.atEndOfTurn(() => world.streams.write(of.stream, world.random.bytes(1)))
    })
  })
  world.streams.listen(1, ADDRESS)
  return node
}

/** Sends a byte each second, from the start on. */
function startSender(virtual: VirtualWorld, name = 'sender', host = '10.0.0.2') {
  const node = startLoop(virtual.nodeWorld(name, host))
  const { loop, world } = node
  const stream = loop.nextStream()
  const beat = (loopOf: StepLoop): void => {
    world.streams.write(stream, world.random.bytes(1))
    loopOf.after(1_000, () => beat(loopOf))
  }
  loop.streams.set(stream, (input) => {
    if (input.kind !== 'stream.opened') return
    world.streams.resume(stream)
    beat(loop)
  })
  world.streams.open(stream, ADDRESS)
  return node
}

function runFlow(seed: string) {
  const virtual = startVirtualWorld({ seed })
  const echo = startEcho(virtual)
  const sender = startSender(virtual)
  virtual.advance(10_000)
  expect([...echo.faults, ...sender.faults]).toEqual([])
  return { virtual, echo, sender }
}

test('carries two nodes through ten seconds, every beat at its time', () => {
  const { virtual, sender } = runFlow('two nodes')
  expect(virtual.clock.nowMs).toBe(10_000)
  const beats = sender.trace.filter((line) => line.endsWith('clock.alarm'))
  expect(beats).toEqual(
    Array.from({ length: 10 }, (_, index) => `${(index + 1) * 1_000} clock.alarm`),
  )
  expect(sender.trace.filter((line) => line.includes('stream.bytes'))).toHaveLength(11)
})

test('gives the same trace for the same seed, and another for another', () => {
  const traceOf = (seed: string): readonly string[] => {
    const { echo, sender } = runFlow(seed)
    return [...echo.trace, ...sender.trace]
  }
  expect(traceOf('one')).toEqual(traceOf('one'))
  expect(traceOf('one')).not.toEqual(traceOf('other'))
})

test('answers names, jobs and the store in one queue with the network, never inside a call', () => {
  const virtual = startVirtualWorld({ seed: 'answers' })
  const { loop, trace, faults, world } = startLoop(virtual.nodeWorld('a', '10.0.0.1'))
  virtual.settle()
  loop.onCommand = () => {
    world.names.resolve(
      loop.ask(() => undefined),
      'seed.example',
    )
    const key = new Uint8Array(32).fill(1)
    world.jobs.run(
      loop.ask(() => undefined),
      { operation: 'sign', message: key, privateKey: key },
    )
    world.store.write(1, [{ table: 't', key: encodeUtf8('k'), value: encodeUtf8('v') }])
    world.streams.open(loop.nextStream(), { host: '10.0.0.9', port: 1 })
  }
  loop.streams.set(2, () => undefined)
  const before = trace.length
  loop.enter({ kind: 'command', command: { name: 'ask' } })
  expect(trace.slice(before)).toEqual(['0 command'])
  virtual.settle()
  expect(trace.slice(before + 1).toSorted()).toEqual([
    '0 job.done',
    '0 names.failed',
    '0 store.durable',
    '0 stream.failed',
  ])
  expect(faults).toEqual([])
})

test('a node that is killed is told nothing more, and comes back with its store and new chance', () => {
  const virtual = startVirtualWorld({ seed: 'kill' })
  const first = startEcho(virtual)
  const sender = startSender(virtual)
  virtual.settle()
  first.world.store.write(1, [{ table: 't', key: encodeUtf8('k'), value: encodeUtf8('kept') }])
  virtual.advance(2_500)
  const chance = first.world.random.fork('keys').bytes(8)

  first.loop.after(10, () => undefined)
  first.world.names.resolve(1, 'seed.example')
  first.world.jobs.run(2, {
    operation: 'verify',
    message: chance,
    signature: chance,
    publicKey: chance,
  })
  first.world.store.write(2, [{ table: 't', key: encodeUtf8('k'), value: encodeUtf8('lost') }])
  const before = first.trace.length
  virtual.kill('echo')
  expect(() => virtual.kill('echo')).toThrow('no node echo lives')
  virtual.advance(1_000)
  expect(first.trace).toHaveLength(before)
  expect(sender.trace.some((line) => line.includes('stream.ended'))).toBe(true)

  const second = startEcho(virtual)
  virtual.settle()
  expect(second.world.store.get('t', encodeUtf8('k'))).toEqual(encodeUtf8('kept'))
  expect(second.world.random.fork('keys').bytes(8)).not.toEqual(chance)
  expect(() => virtual.nodeWorld('echo', '10.0.0.7')).toThrow('lives')
})

test("one node's chance does not hang on which others there are, nor on what the world draws", () => {
  const chanceOf = (others: readonly string[]): Uint8Array => {
    const virtual = startVirtualWorld({ seed: 'chance' })
    for (const [index, name] of others.entries()) {
      virtual.nodeWorld(name, `10.0.1.${index}`).random.bytes(10)
    }
    virtual.random.bytes(others.length)
    return virtual.nodeWorld('a', '10.0.0.1').random.bytes(16)
  }
  expect(chanceOf(['b', 'c'])).toEqual(chanceOf([]))
})

test('waits for what is to come, and no longer than it was told', () => {
  const virtual = startVirtualWorld({ seed: 'until' })
  startEcho(virtual)
  const sender = startSender(virtual)
  const hasAnswers = (count: number) => (): boolean =>
    sender.trace.filter((line) => line.includes('stream.bytes')).length >= count
  expect(virtual.runUntil(hasAnswers(4), { withinMs: 60_000 })).toBe(true)
  expect(virtual.clock.nowMs).toBe(3_000)
  expect(virtual.runUntil(hasAnswers(100), { withinMs: 5_000 })).toBe(false)
  expect(virtual.clock.nowMs).toBe(8_000)
})
