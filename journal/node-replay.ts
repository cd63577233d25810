/**
 * A node run again from its recorded inputs: with no network, no clock and no waiting. The second run
 * has to do the same; the first difference is named. At any step the run can be left for another one
 * that goes on differently.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import { createNode } from '../supervisor/node.ts'
import type { Audit, Node, NodeOptions, NodeState } from '../supervisor/node-contract.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Random } from '../world/random.ts'
import { JournalError } from './journal-error.ts'
import type { NodeEntry, OutcomeLine } from './node-entries.ts'
import { recordNode } from './node-recorder.ts'
import { viewsOf } from './node-views.ts'
import type { ConnectionSnapshot } from './node-views.ts'
import { printLine } from './outcome.ts'
import { createReplayWorld } from './replay-world.ts'
import type { ReplayWorld } from './replay-world.ts'
import { forkOf } from './replay-fork.ts'
import type { Fork } from './replay-fork.ts'

export interface Difference {
  /** The entry, from 0. */
  readonly position: number
  /** When its input entered, monotonic milliseconds. */
  readonly monotonicMs: number
  /** What entered. */
  readonly input: string
  /** The line of the outcome, from 0. */
  readonly line: number
  readonly expected: string | undefined
  readonly got: string | undefined
}

/** The node as it was: what is not in its inputs. */
export interface ReplayOptions<T extends ProtocolTypes> extends Pick<
  NodeOptions<T>,
  'bootstrap' | 'charts' | 'limits' | 'listen' | 'name'
> {
  /** Made anew for each run: a node part remembers. */
  readonly protocol: () => NodeOptions<T>['protocol']
  readonly crypto: CryptoBackend
  /** The root of chance as the recorded node's, at its beginning; called for each run. */
  readonly random: () => Random
  /** Left out: true. */
  readonly speaksDatagrams?: boolean
}

export interface NodeSnapshot {
  readonly state: NodeState
  readonly connections: readonly ConnectionSnapshot[]
  readonly audit: Audit
}

export interface ReplayedStep<T extends ProtocolTypes> {
  readonly position: number
  readonly entry: NodeEntry
  /** What came of it this time. */
  readonly outcome: readonly OutcomeLine[]
  readonly difference: Difference | undefined
  /** The node behind this step; only until the next one is asked for. */
  snapshot(): NodeSnapshot
  /** A node of its own that has lived up to here and goes on as it is told. */
  fork(): Fork<T>
}

export interface NodeReplay<T extends ProtocolTypes> {
  /**
   * Step by step, up to the first difference, from the beginning each time. Of a broken journal each
   * step that is whole comes before it is refused.
   * @throws {JournalError} `damaged`: behind the last step something is missing that was there once
   */
  steps(): Generator<ReplayedStep<T>, void>
  /**
   * The first difference, or undefined where the second run did the same.
   * @throws {JournalError} `damaged`: there is none in what is whole, and the rest of it is missing
   */
  run(): Difference | undefined
}

/** A node in a replay's world, and what it was seen to do in its last step. */
export interface Rerun<T extends ProtocolTypes> {
  readonly node: Node<T>
  readonly world: ReplayWorld
  step(entry: NodeEntry): readonly OutcomeLine[]
}

function startRerun<T extends ProtocolTypes>(options: ReplayOptions<T>): Rerun<T> {
  const { crypto, protocol, random, speaksDatagrams = true, ...rest } = options
  const world = createReplayWorld({ crypto, random: random(), speaksDatagrams })
  const node = createNode<T>({
    ...rest,
    protocol: protocol(),
    world: world.world,
    onHappening: () => undefined,
    runHandler: () => undefined,
    onHandlerGone: () => undefined,
    onWaitOver: () => undefined,
  })
  let last: readonly OutcomeLine[] = []
  const recorder = recordNode(node.port, {
    crypto,
    sink: {
      begin: () => undefined,
      end(_, outcome) {
        last = outcome
      },
    },
    onFault(error) {
      throw error
    },
  })
  return {
    node,
    world,
    step(entry) {
      last = []
      world.turnTo(entry)
      node.loop.enter(world.complete(entry.input))
      recorder.finish()
      return last
    },
  }
}

const snapshotOf = <T extends ProtocolTypes>(node: Node<T>): NodeSnapshot => ({
  state: node.state,
  connections: viewsOf(node),
  audit: node.audit(),
})

function differenceOf(
  position: number,
  entry: NodeEntry,
  outcome: readonly OutcomeLine[],
  readsLeft: number,
): Difference | undefined {
  const { input, monotonicMs } = entry
  const at = { position, monotonicMs, input: input.kind }
  const length = Math.max(entry.outcome.length, outcome.length)
  for (let line = 0; line < length; line++) {
    const [was, is] = [entry.outcome[line], outcome[line]]
    const expected = was && printLine(was)
    const got = is && printLine(is)
    if (expected !== got) return { ...at, line, expected, got }
  }
  if (readsLeft === 0) return undefined
  return { ...at, line: length, expected: 'store.read', got: undefined }
}

/** `missing`: what is not there any more behind the entries, in a sentence. */
export function replayNode<T extends ProtocolTypes>(
  entries: readonly NodeEntry[],
  options: ReplayOptions<T>,
  missing?: string,
): NodeReplay<T> {
  const forkAt = (position: number): Fork<T> => {
    const rerun = startRerun(options)
    for (const entry of entries.slice(0, position + 1)) rerun.step(entry)
    return forkOf(rerun, entries[position])
  }

  function* steps(): Generator<ReplayedStep<T>, void> {
    const { node, step, world } = startRerun(options)
    for (const [position, entry] of entries.entries()) {
      const outcome = step(entry)
      const difference = differenceOf(position, entry, outcome, world.readsLeft)
      yield {
        position,
        entry,
        outcome,
        difference,
        snapshot: () => snapshotOf(node),
        fork: () => forkAt(position),
      }
      if (difference !== undefined) return
    }
    // No difference: it would be of an entry, and there is none.
    if (missing === undefined) return
    throw new JournalError('damaged', `${missing}; up to there it is the same again`)
  }

  return {
    steps,
    run() {
      for (const { difference } of steps()) if (difference !== undefined) return difference
      return undefined
    },
  }
}
