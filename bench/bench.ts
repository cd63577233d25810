/**
 * Peerloom next to what people would use instead, and what its parts cost: `npm run bench [-- --json]
 * [--small] [--only NAME] [--svg FOLDER]`. Ratios and slopes within one run, on a machine that is named; nothing here
 * is a test.
 * @module
 */
import { parseArgs } from 'node:util'
import { CORE_LIMITS, createSupervisor, NODE_LIMITS } from '../index.ts'
import { createFlightRecorder } from '../journal/flight-recorder.ts'
import { flightSubjectOf } from '../supervisor/flight-subject.ts'
import { concatBytes } from '../codec/bytes.ts'
import { createNode } from '../supervisor/node.ts'
import { startVirtualWorld } from '../testing/virtual-world.ts'
import { allocatedBytes, calibration } from './allocations.ts'
import { bitcoinParts } from './bitcoin.ts'
import { crowds } from './crowd.ts'
import { writeCurves } from './curves.ts'
import { median, now, spread } from './figures.ts'
import type { Row } from './figures.ts'
import { encodeFrame, keyless } from './keyless.ts'
import { inspected } from './inspected.ts'
import { recordedMessages } from './recording.ts'
import { loopDelay } from './loop-delay.ts'
import { printJson, printTable } from './report.ts'
import { dials, gossip, messages, roundTrip } from './rival-rows.ts'
import { simulations } from './simulations.ts'
import { installedSize, startUp } from './start-up.ts'
import { stubWorld } from './stub-world.ts'

const { json, only, small, svg } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    small: { type: 'boolean', default: false },
    svg: { type: 'string' },
  },
}).values
const collect = (): void => {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc')
  globalThis.gc()
  globalThis.gc()
}
const progress = (text: string): void => {
  if (!json) process.stderr.write(`${text}\n`)
}

/** A node that runs, with so many connections that came in and were accepted. */
async function startCrowd() {
  const stub = stubWorld()
  const node = createNode({
    name: 'bench',
    protocol: keyless(),
    world: stub.world,
    listen: [{ host: '10.0.0.1', port: 7000 }],
    bootstrap: [],
    limits: NODE_LIMITS,
    onHappening: () => undefined,
    runHandler: () => undefined,
    onHandlerGone: () => undefined,
    onWaitOver: () => undefined,
  })
  node.enter({ name: 'start' })
  while (node.state === 'starting') {
    await new Promise((resolve) => setImmediate(resolve))
    const address = { host: '10.0.0.1', port: 7000 }
    stub.enter({ kind: 'listener.listening', listener: 1, address })
  }
  let stream = -1
  const hello = encodeFrame({ type: 'hello', payload: new Uint8Array(0) })
  const accept = (): number => {
    stub.pass(100)
    stream += 2
    const remote = { host: `10.${(stream >> 16) & 255}.${(stream >> 8) & 255}.1`, port: 9 }
    const local = { host: '10.0.0.1', port: 7000 }
    stub.enter({ kind: 'listener.accepted', listener: 1, stream, local, remote })
    stub.enter({ kind: 'stream.bytes', stream, bytes: hello })
    return stream
  }
  const fail = (which: number): void => {
    stub.enter({ kind: 'stream.failed', stream: which, fault: 'reset' })
  }
  return { node, stub, accept, fail }
}

async function siblings(): Promise<Row> {
  const rounds = small ? 5 : 15
  const cycles = 200
  const few = await startCrowd()
  const many = await startCrowd()
  for (let count = 0; count < 100; count++) few.accept()
  for (let count = 0; count < 10_000; count++) many.accept()
  progress(`siblings: ${few.node.connections().length} and ${many.node.connections().length}`)
  const time = ({ accept, fail }: typeof few): number => {
    const before = now()
    for (let cycle = 0; cycle < cycles; cycle++) fail(accept())
    return (now() - before) / cycles
  }
  time(few)
  time(many)
  const ratios: number[] = []
  const costs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const one = time(few)
    const other = time(many)
    ratios.push(other / one)
    costs.push(one)
  }
  const more = `${median(costs).toFixed(0)} us among 100, ${spread(ratios)}`
  return { row: 'spawn-stop-10000', value: median(ratios), unit: 'x among 100', goal: 1.5, more }
}

async function cycles(): Promise<Row> {
  const world = startVirtualWorld({ seed: 'bench' })
  const start = (name: string, host: string) => {
    const { datagrams, store, streams, ...rest } = world.nodeWorld(name, host)
    const supervisor = createSupervisor({
      name,
      protocol: keyless(),
      transport: streams,
      store,
      world: rest,
      listen: [`${host}:7000`],
      ...(datagrams === undefined ? {} : { datagrams }),
    })
    void supervisor.start()
    world.settle()
    return supervisor
  }
  const [alice, bob] = [start('alice', '10.0.0.1'), start('bob', '10.0.0.2')]
  const cycle = async (): Promise<void> => {
    // What the application's promises left has to run, or it piles up.
    await Promise.resolve()
    bob.connect('10.0.0.1:7000').catch(() => undefined)
    world.advance(1_000)
    bob.disconnect('10.0.0.1:7000')
    world.advance(1_000)
  }
  const live = () => {
    const { remembered, ...counts } = alice.audit()
    return { counts, remembered }
  }
  const series = async (count: number): Promise<number> => {
    for (let made = 0; made < count; made++) await cycle()
    collect()
    return process.memoryUsage().heapUsed
  }
  // What is bounded fills first: a peer that came in is remembered under the port that it came from.
  await series(CORE_LIMITS.peersMax + (small ? 500 : 2_000))
  const step = small ? 1_000 : 2_000
  // After each of the first collections the engine optimises anew: until then snapshots show its code grow,
  // and nothing else.
  for (let count = small ? 0 : 4; count > 0; count--) await series(step)
  const before = JSON.stringify(live().counts)
  const points: { readonly cycles: number; readonly bytes: number }[] = []
  for (let point = 1; point <= 5; point++) {
    const bytes = await series(step)
    points.push({ cycles: point * step, bytes })
    progress(`cycles: ${point * step}, heap ${bytes} bytes`)
  }
  const after = JSON.stringify(live().counts)
  const meanCycles = points.reduce((sum, point) => sum + point.cycles, 0) / points.length
  const meanBytes = points.reduce((sum, point) => sum + point.bytes, 0) / points.length
  const slope =
    points.reduce(
      (sum, point) => sum + (point.cycles - meanCycles) * (point.bytes - meanBytes),
      0,
    ) / points.reduce((sum, point) => sum + (point.cycles - meanCycles) ** 2, 0)
  const more = `audit ${before === after ? 'equal' : `differs: ${before} ${after}`}`
  return { row: 'cycle-heap', value: slope, unit: 'bytes a cycle', goal: 8, more }
}

/** One connection that pours messages into a subscriber; each pour says what a message took. */
async function startPouring(isFlightOn: boolean) {
  const { node, accept, stub } = await startCrowd()
  const recorder = isFlightOn
    ? createFlightRecorder(
        flightSubjectOf(node, { name: 'bench', protocol: keyless() }, (error) => {
          throw error
        }),
      )
    : undefined
  const stream = accept()
  let got = 0
  node.router.subject('data', true).subscribe(() => got++)
  node.enter({ name: 'consume', type: 'data', views: true, consumer: 1 })
  // Two sizes in turn, so that no entry of the recorder is like the one before.
  const frames = [256, 255].map((bytes) =>
    encodeFrame({ type: 'data', payload: new Uint8Array(bytes) }),
  )
  const pair = concatBytes(...frames)
  const pairs = Math.floor(65_536 / pair.length)
  const chunk = concatBytes(...Array.from({ length: pairs }, () => pair))
  const chunks = small ? 200 : 2_000
  const pour = (): void => {
    for (let count = 0; count < chunks; count++) {
      stub.enter({ kind: 'stream.bytes', stream, bytes: chunk })
      // A share is good for one turn.
      node.loop.enter({ kind: 'clock.turn-ended' })
    }
  }
  pour()
  const entries = recorder?.entries(node.connections()[0]?.name ?? '') ?? []
  if (isFlightOn !== entries.length > 60) throw new Error('the flight recorder is not as asked')
  return {
    /** Passed, and processor time: that hardly depends on what else the machine does. */
    timesOf() {
      collect()
      const gotBefore = got
      const before = now()
      const cpuBefore = process.cpuUsage()
      pour()
      const { system, user } = process.cpuUsage(cpuBefore)
      const count = got - gotBefore
      return { passed: (now() - before) / count, processor: (system + user) / count }
    },
    async allocatedOf(): Promise<number> {
      const gotBefore = got
      const allocated = await allocatedBytes(pour)
      return allocated / (got - gotBefore)
    },
  }
}

async function pouring(): Promise<readonly Row[]> {
  const [plain, recorded] = [await startPouring(false), await startPouring(true)]
  const rounds = small ? 5 : 15
  const times: number[] = []
  const ratios: number[] = []
  const costs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [one, other] = [plain.timesOf(), recorded.timesOf()]
    times.push(one.passed)
    ratios.push(other.processor / one.processor)
    costs.push((other.processor - one.processor) * 1_000)
  }
  const each = await plain.allocatedOf()
  const eachRecorded = await recorded.allocatedOf()
  const known = await calibration(small ? 20_000 : 200_000)
  const more = `${each.toFixed(0)} bytes of heap allocated a message (an array of ten numbers is counted as ${known.toFixed(0)})`
  const moreRecorded = `${spread(ratios)}; ${median(costs).toFixed(0)} ns of processor time a message more, ${eachRecorded.toFixed(0)} bytes allocated in place of ${each.toFixed(0)}`
  return [
    { row: 'message-256B', value: median(times), unit: 'us to a subscriber', more },
    {
      row: 'message-256B-flight',
      value: median(ratios),
      unit: 'x the processor time without it',
      more: moreRecorded,
    },
  ]
}

/** By the name that `--only` takes; what a part gives is one row or several. */
const turns = small ? { rounds: 3, roundMs: 60 } : { rounds: 7, roundMs: 500 }
const parts: Readonly<Record<string, () => Promise<Row | readonly Row[]>>> = {
  'messages-256B': () => messages(256, 'messages-256B', { secretStream: 4, libp2p: 20 }, turns),
  'messages-64KiB': () =>
    messages(65_536, 'messages-64KiB', { secretStream: 1, libp2p: 3, bare: 0.9 }, turns),
  'round-trip': () => roundTrip(turns),
  dial: () => dials(turns),
  'gossip-20': () => gossip(small ? turns : { rounds: 7, roundMs: 1_000 }),
  'idle-10000': () =>
    crowds(
      small
        ? { ...turns, busy: turns, counts: [1, 10, 100] }
        : { rounds: 3, roundMs: 300, busy: turns, counts: [1, 10, 100, 1_000, 10_000] },
    ),
  inspected: () =>
    inspected(small ? { connections: 100, phases: 2 } : { connections: 10_000, phases: 3 }),
  'event-loop-delay': () => loopDelay(turns),
  'start-up': () => startUp(small ? 1 : 7),
  'installed-size': () => Promise.resolve(installedSize()),
  'spawn-stop-10000': siblings,
  'cycle-heap': cycles,
  'message-256B': pouring,
  recording: () =>
    recordedMessages(small ? { rounds: 3, messages: 30_000 } : { rounds: 9, messages: 200_000 }),
  simulation: () =>
    simulations(
      small
        ? { rounds: 1, seconds: 5, nodes: [5, 20] }
        : { rounds: 3, seconds: 5, nodes: [20, 200] },
    ),
  bitcoin: () => bitcoinParts(small ? { rounds: 3, share: 0.02 } : { rounds: 9, share: 0.4 }),
}
const chosen = Object.entries(parts).filter(([name]) => only === undefined || name === only)
if (chosen.length === 0) throw new Error(`--only takes one of ${Object.keys(parts).join(', ')}`)

const rows: Row[] = []
for (const [name, part] of chosen) {
  progress(name)
  const before = now()
  rows.push(...[await part()].flat())
  progress(`${name}: ${((now() - before) / 1e6).toFixed(0)} s`)
}
for (const path of svg === undefined ? [] : writeCurves(svg, rows)) progress(path)
if (json) printJson(rows)
else printTable(rows)
