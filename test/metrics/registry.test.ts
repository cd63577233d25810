import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { MetricObject, MetricObjectWithValues, MetricValue } from 'prom-client'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Observation } from '../../index.ts'
import { collectMetrics } from '../../metrics/metrics.ts'
import { createTypeCounts } from '../../metrics/type-counts.ts'
import { createObservationPort } from '../../world/observation.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { readMetrics } from './scraping.ts'

afterEach(() => {
  vi.useRealTimers()
})

const message = (type: string, direction: 'received' | 'sent' = 'received'): Observation => ({
  ...{ of: 'message', connection: 'alice/in-1', direction, type },
  ...{ bytesOnWire: 10, message: { type } },
})

function startCounts() {
  const port = createObservationPort()
  const faults: unknown[] = []
  const counts = createTypeCounts(port, (error) => faults.push(error))
  return { counts, faults, port }
}

describe('messages by type', () => {
  test('are not looked at before somebody scrapes, nor ten minutes after', () => {
    vi.useFakeTimers()
    const { counts, port } = startCounts()
    expect(port.wants.message).toBe(false)
    port.tell(message('early'))
    counts.read()
    expect(port.wants.message).toBe(true)
    port.tell(message('blob'))
    vi.advanceTimersByTime(599_000)
    counts.read()
    vi.advanceTimersByTime(599_000)
    port.tell(message('blob'))
    expect(port.wants.message).toBe(true)
    vi.advanceTimersByTime(1_000)
    expect(port.wants.message).toBe(false)
    port.tell(message('blob'))
    expect([...counts.read().received]).toEqual([['blob', { messages: 2, bytes: 20 }]])
    port.tell(message('blob'))
    port.tell(message('blob', 'sent'))
    const { received, sent } = counts.read()
    expect([received.get('blob'), sent.get('blob')]).toEqual([
      { messages: 3, bytes: 30 },
      { messages: 1, bytes: 10 },
    ])
    counts.stop()
    expect([port.wants.message, vi.getTimerCount()]).toEqual([false, 0])
  })

  test('are of a hundred types at most; the others are counted together', () => {
    const { counts, faults, port } = startCounts()
    counts.read()
    for (let number = 0; number < 10_000; number++) port.tell(message(`type-${number}`))
    const { received } = counts.read()
    expect(received.size).toBe(101)
    expect(received.get('other')).toEqual({ messages: 9_900, bytes: 99_000 })
    port.tell(message('other'))
    port.tell(message('type-5'))
    expect(counts.read().received.get('other')?.messages).toBe(9_901)
    expect(counts.read().received.get('type-5')?.messages).toBe(2)
    expect(faults).toEqual([])
    counts.stop()
  })
})

describe('the metrics of a node', () => {
  function startTwo() {
    const world = startVirtualWorld({ seed: 'registry' })
    const alice = startNode(world, 'alice', '10.0.0.1', plain())
    const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
    const metrics = collectMetrics(alice.supervisor)
    return { alice, bob, metrics, world }
  }

  test('are named as Prometheus names them', async () => {
    const { metrics } = startTwo()
    const { families } = readMetrics(await metrics.text())
    expect(families.size).toBeGreaterThan(25)
    for (const [name, { help, type }] of families) {
      expect(name).toMatch(/^peerloom_[a-z_]+$/)
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
      expect(['counter', 'gauge', 'histogram']).toContain(type)
      expect(help, name).toMatch(/^[A-Z1].{10,}\.$/)
      if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    }
    metrics.close()
  })

  test('name no peer, no address and no connection, whoever comes and goes', async () => {
    const { alice, metrics, world } = startTwo()
    world.advance(1_000)
    alice.supervisor.ban('10.0.0.2', { why: 'a sentence' })
    world.advance(30_000)
    const text = await metrics.text()
    expect(readMetrics(text).sum('peerloom_bans_total')).toBe(1)
    expect(text).not.toMatch(/10\.0\.0|in-1|out-1|bob|7001|sentence/)
    metrics.close()
  })

  test('leave the node for good when they are closed, though they are read again', async () => {
    const { alice, metrics } = startTwo()
    const { watchers } = alice.supervisor.audit()
    await metrics.text()
    expect(alice.supervisor.audit().watchers).toBe(watchers + 1)
    metrics.close()
    await metrics.text()
    // What waited for handshakes has left too.
    expect(alice.supervisor.audit().watchers).toBe(watchers - 1)
  })

  test('do not grow with connections that come and go', async () => {
    const { alice, bob, metrics, world } = startTwo()
    const series = async () => readMetrics(await metrics.text()).samples.size
    const part = () => {
      alice.supervisor.disconnect(alice.supervisor.connections()[0]?.name ?? '')
      void bob.supervisor.connect('10.0.0.1:7001').catch(() => undefined)
      world.advance(70_000)
    }
    part()
    const first = await series()
    for (let count = 0; count < 50; count++) part()
    expect(
      readMetrics(await metrics.text()).sum('peerloom_connections_closed_total'),
    ).toBeGreaterThan(50)
    // What happens for the first time adds one of a closed list.
    expect(await series()).toBeLessThan(first + 5)
    metrics.close()
  })

  test('are read once a scrape, and a part that throws is said and does not stop the rest', async () => {
    const { alice, bob, world } = startTwo()
    const faults: unknown[] = []
    const metrics = collectMetrics(alice.supervisor, {
      onFault(error) {
        faults.push(error)
      },
    })
    // What tells of a handshake in no number is a fault of a watcher.
    alice.supervisor.port.tell({
      of: 'timing',
      what: 'ping',
      ms: NaN,
    })
    expect(faults).toHaveLength(1)
    world.advance(1_000)
    expect(bob.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    expect(readMetrics(await metrics.text()).sum('peerloom_node_running')).toBe(1)
    metrics.close()
  })
})

describe("the process's own metrics", () => {
  const startProcess = () => {
    const world = startVirtualWorld({ seed: 'process' })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', plain())
    const metrics = collectMetrics(supervisor, { includesProcess: true })
    onTestFinished(metrics.close)
    return metrics
  }

  test('are those of prom-client, in its names, kinds and words', async () => {
    const theirs = new Registry()
    collectDefaultMetrics({ register: theirs })
    const described = ({ help, name, type }: MetricObject) => ({ help, name, type })
    const ours = (await startProcess().registry.getMetricsAsJSON()).filter(
      ({ name }) => !name.startsWith('peerloom_'),
    )
    const sorted = (all: readonly MetricObject[]) =>
      all.map(described).toSorted((one, other) => one.name.localeCompare(other.name))
    expect(sorted(ours)).toEqual(sorted(await theirs.getMetricsAsJSON()))
  })

  test('have the values of prom-client: what it reads of the process is read here', async () => {
    const register = new Registry()
    collectDefaultMetrics({ register })
    const { registry } = startProcess()
    const [theirs, ours] = [await register.getMetricsAsJSON(), await registry.getMetricsAsJSON()]
    /** What moves from one reading to the next is only somewhere near. */
    const shown = (all: readonly MetricObject[], isStill: (name: string) => boolean) =>
      (all as MetricObjectWithValues<MetricValue<string>>[])
        .filter(({ name }) => /^(?:nodejs|process)_/.test(name) && isStill(name))
        .map(({ name, values }) => ({ name, values }))
        .toSorted((one, other) => one.name.localeCompare(other.name))
    const isStill = (name: string) => /max_fds|start_time|version_info/.test(name)
    expect(shown(ours, isStill)).toEqual(shown(theirs, isStill))
    const isMoving = (name: string) => /memory|heap|open_fds|active/.test(name)
    const [near, there] = [shown(ours, isMoving), shown(theirs, isMoving)]
    expect(near.map(({ name }) => name)).toEqual(there.map(({ name }) => name))
    for (const [place, { name, values }] of there.entries()) {
      const mine = near[place]?.values ?? []
      expect(
        mine.map(({ labels }) => labels),
        name,
      ).toEqual(values.map(({ labels }) => labels))
      const sum = (all: typeof values) => all.reduce((total, { value }) => total + value, 0)
      // A collection between the two readings may move a heap; another unit would be a thousand off.
      expect(sum(mine), name).toBeGreaterThanOrEqual(sum(values) / 20)
      expect(sum(mine), name).toBeLessThanOrEqual(sum(values) * 20)
    }
  })

  test('of two scrapes at once the second has no delays that nobody measured', async () => {
    const { registry } = startProcess()
    await registry.metrics()
    const { sum } = readMetrics(await registry.metrics())
    expect(sum('nodejs_eventloop_lag_min_seconds')).toBeLessThan(3_600)
    expect(sum('nodejs_eventloop_lag_mean_seconds')).not.toBeNaN()
  })

  test('are not observed any more once they are closed, and can still be read', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const metrics = startProcess()
    const read = async (name: string) => {
      const metric = await metrics.registry.getSingleMetric(name)?.get()
      return metric?.values.map(({ value }) => value) ?? []
    }
    const collections = () => read('nodejs_gc_duration_seconds')
    const lateMs = 60
    const standStill = async (): Promise<void> => {
      await setImmediate()
      const untilMs = performance.now() + lateMs
      while (performance.now() < untilMs) collect()
      await setImmediate()
    }
    await expect
      .poll(async () => {
        await standStill()
        return collections()
      })
      .not.toEqual([])
    await expect
      .poll(async () => {
        await standStill()
        await metrics.text()
        return (await read('nodejs_eventloop_lag_max_seconds'))[0]
      })
      .toBeGreaterThan(0)
    metrics.close()
    await metrics.text()
    const before = [await collections(), await read('nodejs_eventloop_lag_max_seconds')]
    for (let count = 0; count < 5; count++) await standStill()
    await metrics.text()
    expect([await collections(), await read('nodejs_eventloop_lag_max_seconds')]).toEqual(before)
  })
})
