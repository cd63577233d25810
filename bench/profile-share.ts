/**
 * What part of a process's main thread is spent in files whose paths have some text in them, with all that
 * they call: by the engine's own sampling profiler. Two parts of one profile are of the same seconds, and
 * so compare where what the machine does besides is more than their difference.
 * @module
 */
import { Session } from 'node:inspector/promises'
import type { Profiler } from 'node:inspector/promises'

const SAMPLED_EACH_MICROS = 500

export interface Share {
  readonly busyMicros: number
  /** Of them, in those files and beneath. */
  readonly micros: number
}

function shareIn(
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  paths: readonly string[],
): Share {
  const parents = new Map(
    nodes.flatMap(({ children = [], id }) => children.map((child) => [child, id])),
  )
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const known = new Map<number, boolean>()
  const isIn = (id: number | undefined): boolean => {
    if (id === undefined) return false
    const before = known.get(id)
    if (before !== undefined) return before
    const url = byId.get(id)?.callFrame.url ?? ''
    const found = paths.some((path) => url.includes(path)) || isIn(parents.get(id))
    known.set(id, found)
    return found
  }
  let [busyMicros, micros] = [0, 0]
  for (const [index, id] of samples.entries()) {
    const passed = timeDeltas[index] ?? 0
    if (byId.get(id)?.callFrame.functionName === '(idle)') continue
    busyMicros += passed
    if (isIn(id)) micros += passed
  }
  return { busyMicros, micros }
}

/** Profiles this process until it is asked what came of it. */
export async function startProfile(): Promise<(paths: readonly string[]) => Promise<Share>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLED_EACH_MICROS })
  await session.post('Profiler.start')
  return async (paths) => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    return shareIn(profile, paths)
  }
}
