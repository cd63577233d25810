/**
 * A run that leaves its recording: the node has lived up to a step as it was recorded, and from there
 * on gets what a test gives it. Time goes on only as it is told; nothing that the node sends arrives
 * anywhere.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { Input } from '../world/input.ts'
import type { StreamId } from '../world/streams.ts'
import type { NodeEntry, OutcomeLine } from './node-entries.ts'
import type { Rerun } from './node-replay.ts'
import { viewsOf } from './node-views.ts'
import type { ConnectionSnapshot } from './node-views.ts'

/** Turn ends, alarms and jobs that follow each other without anything from outside. */
const OWN_INPUTS_MAX = 100_000

export interface Fork<T extends ProtocolTypes> {
  readonly monotonicMs: number
  /** One input, now. What follows from it by itself (jobs, the turn's end) enters behind it. */
  enter(input: Input): readonly OutcomeLine[]
  /** Bytes on a stream, as numbered in the recording's entries. */
  receive(stream: StreamId, bytes: Uint8Array): readonly OutcomeLine[]
  /** Time goes on; each alarm rings at its time. @throws {RangeError} time does not go back */
  advance(ms: number): readonly OutcomeLine[]
  connections(): readonly ConnectionSnapshot[]
  readonly node: Rerun<T>['node']
}

export function forkOf<T extends ProtocolTypes>(
  { node, step, world }: Rerun<T>,
  last: Pick<NodeEntry, 'monotonicMs' | 'wallMs'> | undefined,
): Fork<T> {
  let { monotonicMs, wallMs } = last ?? { monotonicMs: 0, wallMs: 0 }

  const enterAlone = (input: Input): readonly OutcomeLine[] =>
    step({ monotonicMs, wallMs, input, reads: [], outcome: [] })

  const settle = (): readonly OutcomeLine[] => {
    const lines: OutcomeLine[] = []
    for (let count = 0; count < OWN_INPUTS_MAX; count++) {
      const [request] = world.jobsOut()
      if (request !== undefined) {
        lines.push(...enterAlone({ kind: 'job.done', request, result: undefined }))
      } else if (world.takeTurnEnd()) lines.push(...enterAlone({ kind: 'clock.turn-ended' }))
      else return lines
    }
    throw new Error('the node asks itself for the next input for ever')
  }

  const enter = (input: Input): readonly OutcomeLine[] => [...enterAlone(input), ...settle()]

  return {
    get monotonicMs() {
      return monotonicMs
    },
    enter,
    receive: (stream, bytes) => enter({ kind: 'stream.bytes', stream, bytes: bytes.slice() }),
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`time does not go on by ${ms} ms`)
      const untilMs = monotonicMs + ms
      const wallAheadMs = wallMs - monotonicMs
      const lines = [...settle()]
      const goTo = (timeMs: number): void => {
        monotonicMs = Math.max(monotonicMs, timeMs)
        wallMs = Math.floor(monotonicMs + wallAheadMs)
      }
      for (let count = 0; count < OWN_INPUTS_MAX; count++) {
        const { alarmMs } = world
        if (alarmMs === undefined || alarmMs > untilMs) {
          goTo(untilMs)
          return lines
        }
        goTo(alarmMs)
        lines.push(...enter({ kind: 'clock.alarm' }))
      }
      throw new Error('the alarms of the node have no end')
    },
    connections: () => viewsOf(node),
    node,
  }
}
