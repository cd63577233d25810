/**
 * A node: the root's chart, running, and everything that hangs on it. What the chart says is carried
 * out here, after its transition; what comes from outside comes as inputs of the step loop.
 *
 * There is no promise here and no reach to the outside but the injected world.
 * @module
 */
import { createActor } from 'xstate'
import type { ConnectionWatcher } from '../actors/child.ts'
import type { ConnectionAbout, NodeTools } from '../actors/protocol.ts'
import type { ConnectionTools } from '../actors/connection-contract.ts'
import { createConnection } from '../actors/connection.ts'
import { createCreditPool } from '../actors/credit.ts'
import { startListener } from '../actors/listener.ts'
import type { Listener } from '../actors/listener.ts'
import { createPatientClock, stopClock } from '../actors/patient-clock.ts'
import { runEach, stopEach } from '../actors/run-each.ts'
import { createRouter } from '../actors/router.ts'
import { createTurns } from '../actors/turns.ts'
import { connectionMachine } from '../machines/connection.ts'
import { rootMachine } from '../machines/root.ts'
import type { NodeFault, RootEvent, RootSaid } from '../machines/root.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { fillSession } from '../machines/slot.ts'
import { createObservationPort } from '../world/observation.ts'
import type { Timed } from '../world/observation.ts'
import { createStepLoop } from '../world/step-loop.ts'
import type { CommandInput } from '../world/input.ts'
import { ADDRESSES_TABLE } from './address-book-contract.ts'
import { createApplicationDesk } from './application.ts'
import { createAudit } from './audit.ts'
import { BANS_READ_MAX, BANS_TABLE } from './bans.ts'
import { createChildren } from './children.ts'
import { createCommandEntry } from './command-entry.ts'
import { createCommandPerformer } from './command-performer.ts'
import type { Command } from './commands.ts'
import { activeEventOf, closedEventOf } from './connection-events.ts'
import { createConnections } from './connections.ts'
import { createDatagramTraffic } from './datagrams.ts'
import type { SupervisorEvent } from './events.ts'
import { createHandlers } from './handlers.ts'
import { createInside } from './inside.ts'
import { CORE_LIMITS } from './limits.ts'
import type { Node, NodeCharts, NodeOptions, NodeState } from './node-contract.ts'
import { nodeStateOf } from './node-states.ts'
import { observedWorld } from './observed-world.ts'
import { createPeering } from './peering.ts'
import { createStoreDesk } from './store-desk.ts'
import { createStoreWrites } from './store-writes.ts'
import { createTotals } from './totals.ts'

/** One connection holds at most an eighth of the node's credit: eight must be slow to stop all. */
const CREDIT_SHARE = 8

const CHARTS: NodeCharts = { connection: connectionMachine, root: rootMachine }

export function createNode<T extends ProtocolTypes>(options: NodeOptions<T>): Node<T> {
  const { name, protocol, limits, charts = CHARTS } = options
  const port = createObservationPort()
  const world = observedWorld(options.world, port)
  const loop = createStepLoop({
    clock: world.clock,
    port,
    onFault(error, input) {
      tell({ type: 'fault', where: input.kind, error })
    },
  })
  const random = world.random.fork(name)
  let state: NodeState = 'idle'
  let fault: Node<T>['fault']
  let listeners: Listener[] = []
  let killed: readonly string[] = []

  const totals = createTotals()

  const tell = (event: SupervisorEvent): void => {
    totals.note(event)
    if (port.wants.event) port.tell({ of: 'event', event })
    options.onHappening(event)
  }

  const timed = (what: Timed, ms: number): void => {
    if (port.wants.timing) port.tell({ of: 'timing', what, ms })
  }

  function reportThrow(type: string, error: unknown): void {
    tell({ type: 'handler.failed', message: type, why: 'threw' })
    tell({ type: 'fault', where: `subscriber of ${type}`, error })
  }

  // ---- what messages pass through --------------------------------------------------------------

  const router = createRouter<T>({
    own: (message, isSole) => protocol.own?.(message, isSole) ?? message,
    contentBytes: (message) => protocol.contentBytes?.(message) ?? protocol.estimateBytes(message),
    onThrow: reportThrow,
  })
  const turns = createTurns(loop, random.fork('turns'))
  const credit = createCreditPool({
    nodeBytesMax: limits.creditBytesMax,
    connectionShare: CREDIT_SHARE,
  })
  const handlers = createHandlers<T>({ loop, router, run: options.runHandler, tell })
  const writes = createStoreWrites({
    ...{ store: world.store, loop },
    onRefused(batch, storeFault) {
      tell({ type: 'store.failed', fault: storeFault, batch })
    },
  })
  const application = createApplicationDesk({
    loop,
    run: options.runHandler,
    creditOf: (connection) => connections.get(connection)?.crediting,
    onCallSettled(number, outcome) {
      options.onHappening({ type: 'call.settled', number, outcome })
    },
    onThrow: reportThrow,
    ...{ tell, timed },
  })

  // ---- who is there ------------------------------------------------------------------------------

  const describe = (connection: string, about: ConnectionAbout): void => {
    connections.get(connection)?.describe(about)
    const { pingMs } = about
    if (typeof pingMs === 'number') timed('ping', pingMs)
  }

  /** For the node part and, where there is one, the codec of datagrams: each has its own chance. */
  const toolsFor = (part: string): NodeTools<T> => ({
    crypto: world.crypto,
    random: random.fork(part),
    ...{ monotonicMs: () => loop.step.monotonicMs, wallMs: () => loop.step.wallMs },
    connections: () => connections.views(),
    tell(connection, news) {
      const to = connections.get(connection)
      to?.tell(news)
      return to !== undefined
    },
    close(connection, detail) {
      connections.get(connection)?.leave(detail)
    },
    describe,
    banned: (identity, claimedFrom) => peering.bannedMs(identity, claimedFrom),
    listening: () => listening(),
    mark: (key, marks) => peering.book?.mark(key, marks),
  })
  const nodePart = protocol.node(toolsFor('node-part'))

  const tools: ConnectionTools<T> = {
    protocol,
    chart: fillSession(charts.connection, protocol.session),
    nodePart,
    loop,
    port,
    streams: world.streams,
    jobs: world.jobs,
    crypto: world.crypto,
    random,
    router,
    turns,
    credit,
    limits,
    admit: (connection) => peering.admit(connection) ?? connections.resolveDuplicate(connection),
    onActive(connection) {
      connections.noteActive(connection)
      peering.onActive(connection)
      tell(activeEventOf(connection))
      for (const watcher of watchers) watcher.active?.(connection.view)
    },
    onRefused(connection, detail) {
      peering.onRefused(connection, detail)
    },
    onRoom(connection) {
      options.onHappening({ type: 'connection.room', connection: connection.name })
    },
    onClosed(connection) {
      connections.noteClosed(connection)
      totals.retire(connection.counters)
      const { view } = connection
      tell(closedEventOf(connection))
      if (view.readyMs !== undefined) for (const watcher of watchers) watcher.gone?.(view)
      peering.onClosed(connection)
      settleDrain()
    },
    onFault(connection, error) {
      tell({ type: 'fault', where: connection.name, error })
    },
  }
  const connections = createConnections<T>({
    node: name,
    tools,
    make: options.connection ?? createConnection,
    rememberedMax: limits.explanationsMax,
  })
  const peering = createPeering<T>({
    node: name,
    protocol,
    world,
    loop,
    random: random.fork('peering'),
    connections,
    bootstrap: options.bootstrap,
    nodePart,
    tell,
    write: writes.write,
  })
  const watchers = new Set<ConnectionWatcher<T>>()
  const children = createChildren<T>({
    specs: protocol.children ?? [],
    lender: {
      ...{ application, crypto: world.crypto, jobs: world.jobs, loop, router, tell, watchers },
      ...{ book: peering.book, store: world.store, writes, connections: connections.views },
      ...{ names: world.names, random: random.fork('children') },
      send: (connection, message) => connections.get(connection)?.send(message) ?? 'gone',
      sendDatagram: (to, message) => traffic?.send(to, message) ?? 'no-way',
      report(name, detail) {
        const connection = connections.get(name)
        if (connection !== undefined) peering.onRefused(connection, detail)
      },
      close(connection, detail) {
        connections.get(connection)?.leave(detail)
      },
      banned: (identity) => peering.bannedMs(identity),
      admits: (identity) => nodePart.admits?.(identity) ?? true,
      listening: () => listening(),
      ...{ dial: peering.dial, seek: peering.seek, wantedCount: peering.wantedCount },
      heard(name, address, seenMs) {
        const connection = connections.get(name)
        return connection !== undefined && peering.heard(connection, address, seenMs)
      },
      sample(name, max, percent) {
        const connection = connections.get(name)
        return connection === undefined ? [] : peering.sample(connection, max, percent)
      },
      isHeld: (name) => connections.get(name)?.isHeld() ?? false,
      isUnderWay: (name, sinceMs) => connections.get(name)?.isUnderWay(sinceMs) ?? false,
      isPaused: () => peering.isPaused,
      describe,
    },
    intensity: {
      count: CORE_LIMITS.childRestartsMax,
      withinMs: CORE_LIMITS.childRestartsWithinMs,
    },
    inletMessagesMax: limits.inletMessagesMax,
    own: (message) => protocol.own?.(message) ?? message,
    escalate(child) {
      fail('children-failing', `${child} failed more often than is borne`)
    },
  })

  const datagramCodec = protocol.datagrams?.(toolsFor('datagrams'))
  const traffic =
    datagramCodec === undefined || world.datagrams === undefined
      ? undefined
      : createDatagramTraffic<T>({
          protocol,
          codec: datagramCodec,
          datagrams: world.datagrams,
          loop,
          router,
          credit: credit.open(() => undefined),
          sockets: () =>
            listeners.flatMap(({ address, socket }) =>
              address === undefined || socket === undefined ? [] : [{ socket, address }],
            ),
          isBanned: peering.isBanned,
          isPaused: () => peering.isPaused,
          tell,
        })

  // ---- the root's chart --------------------------------------------------------------------------

  const clock = createPatientClock(loop, (ring) => {
    eventAtHand = 'after'
    ring()
    carryOut()
  })
  let said: RootSaid[] = []
  const actor = createActor(charts.root, {
    id: name,
    clock,
    input: { name, startMs: limits.startMs },
  })
  actor.on('*', (one) => {
    said.push(one)
  })
  let eventAtHand = 'start'
  actor.subscribe({
    next({ value }) {
      state = nodeStateOf(value)
      if (!port.wants.transition) return
      port.tell({ of: 'transition', name, chart: 'root', event: eventAtHand, state })
    },
    error(error) {
      onRootThrow(error)
      abandon()
    },
  })
  actor.start()

  function carryOut(): void {
    while (said.length > 0) {
      const now = said
      said = []
      for (const one of now) perform(one)
    }
  }

  function send(event: RootEvent): void {
    eventAtHand = event.type
    actor.send(event)
    carryOut()
  }

  function fail(why: NodeFault, message: string): void {
    if (fault !== undefined || state === 'stopped') return
    fault = { fault: why, message }
    send({ type: 'fail', fault: why, message })
  }

  const listening = () =>
    listeners.flatMap(({ address }) => (address === undefined ? [] : [address]))

  const listen = (): void => {
    let left = options.listen.length
    if (left === 0) send({ type: 'listening' })
    listeners = options.listen.map((address, index) =>
      startListener({
        listener: index + 1,
        address,
        loop,
        streams: world.streams,
        ...(traffic === undefined || world.datagrams === undefined
          ? {}
          : { datagrams: world.datagrams }),
        onListening() {
          left--
          if (left === 0) send({ type: 'listening' })
        },
        onFailed(why) {
          fail('listen-failed', `cannot listen on ${address.host}:${String(address.port)}: ${why}`)
        },
        onAccepted: peering.accept,
        onReceived(received) {
          traffic?.receive(received)
        },
        onOverloaded(why) {
          tell({ type: 'listener.overloaded', address, fault: why })
        },
      }),
    )
  }

  /** The one answer to `drain`: everybody is gone. */
  function settleDrain(): void {
    if (state === 'stopping' && connections.count === 0) send({ type: 'drained' })
  }

  const drain = (): void => {
    stopTaking()
    for (const connection of connections.all()) connection.leave('stopping')
    settleDrain()
  }

  const kill = (): void => {
    const left = connections.all()
    killed = left.map((connection) => connection.name)
    for (const connection of left) connection.drop('killed')
  }

  function onRootThrow(error: unknown): void {
    tell({ type: 'fault', where: 'root', error })
  }

  /** The root's own chart threw: it says nothing more, so that all it would have said is done here. */
  function abandon(): void {
    state = 'failed'
    fault ??= { fault: 'root-fault', message: 'a chart of the node itself threw' }
    runEach([stopTaking, storeDesk.close, release], onRootThrow)
  }

  /** A deadline of the chart's own: nobody told the chart, it told itself. */
  const faultOfChart = (): Node<T>['fault'] => {
    const { fault: why, message } = actor.getSnapshot().context
    return why === undefined ? undefined : { fault: why, message }
  }

  const stopTaking = (): void => {
    stopEach([...listeners.splice(0), peering, children], onRootThrow)
  }

  const release = (): void => {
    for (const connection of connections.all()) connection.drop('killed')
    const waits = { stop: () => stopClock(clock) }
    stopEach([handlers, application, writes, router, waits, world.jobs, loop], onRootThrow)
    fault ??= faultOfChart()
    if (fault !== undefined) tell({ type: 'node.failed', ...fault })
    tell({ type: 'node.stopped', killed })
  }

  const run = (): void => {
    try {
      peering.start(
        world.store.range(BANS_TABLE, { limit: BANS_READ_MAX }),
        world.store.range(ADDRESSES_TABLE, { limit: CORE_LIMITS.addressesMax }),
      )
      children.start()
      tell({ type: 'node.started', listening: listening() })
    } catch (error) {
      onRootThrow(error)
      fail('root-fault', 'what a running node needs did not start')
    }
  }

  const perform = (one: RootSaid): void => {
    switch (one.type) {
      case 'openStore':
        storeDesk.open()
        return
      case 'listen':
        listen()
        return
      case 'run':
        run()
        return
      case 'drain':
        drain()
        return
      case 'kill':
        kill()
        return
      case 'closeStore':
        storeDesk.close()
        return
      case 'release':
        release()
        return
    }
  }

  // ---- inputs ------------------------------------------------------------------------------------

  const storeDesk = createStoreDesk({
    store: world.store,
    writes,
    enter: loop.enter,
    send,
    fail,
    tell,
  })

  const performCommand = createCommandPerformer<T>({
    ...{ application, children, connections, handlers, loop, nodePart, peering },
    ...{ protocol, router, send },
    isOver: () => state === 'stopped' || state === 'failed',
    ...{ onHandlerGone: options.onHandlerGone, onHappening: options.onHappening },
    onWaitOver: options.onWaitOver,
  })

  loop.onCommand = (input: CommandInput) => {
    // The commands of this layer are this union; nothing else enters one.
    performCommand(input.command as Command)
  }
  loop.onStore = storeDesk.onStore
  world.clock.start(loop.enter)
  world.streams.start(loop.enter)
  world.datagrams?.start(loop.enter)
  world.names.start(loop.enter)
  world.jobs.start(loop.enter)

  const audit = createAudit<T>({
    ...{ application, children, connections, credit, handlers, loop },
    ...{ nodePart, peering, port, router, world, writes },
  })

  return {
    enter: createCommandEntry(loop),
    get state() {
      return state
    },
    get fault() {
      return fault
    },
    loop,
    port,
    router,
    application,
    actor,
    get listening() {
      return listening()
    },
    reportThrow,
    find: connections.find,
    connections: connections.all,
    explain: connections.explain,
    takesInstructions: nodePart.instruct !== undefined,
    coversDial: peering.coversDial,
    hasRoomFor: peering.hasRoomFor,
    get isPaused() {
      return peering.isPaused
    },
    inside: createInside({ children, connections, peering }),
    ...{ bans: peering.bans, hasRoomForBan: peering.hasRoomForBan, peers: peering.peers, tell },
    get datagrams() {
      return traffic?.counters
    },
    audit,
    counts: () => ({
      ...{ node: name, network: protocol.name },
      ...totals.read(connections.all(), traffic?.counters),
    }),
  }
}
