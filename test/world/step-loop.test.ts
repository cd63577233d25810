import { describe, expect, test } from 'vitest'
import { virtualClock } from '../../transport/virtual-clock.ts'
import type { Input } from '../../world/input.ts'
import { createObservationPort } from '../../world/observation.ts'
import type { Step } from '../../world/observation.ts'
import { createStepLoop } from '../../world/step-loop.ts'

function startLoop() {
  const time = virtualClock()
  const clock = time.forNode()
  const port = createObservationPort()
  const faults: unknown[] = []
  const loop = createStepLoop({ clock, port, onFault: (error) => faults.push(error) })
  clock.start(loop.enter)
  return { time, clock, port, faults, loop }
}

const command = (name: string): Input => ({ kind: 'command', command: { name } })
const bytes: Input = { kind: 'stream.bytes', stream: 2, bytes: Uint8Array.of(1) }
const ended: Input = { kind: 'stream.ended', stream: 2 }

describe('a step', () => {
  test('has a number, and one time that holds until its end', () => {
    const { time, loop } = startLoop()
    const steps: Step[] = []
    loop.streams.set(2, () => steps.push(loop.step))
    expect(loop.step.number).toBe(-1)
    loop.enter(bytes)
    time.advance(5)
    loop.enter(ended)
    expect(steps.map(({ number, monotonicMs }) => [number, monotonicMs])).toEqual([
      [0, 0],
      [1, 5],
    ])
    expect((steps[1]?.wallMs ?? 0) - (steps[0]?.wallMs ?? 0)).toBe(5)
  })

  test('goes to the owner of its subject, and to nobody where there is none', () => {
    const { loop } = startLoop()
    const got: string[] = []
    loop.streams.set(2, ({ kind }) => got.push(kind))
    loop.listeners.set(2, ({ kind }) => got.push(kind))
    loop.sockets.set(2, ({ kind }) => got.push(kind))
    loop.onStore = ({ kind }) => got.push(kind)
    loop.onCommand = ({ command: { name } }) => got.push(name)
    const address = { host: '10.0.0.1', port: 1 }
    loop.enter(bytes)
    loop.enter({ kind: 'stream.ended', stream: 4 })
    loop.enter({ kind: 'listener.listening', listener: 2, address })
    loop.enter({ kind: 'listener.failed', listener: 3, fault: 'failed' })
    loop.enter({ kind: 'datagrams.bound', socket: 2, address })
    loop.enter({ kind: 'datagrams.failed', socket: 3, fault: 'failed' })
    loop.enter({ kind: 'store.durable', batch: 1 })
    loop.enter(command('connect'))
    expect(got).toEqual([
      'stream.bytes',
      'listener.listening',
      'datagrams.bound',
      'store.durable',
      'connect',
    ])
    expect(loop.step.number).toBe(7)
  })

  test('of an owner that throws is over, is reported, and the next one runs', () => {
    const { loop, faults } = startLoop()
    const fault = new Error('an owner')
    loop.streams.set(2, () => {
      throw fault
    })
    loop.enter(bytes)
    loop.enter(bytes)
    expect(faults).toEqual([fault, fault])
  })

  test('lets nothing but a command enter while it runs', () => {
    const { loop, faults } = startLoop()
    loop.streams.set(2, () => loop.enter(ended))
    loop.enter(bytes)
    expect(String(faults[0])).toContain('stream.ended was delivered inside a call')
  })

  test('is followed by the commands that it brought about, in their order', () => {
    const { loop } = startLoop()
    const got: string[] = []
    loop.streams.set(2, () => {
      loop.enter(command('a'))
      loop.enter(command('b'))
      got.push('bytes')
    })
    loop.onCommand = ({ command: { name } }) => {
      got.push(name)
      if (name === 'a') loop.enter(command('c'))
    }
    loop.enter(bytes)
    expect(got).toEqual(['bytes', 'a', 'b', 'c'])
    expect(loop.step.number).toBe(3)
  })

  test('says how many commands may wait for its end', () => {
    const { loop, faults } = startLoop()
    loop.streams.set(2, () => {
      while (loop.commandRoom > 0) loop.enter(command('again'))
      loop.enter(command('one more that has to be'))
      expect(loop.commandRoom).toBe(0)
    })
    loop.enter(bytes)
    expect([loop.step.number, loop.commandRoom, faults]).toEqual([65_537, 65_536, []])
  })

  test('is told to who watches, before it runs', () => {
    const { loop, port } = startLoop()
    const told: string[] = []
    loop.streams.set(2, () => told.push('runs'))
    port.watch((observation) => {
      if (observation.of === 'step')
        told.push(`${observation.step.number} ${observation.input.kind}`)
    })
    loop.enter(bytes)
    expect(told).toEqual(['0 stream.bytes', 'runs'])
  })

  test('runs although a watcher throws, and the report of that too', () => {
    const { loop, port, faults } = startLoop()
    const got: string[] = []
    loop.streams.set(2, ({ kind }) => got.push(kind))
    port.watch(
      () => {
        throw new Error('a watcher')
      },
      {
        onFault() {
          throw new Error('its report')
        },
      },
    )
    loop.enter(bytes)
    loop.enter(ended)
    expect(faults).toHaveLength(1)
    expect(got).toEqual(['stream.bytes', 'stream.ended'])
  })
})

describe('timers', () => {
  test('ring in the order of their due times, each in the step of its alarm', () => {
    const { time, loop } = startLoop()
    const rung: [string, number][] = []
    const note = (name: string) => () => rung.push([name, loop.step.monotonicMs])
    loop.after(30, note('c'))
    loop.after(10, note('a'))
    loop.after(10, note('b'))
    time.advance(100)
    expect(rung).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 30],
    ])
    expect(loop.counts().timers).toBe(0)
  })

  test('that are cancelled never ring, also by one that rings in the same step', () => {
    const { time, loop } = startLoop()
    const rung: string[] = []
    const early = loop.after(5, () => rung.push('early'))
    loop.after(10, () => loop.cancel(late))
    const late = loop.after(10, () => rung.push('late'))
    loop.cancel(early)
    loop.cancel(early)
    time.advance(100)
    expect(rung).toEqual([])
  })

  test('ring ten times where each one sets the next, however far the clock goes at once', () => {
    const { time, loop } = startLoop()
    const times: number[] = []
    const beat = (): void => {
      times.push(loop.step.monotonicMs)
      loop.after(1_000, beat)
    }
    loop.after(1_000, beat)
    time.advance(10_000)
    expect(times).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((second) => second * 1_000))
  })

  test('that are set for at once by one that rings wait for the next step', () => {
    const { time, loop } = startLoop()
    const steps: number[] = []
    const again = (): void => {
      steps.push(loop.step.number)
      if (steps.length < 3) loop.after(0, again)
    }
    loop.after(1, again)
    time.advance(1)
    expect(steps).toEqual([0, 1, 2])
  })

  test('that throw are reported, and the others of the step ring', () => {
    const { time, loop, faults } = startLoop()
    const rung: string[] = []
    loop.after(1, () => {
      throw new Error('a timer')
    })
    loop.after(1, () => rung.push('other'))
    time.advance(1)
    expect([faults.length, rung]).toEqual([1, ['other']])
  })

  test('that ring late by more than a busy machine explains count as a stall', () => {
    const { time, loop } = startLoop()
    let lateMs = 0
    const clock = { ...time.forNode(), monotonicMs: () => time.nowMs + lateMs }
    const stalled = createStepLoop({
      clock,
      port: createObservationPort(),
      onFault: () => undefined,
    })
    clock.start(stalled.enter)
    stalled.after(10, () => undefined)
    time.advance(10)
    expect(stalled.stalledMs).toBe(0)
    stalled.after(10, () => undefined)
    lateMs = 200
    time.advance(10)
    expect(stalled.stalledMs).toBe(200)
    expect(loop.stalledMs).toBe(0)
  })
})

describe('the end of a turn', () => {
  test('comes once for all that asked, in the order of asking, in a step of its own', () => {
    const { time, loop } = startLoop()
    const got: string[] = []
    loop.streams.set(2, () => {
      loop.atEndOfTurn(() => {
        got.push(`a ${loop.step.number}`)
        loop.atEndOfTurn(() => got.push(`c ${loop.step.number}`))
      })
      loop.atEndOfTurn(() => got.push(`b ${loop.step.number}`))
    })
    loop.enter(bytes)
    expect(got).toEqual([])
    time.settle()
    expect(got).toEqual(['a 1', 'b 1', 'c 2'])
  })

  test('of one that throws is reported, and comes to the others', () => {
    const { time, loop, faults } = startLoop()
    const got: string[] = []
    loop.atEndOfTurn(() => {
      throw new Error('a sender')
    })
    loop.atEndOfTurn(() => got.push('other'))
    time.settle()
    expect([faults.length, got]).toEqual([1, ['other']])
  })
})

describe('a question', () => {
  test('is answered to its owner once, and never after it was forgotten', () => {
    const { loop } = startLoop()
    const got: string[] = []
    const one = loop.ask(({ kind }) => got.push(`one ${kind}`))
    const two = loop.ask(({ kind }) => got.push(`two ${kind}`))
    expect(loop.counts().questions).toBe(2)
    loop.forget(two)
    loop.enter({ kind: 'job.done', request: one, result: true })
    loop.enter({ kind: 'job.done', request: one, result: true })
    loop.enter({ kind: 'names.failed', request: two, fault: 'not-found' })
    expect(got).toEqual(['one job.done'])
    expect(loop.counts().questions).toBe(0)
  })
})

test('numbers the streams that the core opens with even numbers, rising', () => {
  const { loop } = startLoop()
  expect([loop.nextStream(), loop.nextStream(), loop.nextStream()]).toEqual([2, 4, 6])
})

describe('stop', () => {
  test('lets nothing enter afterwards: no input, no timer, no end of a turn', () => {
    const { time, loop } = startLoop()
    const got: string[] = []
    loop.streams.set(2, ({ kind }) => got.push(kind))
    loop.after(1, () => got.push('timer'))
    loop.atEndOfTurn(() => got.push('turn'))
    loop.stop()
    loop.enter(bytes)
    time.advance(10)
    expect(got).toEqual([])
  })

  test('from inside a step ends it: what it asked is done, and nothing else rings or runs', () => {
    const { time, loop } = startLoop()
    const got: string[] = []
    loop.onCommand = ({ command: { name } }) => {
      got.push(name)
      if (name === 'stop') loop.stop()
    }
    loop.streams.set(2, () => {
      loop.enter(command('stop'))
      loop.enter(command('late'))
    })
    loop.enter(bytes)
    expect(got).toEqual(['stop', 'late'])
    loop.enter(bytes)
    expect(got).toEqual(['stop', 'late'])

    const other = startLoop()
    other.loop.after(1, other.loop.stop)
    other.loop.after(1, () => got.push('timer'))
    other.time.advance(1)
    time.advance(1)
    const third = startLoop()
    third.loop.atEndOfTurn(third.loop.stop)
    third.loop.atEndOfTurn(() => got.push('turn'))
    third.time.settle()
    expect(got).toEqual(['stop', 'late'])
  })
})
