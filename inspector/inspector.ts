/**
 * The inspector of one node, in one line of its application: `await startInspector({ supervisor,
 * protocol })` serves a page on loopback and says where. Nothing is watched before it, nothing after
 * `close`; what looks costs the node at most a hundredth of its time, and the time line another one.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import { createActions } from './actions.ts'
import type { ActedOn } from './actions.ts'
import type { Describe } from './connection-rows.ts'
import { watchLoopDelay } from './loop-delay.ts'
import { nodeCharts } from './node-charts.ts'
import { createNodeSource, platformClock } from './node-source.ts'
import type { LookedAt } from './node-source.ts'
import { startInspectorServer } from './server.ts'
import type { InspectorServer, InspectorServerOptions } from './server.ts'
import { attachStately } from './stately.ts'
import { recordedFlight } from './sent-flight.ts'
import { createTimeTravel } from './time-travel.ts'
import type { TimeTravelOptions } from './time-travel.ts'

export interface InspectorOptions<T extends ProtocolTypes> extends Pick<
  InspectorServerOptions,
  'limits' | 'onFault' | 'origins' | 'pageFolder' | 'port' | 'recordDir'
> {
  readonly supervisor: ActedOn<T> & LookedAt<T> & Pick<Supervisor<T>, 'explain' | 'flightRecording'>
  readonly protocol: Pick<Protocol<T>, 'addresses' | 'deadlines' | 'identity' | 'name' | 'session'>
  /** What the network says of a connection, for columns of the table. Left out: nothing. */
  readonly describe?: Describe
  /** Whether a page may disconnect, ban, pause and restart. Default: it may not. */
  readonly actions?: boolean
  /** How recordings are read. Left out: as usual. */
  readonly timeTravel?: Pick<TimeTravelOptions, 'answerMs' | 'heapMibMax' | 'idleMs' | 'program'>
  /** The node's clock, where it is not the platform's. */
  readonly clock?: { monotonicMs(): number; wallMs(): number }
}

/** @throws {Error} the port is taken; the node goes on without a page */
export async function startInspector<T extends ProtocolTypes>(
  options: InspectorOptions<T>,
): Promise<InspectorServer> {
  const { actions = false, limits, onFault, origins, pageFolder, port, protocol } = options
  const { clock = platformClock, describe, recordDir, supervisor } = options
  const loopDelay = watchLoopDelay()
  const pid = process.pid
  const source = createNodeSource({
    ...{ supervisor, protocol, clock, describe, pid },
    loopDelay: loopDelay.read,
  })
  const charts = nodeCharts(protocol)
  const timeTravel = createTimeTravel({
    ...options.timeTravel,
    recordDir,
    flight: (node, connection) =>
      node === supervisor.actor.id ? recordedFlight(supervisor, connection, clock) : undefined,
    session: (network) => (network === protocol.name ? protocol.session : undefined),
  })
  const stop = (): void => {
    source.stop()
    loopDelay.stop()
  }
  try {
    const server = await startInspectorServer({
      ...{ source, recordDir },
      routes: {
        chart(node, name) {
          const chart = node === supervisor.actor.id ? charts(name) : undefined
          return chart === undefined ? undefined : { chart }
        },
        act: actions ? createActions(supervisor) : undefined,
        journal: timeTravel.ask,
      },
      stately: (send, room) => attachStately({ supervisor, protocol, room, send }),
      ...(limits === undefined ? {} : { limits }),
      ...(onFault === undefined ? {} : { onFault }),
      ...(origins === undefined ? {} : { origins }),
      ...(pageFolder === undefined ? {} : { pageFolder }),
      ...(port === undefined ? {} : { port }),
    })
    return {
      ...server,
      async close() {
        stop()
        await Promise.all([timeTravel.close(), server.close()])
      },
    }
  } catch (error) {
    stop()
    throw error
  }
}
