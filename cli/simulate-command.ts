/**
 * `peerloom simulate`: a network of whole nodes in this process, from one seed, held to what the runtime
 * promises. What is broken is printed with the words that show it again, and the exit code is 1.
 * @module
 */
import { SIMULATION_PRESETS } from '../testing/simulator/preset.ts'
import { simulate } from '../testing/simulator/simulation.ts'
import type { SimulationResult } from '../testing/simulator/simulation.ts'
import { compareTraces } from '../testing/simulator/trace.ts'
import type { TraceDifference } from '../testing/simulator/trace.ts'
import type { Violation } from '../testing/simulator/violations.ts'
import { formatBytes, formatDuration, printable } from './format.ts'
import { jsonLine } from './json.ts'
import { loadNetwork } from './protocol-module.ts'
import { commandOf } from './simulate/options.ts'
import type { SimulateOptions } from './simulate/options.ts'
import { readTrace, writeTrace } from './simulate/trace-file.ts'
import { print } from './standard-output.ts'

/** What only this run of it says, and no hash. */
interface Cost {
  readonly realMs: number
  readonly simulatedPerRealSecond: number
  /** Of the process, when all nodes were up for the last time. */
  readonly memoryBytesPerNode: number
}

/** @throws {CommandFault} there is no such network, or a file cannot be opened, read or written */
export async function simulateNetwork(options: SimulateOptions): Promise<number> {
  const { crypto, faults, forMs: durationMs, json, nodes, protocol, seed, skipFault } = options
  const tools = await loadNetwork(protocol)
  const preset = SIMULATION_PRESETS[faults]
  const expected = options.compare === undefined ? undefined : readTrace(options.compare)
  const written = options.trace === undefined ? undefined : writeTrace(options.trace)
  const comparison = expected && compareTraces(expected.next)
  if (json) {
    print(jsonLine({ event: 'simulation', protocol, nodes, seed, durationMs, crypto, preset }))
  } else {
    print(`${commandOf(options)}\n${presetText(preset)}`)
  }

  const line = (text: string): void => {
    written?.line(text)
    comparison?.line(text)
  }
  const isTraced = written !== undefined || comparison !== undefined
  let memoryBytes = 0
  const beginMs = performance.now()
  const result = simulate({
    ...{ crypto, durationMs, nodes, preset, protocol, seed, tools },
    ...(skipFault === undefined ? {} : { skipFault }),
    ...(isTraced ? { onLine: line } : {}),
    onProgress() {
      memoryBytes = Math.max(memoryBytes, usedBytes())
    },
  })
  const realMs = performance.now() - beginMs
  const difference = comparison?.end()
  // What was not read to its end is compared with nothing.
  expected?.close()
  const cost: Cost = {
    realMs,
    simulatedPerRealSecond: result.simulatedMs / realMs,
    memoryBytesPerNode: memoryBytes / nodes,
  }

  const again = commandOf(options)
  for (const violation of result.violations) {
    print(
      json
        ? jsonLine({ event: 'violation', seed, ...violation, again })
        : sentence(violation, again),
    )
  }
  if (difference !== undefined) {
    print(json ? jsonLine({ event: 'difference', ...difference }) : differenceText(difference))
  }
  if (json) {
    const { violations: _, violationCount: violations, ...counts } = result
    print(jsonLine({ event: 'simulated', ...counts, violations, ...cost }))
  } else {
    print(summary(result, cost))
  }
  // What came of the run is told, whatever became of its trace.
  written?.close()
  return result.violationCount > 0 || difference !== undefined ? 1 : 0
}

function usedBytes(): number {
  const { arrayBuffers, external, heapUsed } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const presetText = (preset: object): string => `faults and workload: ${JSON.stringify(preset)}`

const sentence = ({ atMs, invariant, node, what }: Violation, again: string): string =>
  `BROKEN ${invariant} at ${(atMs / 1_000).toFixed(3)} s, ${node}: ${printable(what)}\n  ${again}`

const differenceText = ({ expected, got, step }: TraceDifference): string =>
  `the runs differ first at step ${String(step)}\n  there: ${expected ?? 'nothing'}\n  here:  ${got ?? 'nothing'}`

const listText = (counts: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${String(count)}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

function summary(result: SimulationResult, cost: Cost): string {
  const { convergedMs, latencyMs, simulatedMs } = result
  const coverage = Object.entries(result.coverage).map(
    ([kind, { leastPercent, meanPercent, published }]) =>
      `${kind}: ${String(published)}, to ${meanPercent.toFixed(1)} % (least ${leastPercent.toFixed(0)} %)`,
  )
  const latency =
    latencyMs === undefined
      ? 'none'
      : `50 % within ${latencyMs.p50.toFixed(0)} ms, 90 % ${latencyMs.p90.toFixed(0)}, 99 % ${latencyMs.p99.toFixed(0)}`
  return [
    `simulated     ${formatDuration(simulatedMs)} in ${(cost.realMs / 1_000).toFixed(1)} s: ${cost.simulatedPerRealSecond.toFixed(1)} s a second, ${formatBytes(cost.memoryBytesPerNode)} a node`,
    `recovered     ${convergedMs === undefined ? 'no' : `within ${formatDuration(convergedMs)}`}`,
    `published     ${String(result.published)}, delivered ${String(result.delivered)}${coverage.map((kind) => `; ${kind}`).join('')}`,
    `gossip took   ${latency}`,
    `requests      ${String(result.requests)}, answered ${String(result.answered)}; told ${String(result.told)}, heard ${String(result.heard)}`,
    `connections   ${String(result.connections)}, active ${String(result.activeConnections)}`,
    `ended by      ${listText(result.reasons)}`,
    `dropped       ${listText(result.dropped)}`,
    `faults        ${listText(result.faults)}`,
    `operator      ${listText(result.acts)}; restarts ${String(result.restarts)}; bans ${String(result.bans)}`,
    `steps         ${String(result.steps)}`,
    `violations    ${String(result.violationCount)}`,
    `traceHash     ${result.traceHash}`,
  ].join('\n')
}
