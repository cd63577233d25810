/**
 * What is read of the process when somebody scrapes, in prom-client's names and words. Between scrapes
 * nothing is done. A figure that a platform does not have is left out.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { getHeapSpaceStatistics } from 'node:v8'
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

const MICROSECONDS_PER_SECOND = 1e6
const MS_PER_SECOND = 1_000
const BYTES_PER_KIB = 1_024
const IS_LINUX = process.platform === 'linux'

/** Node's, older than `process.getActiveResourcesInfo` and told of in no document. */
interface ActiveObjects {
  readonly _getActiveHandles?: () => readonly object[]
  readonly _getActiveRequests?: () => readonly object[]
}

/** Undefined: it is not there, or this process may not read it. */
function linesOf(path: string): readonly string[] | undefined {
  try {
    // No disk is read there, and nothing is waited for.
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return undefined
  }
}

function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** @param collect fills it, and those that are read with it */
type Make = (name: string, help: string, collect?: (gauge: Gauge) => void) => Gauge

function collectProcessor(registry: Registry): void {
  const make = (name: string, help: string, collect?: () => void): Counter =>
    new Counter({
      ...{ name: `process_cpu_${name}seconds_total`, help, registers: [registry] },
      ...(collect === undefined ? {} : { collect }),
    })
  let before = process.cpuUsage()
  const user = make('user_', 'Total user CPU time spent in seconds.', () => {
    const now = process.cpuUsage()
    const [ofUser, ofSystem] = [now.user - before.user, now.system - before.system]
    before = now
    user.inc(ofUser / MICROSECONDS_PER_SECOND)
    system.inc(ofSystem / MICROSECONDS_PER_SECOND)
    both.inc((ofUser + ofSystem) / MICROSECONDS_PER_SECOND)
  })
  const system = make('system_', 'Total system CPU time spent in seconds.')
  const both = make('', 'Total user and system CPU time spent in seconds.')
}

function collectMemory(make: Make): void {
  const HELP = 'Resident memory size in bytes.'
  if (!IS_LINUX) {
    make('process_resident_memory_bytes', HELP, (gauge) => {
      gauge.set(process.memoryUsage.rss())
    })
    return
  }
  const resident = make('process_resident_memory_bytes', HELP, () => {
    for (const line of linesOf('/proc/self/status') ?? []) {
      const [, name = '', kib] = /^(Vm\w+):\s+(\d+) kB$/.exec(line) ?? []
      of.get(name)?.set(Number(kib) * BYTES_PER_KIB)
    }
  })
  const of = new Map([
    ['VmRSS', resident],
    ['VmSize', make('process_virtual_memory_bytes', 'Virtual memory size in bytes.')],
    ['VmData', make('process_heap_bytes', 'Process heap size in bytes.')],
  ])
}

function collectHeap(registry: Registry, make: Make): void {
  make('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', (total) => {
    const { external, heapTotal, heapUsed } = process.memoryUsage()
    total.set(heapTotal)
    used.set(heapUsed)
    outside.set(external)
  })
  const used = make('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.')
  const outside = make('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.')

  const space = (what: string, collect?: () => void): Gauge<'space'> =>
    new Gauge({
      name: `nodejs_heap_space_size_${what}_bytes`,
      help: `Process heap space size ${what} from Node.js in bytes.`,
      labelNames: ['space'],
      registers: [registry],
      ...(collect === undefined ? {} : { collect }),
    })
  const total = space('total', () => {
    for (const one of getHeapSpaceStatistics()) {
      const labels = { space: one.space_name.replace(/_space$/, '') }
      total.set(labels, one.space_size)
      usedOf.set(labels, one.space_used_size)
      available.set(labels, one.space_available_size)
    }
  })
  const usedOf = space('used')
  const available = space('available')
}

function collectDescriptors(make: Make): void {
  const [, max] = (linesOf('/proc/self/limits') ?? [])
    .map((line) => /^Max open files\s+(\d+)/.exec(line) ?? [])
    .find(([whole]) => whole !== undefined) ?? ['']
  if (max !== undefined) {
    make('process_max_fds', 'Maximum number of open file descriptors.', (gauge) => {
      gauge.set(Number(max))
    })
  }
  if (!IS_LINUX) return
  make('process_open_fds', 'Number of open file descriptors.', (gauge) => {
    try {
      // Less the one by which they are read.
      gauge.set(readdirSync('/proc/self/fd').length - 1)
    } catch {
      // There is none left to read them by: the figure of before stands.
    }
  })
}

/** What keeps the process from its end, by type and all together. */
function collectActive(registry: Registry, make: Make): void {
  const { _getActiveHandles: handles, _getActiveRequests: requests } = process as ActiveObjects
  const typesOf = (all: readonly object[]) => all.map(({ constructor: { name } }) => name)
  const family = (
    what: string,
    help: string,
    helpOfTotal: string,
    types: () => readonly string[],
  ): void => {
    const byType = new Gauge({
      ...{ name: `nodejs_active_${what}`, help, labelNames: ['type'], registers: [registry] },
      collect() {
        byType.reset()
        for (const [type, count] of countBy(types())) byType.set({ type }, count)
      },
    })
    make(`nodejs_active_${what}_total`, helpOfTotal, (gauge) => {
      gauge.set(types().length)
    })
  }
  family(
    'resources',
    'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
    'Total number of active resources.',
    () => process.getActiveResourcesInfo(),
  )
  if (handles !== undefined) {
    family(
      'handles',
      'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
      'Total number of active handles.',
      () => typesOf(handles.call(process)),
    )
  }
  if (requests !== undefined) {
    family(
      'requests',
      'Number of active libuv requests grouped by request type. Every request type is C++ class name.',
      'Total number of active requests.',
      () => typesOf(requests.call(process)),
    )
  }
}

function collectAbout(registry: Registry, make: Make): void {
  const startSeconds = Math.round(Date.now() / MS_PER_SECOND - process.uptime())
  const HELP = 'Start time of the process since unix epoch in seconds.'
  make('process_start_time_seconds', HELP, (gauge) => {
    gauge.set(startSeconds)
  })
  const { version } = process
  const [major = 0, minor = 0, patch = 0] = version.slice(1).split('.').map(Number)
  const info = new Gauge({
    ...{ name: 'nodejs_version_info', help: 'Node.js version info.', registers: [registry] },
    labelNames: ['version', 'major', 'minor', 'patch'],
    collect() {
      info.set({ version, major, minor, patch }, 1)
    },
  })
}

export function collectProcessGauges(registry: Registry): void {
  const make: Make = (name, help, collect) => {
    const gauge: Gauge = new Gauge({
      ...{ name, help, registers: [registry] },
      ...(collect === undefined
        ? {}
        : {
            collect() {
              collect(gauge)
            },
          }),
    })
    return gauge
  }
  collectProcessor(registry)
  collectMemory(make)
  collectHeap(registry, make)
  collectDescriptors(make)
  collectActive(registry, make)
  collectAbout(registry, make)
}
