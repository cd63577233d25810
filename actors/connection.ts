/**
 * One connection, put together: its charts, its wire, what comes in and what goes out.
 *
 * Whatever throws ends this connection and nothing else, and every path leads to `release`, the one
 * place that gives things back.
 * @module
 */
import { lengthOf } from '../codec/bytes.ts'
import type { Outgoing, Wire } from '../codec/wire.ts'
import { WireError } from '../codec/wire-error.ts'
import type { ConnectionSaid, Ending } from '../machines/connection.ts'
import { ruleOf } from '../machines/reasons.ts'
import type { CloseDetail } from '../machines/reasons.ts'
import type { ProtocolTypes, SessionSaid } from '../machines/session.ts'
import type { StreamInput } from '../world/streams.ts'
import { createAsker } from './asking.ts'
import { createCharts } from './charts.ts'
import type { PeerReference } from './child.ts'
import type { Connection, ConnectionEnding } from './connection-contract.ts'
import type { ConnectionOptions, ConnectionTools, HistoryEntry } from './connection-contract.ts'
import { createView } from './connection-view.ts'
import { createCounters } from './counters.ts'
import { clearLanes } from './lanes.ts'
import { createPatientClock, holdClock, runningWaits, stopClock } from './patient-clock.ts'
import { runEach } from './run-each.ts'
import { watchProgress } from './progress-watch.ts'
import type { Farewell, PlainValue } from './protocol.ts'
import { createReceiving } from './receiving.ts'
import { createSending } from './sending.ts'

/** As its node knows it, with what changes: for the connection alone to change. */
interface LiveConnection<T extends ProtocolTypes> extends Connection<T> {
  peer: PeerReference
  claim: string | undefined
  ending: ConnectionEnding<T> | undefined
}

export function createConnection<T extends ProtocolTypes>(
  tools: ConnectionTools<T>,
  options: ConnectionOptions<T>,
): Connection<T> {
  type Message = T['message']
  type Detail = CloseDetail<T['detail']>
  const { protocol, loop, port, streams, router, turns, limits } = tools
  const { name, role, stream } = options
  const { deadlines } = protocol
  const random = tools.random.fork(name)
  const secrets = new Map<string, T['keys']>()
  const counters = createCounters()
  const history: HistoryEntry[] = []
  const startedMs = loop.step.monotonicMs
  const about: Record<string, PlainValue> = {}
  const view = createView<T>(options, startedMs, about)
  let waitMs: number | undefined
  let wire: Wire<Message, T['keys'], T['facts'], T['detail']> | undefined
  let farewell: Farewell<Message> | undefined
  let released = false

  /** Runs what an input or a timer brought; nothing that it throws passes. */
  const within = (run: () => void): void => {
    if (released) return
    try {
      run()
      holdOrRelease()
    } catch (error) {
      fault('adapter-fault', error)
    }
  }

  const fault = (detail: Detail, error: unknown): void => {
    tools.onFault(connection, error)
    connection.drop(detail)
  }

  const clock = createPatientClock(loop, (ring) => {
    within(() => {
      charts.ring(ring)
      read()
    })
  })

  /** Time stands still for the charts while it is us who do not read. */
  const holdOrRelease = (): void => {
    if (!released) holdClock(clock, connection.isHeld())
  }

  const charts = createCharts<T>({
    chart: tools.chart,
    clock,
    input: {
      name,
      role,
      target: options.target,
      dial: options.dial,
      slot: options.slot,
      startedMs,
      connectMs: deadlines.connectMs,
      establishMs: deadlines.establish.ms,
      establishDetail: deadlines.establish.detail,
      flushMs: deadlines.flushMs,
    },
    performChart: (said) => {
      performChart(said)
    },
    performSession: (said) => {
      performSession(said)
    },
    onState(chart, event, state) {
      if (history.length >= limits.historyMax) history.shift()
      history.push({ atMs: loop.step.monotonicMs, chart, event, state })
      if (port.wants.transition) port.tell({ of: 'transition', name, chart, event, state })
    },
    onSessionError(error) {
      tools.onFault(connection, error)
    },
    onChartError(error) {
      tools.onFault(connection, error)
      end('chart-fault')
      release()
    },
  })

  // ---- what comes in -------------------------------------------------------------------------

  const credit = tools.credit.open(() => {
    if (!released) turns.wantsToRead(reader)
  })

  const reader = {
    readShare(): boolean {
      let isMore = false
      within(() => {
        isMore = receiving.readShare()
      })
      return isMore && !released
    },
    flush(): void {
      within(() => {
        if (!receiving.isStopped()) outbox.flush()
      })
    },
  }

  const read = (): void => {
    if (!released && receiving.readShare()) turns.wantsToRead(reader)
  }

  const onStream = (input: StreamInput): void => {
    switch (input.kind) {
      case 'stream.opened':
        charts.sendChart({ type: 'opened', nowMs: loop.step.monotonicMs })
        // A wire may know at once what it speaks.
        read()
        return
      case 'stream.bytes':
        receiving.push(input.bytes)
        read()
        return
      case 'stream.sent':
        outbox.sent(input.sentBytes)
        return
      case 'stream.ended':
        receiving.end()
        read()
        return
      case 'stream.failed':
        connection.drop(`transport-${input.fault}`)
        return
    }
  }

  // ---- what goes out -------------------------------------------------------------------------

  const write = (messages: readonly Outgoing<Message>[]): boolean => {
    try {
      wire?.write(messages)
      return true
    } catch (error) {
      // Before the connection ends, and its account with it.
      counters.unsentMessages += messages.length
      // The wire declares what it throws: its own details.
      if (error instanceof WireError) connection.leave(error.detail as Detail)
      else fault('wire-fault', error)
      return false
    }
  }

  const sending = createSending<T>({
    name,
    stream,
    streams,
    loop,
    port,
    protocol,
    counters,
    limits,
    phase: () => view.phase,
    encode: write,
    leave(detail) {
      connection.leave(detail)
    },
    onUnblocked() {
      turns.wantsToRead(reader)
    },
    askForFlush() {
      turns.wantsToFlush(reader)
    },
    onRoom(lane) {
      tools.onRoom(connection, lane)
    },
    onAllSent() {
      if (receiving.isStopped()) charts.sendChart({ type: 'flushed' })
      else if (view.phase !== 'active') turns.wantsToRead(reader)
    },
    onStuck() {
      within(() => {
        connection.drop('drain-deadline')
      })
    },
  })
  const { outbox } = sending

  const asker = createAsker<T>({
    loop,
    jobs: tools.jobs,
    nodePart: tools.nodePart,
    about: () => ({ connection: view, secrets, random }),
    within(run) {
      within(() => {
        run()
        read()
      })
    },
    onFailed() {
      connection.drop('job-fault')
    },
  })

  const receiving = createReceiving<T>({
    asker,
    charts,
    counters,
    credit,
    limits,
    loop,
    name,
    port,
    protocol,
    router,
    stream,
    streams,
    turns,
    phase: () => view.phase,
    peer: () => connection.peer,
    isReadWhileClosing: (type) => farewell?.reads.includes(type) === true,
    isBlocked: () => sending.isOverBudget() || (view.phase !== 'active' && outbox.isFull()),
    onFacts(found) {
      view.facts = found
    },
    onRefused(detail) {
      tools.onRefused(connection, detail)
    },
    leave(detail) {
      connection.leave(detail)
    },
    onWireFault(error) {
      fault('wire-fault', error)
    },
  })

  // ---- what the session says -----------------------------------------------------------------

  const onReady = (found: T['facts'], proven: string | undefined): void => {
    if (view.phase !== 'handshaking') return
    view.facts = found
    view.identity = proven
    view.readyMs = loop.step.monotonicMs
    connection.peer = { ...connection.peer, identity: proven }
    const refusal = tools.admit(connection)
    if (refusal !== undefined) connection.leave(refusal)
    else charts.sendChart({ type: 'ready' })
  }

  const performSession = (said: SessionSaid<T>): void => {
    switch (said.type) {
      case 'write':
        sending.forSession(said.messages)
        return
      case 'secure': {
        const keys = secrets.get(said.slot)
        if (keys === undefined) throw new Error(`no secret in the slot ${said.slot}`)
        // What was queued before belongs before the new keys.
        if (view.phase === 'active') outbox.flushAll()
        wire?.secure(keys)
        return
      }
      case 'claim':
        connection.claim = said.identity
        return
      case 'ready':
        onReady(said.facts, said.identity)
        return
      case 'handOn':
        // It was counted when it arrived. Whoever was refused as it became ready reaches nobody.
        if (view.phase === 'active') {
          router.route({ peer: connection.peer, message: said.message }, credit, true)
        }
        return
      case 'ask':
        asker.ask(said.question, (answer) => {
          charts.postSession({ type: 'answer', id: said.id, answer })
        })
        return
      case 'end':
        waitMs = said.waitMs
        // While we wait for the answer to our farewell, the session's end is that answer.
        if (view.phase === 'closing') charts.sendChart({ type: 'answered' })
        else connection.leave(said.detail)
        return
    }
  }

  // ---- what the connection's chart says ------------------------------------------------------

  const begin = (): void => {
    view.phase = 'handshaking'
    const made = protocol.wire({
      role,
      target: options.target,
      dial: options.dial,
      random: random.fork('wire'),
      crypto: tools.crypto,
      out(bytes) {
        counters.sentBytes += lengthOf(bytes)
        outbox.sink(bytes)
      },
    })
    wire = made
    receiving.begin(made)
    try {
      made.start()
    } catch (error) {
      fault('wire-fault', error)
      return
    }
    streams.resume(stream)
    charts.postSession({ type: 'opened' })
  }

  const sayFarewell = (): void => {
    // A deadline of the chart itself: the chart knows why.
    if (connection.ending === undefined) {
      const detail = charts.chartEnding().detail as Detail
      farewell =
        view.phase === 'closed' ? undefined : protocol.farewell?.(detail, view.phase, view.facts)
      end(detail)
    }
    const wasActive = view.phase === 'active'
    const { ending } = connection
    const isOrderly = ending?.reason === 'asked' || ending?.reason === 'shutdown'
    if (wasActive && isOrderly) outbox.flushAll()
    else counters.unsentMessages += clearLanes(outbox.lanes)
    view.phase = 'closing'
    if (ending !== undefined) charts.postSession({ type: 'leave', detail: ending.detail })
    if (farewell !== undefined && !receiving.hasEnded()) {
      sending.tellWritten(farewell.messages)
      if (write(farewell.messages)) counters.sentMessages += farewell.messages.length
    }
  }

  const performChart = (said: ConnectionSaid): void => {
    switch (said.type) {
      case 'begin':
        begin()
        return
      case 'activate':
        view.phase = 'active'
        watchProgress({
          clock,
          loop,
          progressMs: deadlines.progress.ms,
          isActive: () => view.phase === 'active',
          lastBytesMs: receiving.lastBytesMs,
          onSilent() {
            connection.leave(deadlines.progress.detail)
          },
        })
        tools.nodePart.ready?.(view)
        tools.onActive(connection)
        return
      case 'farewell':
        sayFarewell()
        return
      case 'shut':
        receiving.stop()
        streams.resume(stream)
        streams.end(stream)
        if (outbox.unsentBytes() === 0) charts.sendChart({ type: 'flushed' })
        else streams.report(stream)
        return
      case 'release':
        release()
        return
    }
  }

  // ---- the end -------------------------------------------------------------------------------

  const end = (detail: Detail): Ending => {
    const { reason } = ruleOf(protocol.details, detail)
    const { phase } = view
    if (connection.ending === undefined && phase !== 'closed') {
      const sessionState = charts.sessionState()
      const atMs = loop.step.monotonicMs
      connection.ending = { reason, detail, phase, atMs, sessionState, waitMs }
    }
    return { reason, detail }
  }

  /** Every step is taken, whatever another one throws. */
  const release = (): void => {
    if (released) return
    released = true
    if (connection.ending === undefined) end(charts.chartEnding().detail as Detail)
    view.phase = 'closed'
    const steps = [
      () => {
        streams.destroy(stream)
      },
      () => loop.streams.delete(stream),
      () => stopClock(clock),
      () => {
        turns.leave(reader)
      },
      asker.stop,
      receiving.stop,
      () => {
        counters.unsentMessages += outbox.stop()
      },
      credit.close,
      () => {
        secrets.clear()
      },
      charts.stop,
      () => wire?.wipe(),
      () => tools.nodePart.closed?.(view),
      () => {
        tools.onClosed(connection)
      },
    ]
    runEach(steps, (error) => {
      tools.onFault(connection, error)
    })
  }

  const connection: LiveConnection<T> = {
    name,
    view,
    counters,
    actor: charts.actor,
    history,
    dial: options.dial,
    traffic: () => wire?.traffic?.(),
    describe(given) {
      Object.assign(about, given)
    },
    peer: {
      connection: name,
      identity: undefined,
      address: protocol.addresses.print(
        options.target ?? protocol.addresses.fromSocket(options.remote),
      ),
    },
    claim: undefined,
    ending: undefined,
    crediting: credit,
    ...{ lastMessageMs: receiving.lastMessageMs, lastBytesMs: receiving.lastBytesMs },
    waits: (nowMs) => runningWaits(clock, nowMs),
    unsentBytes: outbox.unsentBytes,
    laneBytes: outbox.laneBytes,
    // An end waits for no handler and no job.
    isHeld: () => view.phase !== 'closing' && (credit.isExhausted() || asker.pending() > 0),
    isUnderWay: (sinceMs) => outbox.unsentBytes() > 0 || receiving.isUnderWay(sinceMs),
    resolved(host) {
      view.remote = { ...view.remote, host }
    },
    start() {
      loop.streams.set(stream, (input) => {
        within(() => {
          onStream(input)
        })
      })
      within(charts.start)
    },
    tell(news) {
      within(() => {
        charts.postSession({ type: 'node', news })
        read()
      })
    },
    reserve: sending.reserve,
    queueReserved: sending.queueReserved,
    giveUpReserved: sending.giveUpReserved,
    hasRoom: () => !outbox.isWaitedFor(),
    send: sending.send,
    leave(detail) {
      within(() => {
        const { facts, phase } = view
        if (connection.ending !== undefined || phase === 'closed') return
        farewell = phase === 'connecting' ? undefined : protocol.farewell?.(detail, phase, facts)
        const given = end(detail)
        const answerMs = receiving.hasEnded() ? 0 : (farewell?.answerMs ?? 0)
        charts.sendChart({ type: 'leave', ending: given, answerMs })
      })
    },
    drop(detail) {
      if (released) return
      const given = end(detail)
      try {
        charts.sendChart({ type: 'drop', ending: given })
      } catch (error) {
        tools.onFault(connection, error)
      }
      release()
    },
  }
  return connection
}
