import { expect, test } from 'vitest'
import { startFlight } from '../../../transport/memory/flight.ts'
import { createPipe } from '../../../transport/memory/pipe.ts'
import { seededRandom } from '../../../transport/random.ts'
import { FAULT_PRESETS } from '../../../transport/simulated/faults.ts'
import { createFiring } from '../../../transport/simulated/firing.ts'
import { createSimulatedPolicy } from '../../../transport/simulated/policy.ts'
import { virtualClock } from '../../../transport/virtual-clock.ts'

/** A direction that takes ten milliseconds and can be stopped by hand. */
function startWay() {
  const clock = virtualClock()
  const policy = createSimulatedPolicy({
    clock,
    random: seededRandom('flight'),
    faults: FAULT_PRESETS.calm,
    firing: createFiring(undefined),
  })
  const pipe = createPipe(100, true)
  const held: (() => void)[] = []
  const arrivals: string[] = []
  const way = { isStopped: false }
  const flight = startFlight({
    pipe,
    policy,
    onArrival: () => arrivals.push(`${clock.nowMs} ${pipe.readyBytes}`),
    direction: {
      arrivalMs: () => clock.nowMs + 10,
      carry: (run) => run(),
      isHeld(run) {
        if (way.isStopped) held.push(run)
        return way.isStopped
      },
    },
  })
  const write = (bytes: number): void => {
    pipe.write(new Uint8Array(bytes))
    flight.depart()
  }
  return { arrivals, clock, flight, held, pipe, way, write }
}

test('what is held up asks once to be tried again, however much is written behind it', () => {
  const { arrivals, clock, held, way, write } = startWay()
  way.isStopped = true
  for (let count = 0; count < 10; count++) {
    write(1)
    clock.advance(20)
  }
  expect([held.length, arrivals]).toEqual([1, []])
  way.isStopped = false
  for (const retry of held) retry()
  expect(arrivals).toEqual(['200 10'])
})

test('only what the window has taken leaves, and the end behind all of it', () => {
  const { arrivals, clock, flight, pipe, write } = startWay()
  write(150)
  pipe.end()
  flight.depart()
  clock.advance(50)
  expect([arrivals, pipe.isDry]).toEqual([['10 100'], false])
  pipe.take(100, new Uint8Array(100))
  flight.depart()
  clock.advance(50)
  expect(arrivals.at(-1)).toBe('60 50')
  pipe.take(50, new Uint8Array(50))
  expect(pipe.isDry).toBe(true)
})

test('nothing arrives any more when it is cut', () => {
  const { arrivals, clock, flight, write } = startWay()
  write(5)
  flight.cut()
  write(5)
  clock.advance(50)
  expect(arrivals).toEqual([])
})
