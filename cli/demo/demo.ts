/**
 * `peerloom demo`: a network of real processes on loopback, each told one address. Every line of an
 * input is published as an item by one of them; one joins late, the one that all were told is stopped
 * for good, another is killed with SIGKILL and comes back by its own address book. In the end every
 * node holds every line, and nobody was handed one twice.
 * @module
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '../../transport/random.ts'
import type { Random } from '../../world/random.ts'
import { CommandFault } from '../command-fault.ts'
import { whenOutputIsGone } from '../standard-output.ts'
import { startChild } from './child.ts'
import type { DemoChild } from './child.ts'
import { readLines } from './input.ts'
import type { FromSource } from '../../inspector/remote-source.ts'
import { faultSentence } from '../node/inspected.ts'
import type { DemoInspection } from './inspection.ts'
import { startShow } from './print.ts'
import type { DemoEvent, NodeRow } from './print.ts'
import type { FromNode, NumberedLine } from './protocol.ts'
import { createTally } from './tally.ts'

export interface DemoOptions {
  /** A file, or `-` for standard input. */
  readonly input: string
  readonly json: boolean
  /** That start together; one more joins. */
  readonly nodes: number
  /** Decides who publishes which line. */
  readonly seed: string
  /** The nodes' folders stay. */
  readonly keep: boolean
  /**
   * The port of 127.0.0.1 for a page of all nodes, 0 for any free one; undefined: there is none. With a
   * page the nodes run on until they are told to stop.
   */
  readonly inspect: number | undefined
}

/** A busy machine starts a process in a few seconds. */
const START_MS = 60_000
/** A mesh of twenty takes a few rounds of dialling; the longest backoff is a minute. */
const MESH_MS = 120_000
const PUBLISH_MS = 30_000
const HOLD_MS = 180_000
/** How often a node that is waited for is asked what it holds. */
const LIST_EVERY_MS = 500

/** The network's own limit, and a pace below it: a line comes at most once from each neighbour. */
const USUAL = { linesPerSecond: 9, publicationsPerWindowMax: 100 }
/** For longer inputs: ten times as many. */
const RAISED = { linesPerSecond: 90, publicationsPerWindowMax: 1_000 }
/** At the usual pace these take half a minute. */
const USUAL_LINES_MAX = 270

interface Node {
  readonly name: string
  child: DemoChild
  id: string
  address: string
  port: number
  /** By connection: two with one peer may cross, and one of them goes. */
  readonly peers: Map<string, string>
  /** Takes what its source tells the page. */
  look: ((message: FromSource) => void) | undefined
  /** `lost`: its process ended, and it was not us. */
  state: 'starting' | 'running' | 'stopped' | 'killed' | 'lost'
}

/** Waits without holding the process: it is only ever waited for together with a deadline. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The exit code: 0 where nothing is missing or doubled. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const lines = await readLines(options.input)
  const pace = lines.length > USUAL_LINES_MAX ? RAISED : USUAL
  const random = seededRandom(options.seed)
  const folder = await mkdtemp(join(tmpdir(), 'peerloom-demo-'))
  const inspection = await openInspection(options.inspect)
  const stage = startStage({
    ...{ ...options, ...pace, folder, lineCount: lines.length },
    inspection: typeof inspection === 'string' ? undefined : inspection,
  })
  try {
    stage.show({
      event: 'begin',
      ...{ lines: lines.length, nodes: options.nodes + 1, seed: options.seed, folder },
      ...pace,
    })
    if (typeof inspection === 'string') stage.show({ event: 'inspector', fault: inspection })
    else if (inspection !== undefined) stage.show({ event: 'inspector', url: inspection.url })
    return await play(stage, lines, random, options.nodes)
  } finally {
    await stage.end()
  }
}

/** Or why there is none, in a sentence. */
async function openInspection(
  port: number | undefined,
): Promise<DemoInspection | string | undefined> {
  if (port === undefined) return undefined
  const { startDemoInspection } = await import('./inspection.ts')
  try {
    return await startDemoInspection(port)
  } catch (error) {
    return faultSentence(error, port)
  }
}

type Stage = ReturnType<typeof startStage>

async function play(
  stage: Stage,
  lines: readonly NumberedLine[],
  random: Random,
  nodeCount: number,
): Promise<number> {
  const { tally } = stage
  const bootstrap = await stage.start('node 1')
  const first = await Promise.all(
    Array.from({ length: nodeCount - 1 }, (_, index) => stage.start(`node ${String(index + 2)}`)),
  )
  await stage.untilMesh()
  const half = Math.ceil(lines.length / 2)
  await stage.publish(lines.slice(0, half), random)

  const late = await stage.start(`node ${String(nodeCount + 1)}`)
  await stage.untilHolds(late, half)
  stage.show({ event: 'synced', node: late.name, lines: tally.holdsOf(late.name) })

  await stage.stop(bootstrap)
  const victim = first[random.below(first.length)]
  if (victim === undefined) throw new CommandFault(1, 'there is nobody to be killed')
  const rest = lines.slice(half)
  const third = Math.floor(rest.length / 3)
  await stage.publish(rest.slice(0, third), random)
  // It dies while others publish, and misses what they publish until it is back.
  const publishing = stage.publish(rest.slice(third), random, victim)
  publishing.catch(() => undefined)
  await stage.kill(victim)
  await stage.start(victim.name, victim)
  await publishing
  for (const node of stage.alive()) await stage.untilHolds(node, lines.length)

  const isRecovered = tally.holdsOf(victim.name) === lines.length
  if (isRecovered) {
    stage.show({ event: 'recovered', node: victim.name, lines: tally.holdsOf(victim.name) })
  }
  await stage.untilTold()
  const alive = stage.alive().map(({ name }) => name)
  await stage.stopAll()
  for (const name of alive) stage.show({ event: 'node', ...tally.of(name) })
  const summary = tally.summary(alive)
  stage.show({
    event: 'done',
    nodes: nodeCount + 1,
    published: tally.publishedCount,
    ...summary,
    synced: tally.holdsOf(late.name),
    recovered: isRecovered,
  })
  const isWhole = tally.publishedCount === lines.length && summary.missing === 0
  return isWhole && summary.duplicates === 0 && isRecovered ? 0 : 1
}

interface StageOptions extends DemoOptions {
  readonly folder: string
  readonly lineCount: number
  readonly linesPerSecond: number
  readonly publicationsPerWindowMax: number
  readonly inspection: DemoInspection | undefined
}

/** The processes, what is known of them, and what can be done with them. */
function startStage(options: StageOptions) {
  const { folder, inspection, json, keep, lineCount } = options
  const program = fileURLToPath(new URL('../main.js', import.meta.url))
  const nodes = new Map<string, Node>()
  const names = new Map<string, string>()
  const tally = createTally()
  const nameOf = (id: string | undefined): string => names.get(id ?? '') ?? 'unknown'

  const rows = (): readonly NodeRow[] =>
    [...nodes.values()].map(({ name, peers, state }) => ({
      node: name,
      state,
      peers: new Set(peers.values()).size,
      lines: tally.has(name),
    }))
  const shown = startShow(json, rows)
  const show = (event: DemoEvent): void => {
    shown.event(event)
  }

  // ---- whatever ends this process, no other one is left, and no key ------------------------------

  const clean = (): void => {
    for (const { child } of nodes.values()) child.abandon()
    if (!keep) rmSync(folder, { recursive: true, force: true })
  }
  /** Set while nothing is left to be done but to be looked at. */
  let tellToStop: (() => void) | undefined
  const interrupted = (signal: NodeJS.Signals): void => {
    if (tellToStop !== undefined) {
      tellToStop()
      tellToStop = undefined
      return
    }
    process.exit({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal as string] ?? 1)
  }
  const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  process.once('exit', clean)
  for (const signal of SIGNALS) process.on(signal, interrupted)
  whenOutputIsGone(() => {
    process.exit(0)
  })

  // ---- what nodes tell ---------------------------------------------------------------------------

  const hear = (node: Node, told: FromNode): void => {
    switch (told.type) {
      case 'looked':
        node.look?.(told.message)
        return
      case 'arrived':
        tally.arrived(node.name, told.number, told.by)
        return
      case 'published':
        tally.published(node.name, told.number)
        show({ event: 'progress', published: tally.publishedCount, lines: lineCount })
        return
      case 'holds':
        tally.holds(node.name, told.numbers)
        return
      case 'active':
        node.peers.set(told.connection, told.peer)
        show({ event: 'active', node: node.name, peer: nameOf(told.peer) })
        return
      case 'closed': {
        if (told.peer === undefined) return
        const { connection, detail, peer, reason } = told
        node.peers.delete(connection)
        show({ event: 'closed', node: node.name, peer: nameOf(peer), reason, detail })
        return
      }
      case 'fault':
        show({ event: 'fault', node: node.name, sentence: told.sentence })
        return
      case 'started':
      case 'stopped':
        return
    }
  }

  /** Its process is gone, by us or not: then somebody else killed it, or it fell. */
  const lose = (node: Node, child: DemoChild): void => {
    if (node.child !== child) return
    inspection?.gone(node.name)
    node.peers.clear()
    if (node.state !== 'starting' && node.state !== 'running') return
    node.state = 'lost'
    show({ event: 'lost', node: node.name, pid: child.pid })
  }

  const alive = (): readonly Node[] =>
    [...nodes.values()].filter(({ state }) => state === 'running')

  /** @param before its life before this one: it comes back to its folder and its port */
  const start = async (name: string, before?: Node): Promise<Node> => {
    const bootstrap = nodes.get('node 1')?.address
    const child = startChild(
      program,
      name,
      (told) => {
        hear(node, told)
      },
      () => {
        lose(node, child)
      },
    )
    const node: Node = before ?? {
      ...{ name, child, id: '', address: '', port: 0, state: 'starting' },
      ...{ peers: new Map(), look: undefined },
    }
    node.child = child
    node.state = 'starting'
    node.peers.clear()
    nodes.set(name, node)
    const starting = child.until('its start', START_MS, (told) => {
      if (told.type === 'fault') throw new CommandFault(1, `${name}: ${told.sentence}`)
      return told.type === 'started' ? told : undefined
    })
    child.say({
      type: 'start',
      ...{ name, folder: join(folder, name.replace(' ', '-')), port: node.port },
      bootstrap: bootstrap === undefined || name === 'node 1' ? [] : [bootstrap],
      publicationsMax: options.publicationsPerWindowMax,
      inspected: inspection !== undefined,
    })
    const { address, id, pid, port } = await starting
    Object.assign(node, { address, id, port, state: 'running' })
    node.look = inspection?.started(name, (message, onTaken) => {
      child.say({ type: 'look', message }, onTaken)
    })
    names.set(id, name)
    show({ event: 'started', node: name, pid, id, address })
    return node
  }

  const untilMesh = async (): Promise<void> => {
    const all = alive()
    await Promise.all(
      all.map(async ({ child, peers }) => {
        const isComplete = (): true | undefined =>
          new Set(peers.values()).size >= all.length - 1 ? true : undefined
        if (isComplete() === undefined) await child.until('all others', MESH_MS, isComplete)
      }),
    )
  }

  const publishOne = async (node: Node, line: NumberedLine): Promise<void> => {
    const [number] = line
    const published = node.child.until(`line ${String(number)}`, PUBLISH_MS, (told) => {
      if (told.type === 'fault') throw new CommandFault(1, `${node.name}: ${told.sentence}`)
      return told.type === 'published' && told.number === number ? true : undefined
    })
    node.child.say({ type: 'publish', line })
    await published
  }

  /** Each line by a node that is drawn, below the pace; by anybody but `except`. */
  const publish = async (
    some: readonly NumberedLine[],
    random: Random,
    except?: Node,
  ): Promise<void> => {
    const startedMs = performance.now()
    const out = new Set<Promise<void>>()
    let broken: Error | undefined
    for (const [index, line] of some.entries()) {
      const dueMs = startedMs + (index / options.linesPerSecond) * 1_000
      await pause(Math.max(0, dueMs - performance.now()))
      if (broken !== undefined) break
      const publishers = alive().filter((node) => node !== except)
      const node = publishers[random.below(publishers.length)]
      if (node === undefined) throw new CommandFault(1, 'nobody is left to publish')
      const one = publishOne(node, line).catch((error: unknown) => {
        broken ??= error instanceof Error ? error : new Error(String(error))
      })
      out.add(one)
      void one.finally(() => out.delete(one))
    }
    await Promise.all(out)
    if (broken !== undefined) throw broken
  }

  const stopAll = async (): Promise<void> => {
    await Promise.all(
      [...nodes.values()].map(async (node) => {
        node.state = 'stopped'
        await node.child.stop()
      }),
    )
  }

  /** Until it holds so many of the lines, or its time is up: what is missing is in the summary. */
  const untilHolds = async (node: Node, count: number): Promise<void> => {
    const endMs = performance.now() + HOLD_MS
    for (;;) {
      const listed = node.child.until('saying what it holds', PUBLISH_MS, (told) =>
        told.type === 'holds' ? true : undefined,
      )
      node.child.say({ type: 'list' })
      await listed
      if (tally.holdsOf(node.name) >= count) return
      if (performance.now() > endMs) {
        const sentence = `it holds ${String(tally.holdsOf(node.name))} of ${String(count)} lines`
        show({ event: 'fault', node: node.name, sentence })
        return
      }
      await pause(LIST_EVERY_MS)
    }
  }

  return {
    ...{ alive, publish, show, start, tally, untilHolds, untilMesh },
    async stop(node: Node): Promise<void> {
      const { pid } = node.child
      node.state = 'stopped'
      await node.child.stop()
      show({ event: 'stopped', node: node.name, pid })
    },
    async kill(node: Node): Promise<void> {
      const { pid } = node.child
      node.state = 'killed'
      await node.child.kill()
      show({ event: 'killed', node: node.name, pid })
    },
    stopAll,
    /** With a page: until Ctrl-C. */
    async untilTold(): Promise<void> {
      if (inspection === undefined) return
      show({ event: 'waiting' })
      await new Promise<void>((resolve) => (tellToStop = resolve))
    },
    async end(): Promise<void> {
      await inspection?.close()
      await stopAll()
      shown.end()
      for (const signal of SIGNALS) process.off(signal, interrupted)
      process.off('exit', clean)
      clean()
    },
  }
}
