/**
 * What is alive in a node, counted: what a leak shows in.
 * @module
 */
import type { CreditPool } from '../actors/credit.ts'
import type { NodePart } from '../actors/protocol.ts'
import type { Router } from '../actors/router.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { World } from '../world/world.ts'
import type { ApplicationDesk } from './application.ts'
import type { Children } from './children.ts'
import type { Connections } from './connections.ts'
import type { Handlers } from './handlers.ts'
import type { Audit } from './node-contract.ts'
import type { Peering } from './peering-contract.ts'
import type { StoreWrites } from './store-writes.ts'

export interface AuditOptions<T extends ProtocolTypes> {
  readonly application: ApplicationDesk
  readonly children: Children<T>
  readonly connections: Connections<T>
  readonly credit: CreditPool
  readonly handlers: Handlers
  readonly loop: StepLoop
  readonly nodePart: NodePart<T>
  readonly peering: Peering<T>
  readonly port: ObservationPort
  readonly router: Router<T>
  readonly world: World
  readonly writes: StoreWrites
}

export const createAudit =
  <T extends ProtocolTypes>(options: AuditOptions<T>): (() => Audit) =>
  () => {
    const { application, children, connections, credit, handlers, loop, nodePart } = options
    const { peering, port, router, world, writes } = options
    const held = world.streams.held()
    const counts = loop.counts()
    const routes = router.counts()
    const services = application.counts()
    return {
      // Those that the transport let go of are in our table until they are forgotten.
      streams: Math.max(held.streams, counts.streams),
      listeners: held.listeners,
      datagramSockets: world.datagrams?.held().sockets ?? 0,
      timers: counts.timers,
      questions: counts.questions,
      connections: connections.count,
      ...peering.held(),
      // A connection is two charts; the root is one.
      actors: connections.count * 2 + children.count + 1,
      subscribers: routes.subscribers,
      handlers: routes.handlers,
      handled: handlers.pending + services.asked,
      feeds: routes.feeds,
      topics: services.topics,
      namedHandlers: services.named,
      calls: services.calls,
      writes: writes.waiting,
      creditBytes: credit.usedBytes,
      watchers: port.watcherCount,
      remembered: {
        explanations: connections.remembered,
        ...peering.counts(),
        ...nodePart.counts?.(),
      },
    }
  }
