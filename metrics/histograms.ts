/**
 * How long things take: handshakes, pings, and the application's answers to a sub-protocol. Each is
 * observed when it happens, which is not with every message.
 * @module
 */
import { Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { SupervisorEvent } from '../index.ts'
import type { Observation } from '../world/observation.ts'
import { DIRECTIONS } from './families.ts'
import type { Metered } from './subject.ts'

/** Seconds. From a fast local link to the longest wait that a network here has. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const MS_PER_SECOND = 1_000

export interface Histograms {
  /** Returns how to stop it. */
  watch(node: Metered, onFault: (error: unknown) => void): () => void
}

export function createHistograms(registry: Registry): Histograms {
  const make = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Histogram<Label | 'node'> =>
    new Histogram({
      name: `peerloom_${name}_seconds`,
      help,
      labelNames: ['node', ...labelNames],
      buckets: BUCKETS,
      registers: [registry],
    })
  const handshake = make('handshake', 'From dial or accept until a connection was active.', [
    'direction',
  ])
  const timed = {
    ping: make('ping', 'From a ping to its answer.', []),
    validate: make('validation', 'How long the application took to validate a publication.', []),
    answer: make('answer', 'How long the application took to answer a request.', []),
  }

  return {
    watch({ actor, port }, onFault) {
      const node = actor.id
      // There from the start: a rate of what appears later misses its first ones.
      for (const direction of Object.values(DIRECTIONS)) handshake.zero({ node, direction })
      for (const histogram of Object.values(timed)) histogram.zero({ node })

      const onEvent = (event: SupervisorEvent): void => {
        if (event.type !== 'connection.active') return
        const direction = DIRECTIONS[event.role]
        handshake.observe({ node, direction }, event.handshakeMs / MS_PER_SECOND)
      }
      const watcher = (observation: Observation): void => {
        // What the port tells of events are the supervisor's, and one that a throwing subscriber leaves.
        if (observation.of === 'event') onEvent(observation.event as SupervisorEvent)
        else if (observation.of === 'timing') {
          timed[observation.what].observe({ node }, observation.ms / MS_PER_SECOND)
        }
      }
      return port.watch(watcher, { kinds: ['event', 'timing'], onFault })
    },
  }
}
