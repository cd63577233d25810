/**
 * What comes in on one connection: its pull, where each message goes, and how the far side's end is
 * told. Its owner says whether it may be read.
 * @module
 */
import type { EndOfStream, Wire } from '../codec/wire.ts'
import type { CloseDetail, Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { StreamId, Streams } from '../world/streams.ts'
import type { Asker } from './asking.ts'
import type { Charts } from './charts.ts'
import type { PeerReference } from './child.ts'
import { countDrop } from './counters.ts'
import type { Counters } from './counters.ts'
import type { CreditAccount } from './credit.ts'
import type { Protocol } from './protocol.ts'
import type { RouteOutcome, Router } from './router.ts'
import type { Turns } from './turns.ts'
import { createPull, pushBytes, readShare, resumeJob } from './pull.ts'
import type { Pull, PullLimits } from './pull.ts'

type WireOf<T extends ProtocolTypes> = Wire<T['message'], T['keys'], T['facts'], T['detail']>

const END_DETAILS = {
  clean: 'ended',
  'mid-frame': 'left-mid-frame',
  truncated: 'left-truncated',
} as const satisfies Record<EndOfStream, string>

export interface ReceivingOptions<T extends ProtocolTypes> {
  readonly name: string
  readonly stream: StreamId
  readonly protocol: Protocol<T>
  readonly streams: Pick<Streams, 'pause' | 'resume'>
  readonly loop: StepLoop
  readonly port: ObservationPort
  readonly router: Router<T>
  readonly turns: Pick<Turns, 'number'>
  readonly limits: PullLimits
  readonly counters: Counters
  readonly credit: CreditAccount
  readonly charts: Charts<T>
  readonly asker: Asker<T>
  phase(): Phase | 'closed'
  peer(): PeerReference
  /** Whether the session still gets a type while the connection is closing. */
  isReadWhileClosing(type: string): boolean
  /** What is sent holds up what is read. */
  isBlocked(): boolean
  onFacts(facts: T['facts']): void
  onRefused(detail: T['detail']): void
  leave(detail: CloseDetail<T['detail']>): void
  onWireFault(error: unknown): void
}

export interface Receiving<T extends ProtocolTypes> {
  /** From now on bytes are decoded. */
  begin(wire: WireOf<T>): void
  push(bytes: Uint8Array): void
  /** True: the share of this turn is used up and there is more. */
  readShare(): boolean
  /** The far side will send nothing more; it is told once all that came was read. */
  end(): void
  /** Nothing is decoded any more: what still comes is only let drain. */
  stop(): void
  isStopped(): boolean
  hasEnded(): boolean
  lastBytesMs(): number
  lastMessageMs(): number | undefined
  /** Whether more has come since then, and not all of it was read. */
  isUnderWay(sinceMs: number): boolean
}

export function createReceiving<T extends ProtocolTypes>(
  options: ReceivingOptions<T>,
): Receiving<T> {
  type Message = T['message']
  const { charts, counters, credit, loop, name, port, protocol, router, stream, streams } = options
  const { control } = protocol
  let wire: WireOf<T> | undefined
  let pull: Pull<Message, T['keys'], T['facts'], T['detail']> | undefined
  let lastBytesMs = loop.step.monotonicMs
  let lastMessageMs: number | undefined
  let hasEnded = false
  let isReading = false
  let stopped = false

  const deliver = (message: Message, raw: Uint8Array | undefined, bytesOnWire: number): void => {
    counters.receivedMessages++
    lastMessageMs = loop.step.monotonicMs
    if (port.wants.message) {
      const { type } = message
      port.tell({
        of: 'message',
        connection: name,
        direction: 'received',
        type,
        bytesOnWire,
        message,
      })
    }
    const phase = options.phase()
    const toRouter = phase === 'active'
    if (toRouter && !control.includes(message.type)) {
      // What it stays where the router throws.
      let outcome: RouteOutcome | 'our-fault' = 'our-fault'
      try {
        outcome = router.route({ peer: options.peer(), message }, credit)
      } finally {
        if (outcome === 'handled') counters.handledMessages++
        else countDrop(counters, outcome)
      }
      return
    }
    if (phase === 'closing' && !options.isReadWhileClosing(message.type)) {
      countDrop(counters, 'closing')
      return
    }
    counters.handledMessages++
    const bufferedBytes = wire?.bufferedBytes ?? 0
    charts.postSession({ type: 'unit', message, raw, bytesOnWire, bufferedBytes })
    // It counted once, for the session; whoever subscribed sees it as well.
    if (toRouter) router.route({ peer: options.peer(), message }, credit, true)
  }

  const tellEnd = (): void => {
    const how = wire?.end() ?? 'clean'
    if (options.phase() !== 'closing') charts.postSession({ type: 'ended', how })
    charts.sendChart({ type: 'peer.ended' })
    options.leave(END_DETAILS[how])
  }

  /** What follows from a unit comes before the next one is read: who asks meanwhile is told to ask again. */
  const readOwnShare = (): boolean => {
    if (isReading || pull === undefined) return isReading
    isReading = true
    try {
      const isMore = readShare(pull)
      if (hasEnded && !stopped && pull.isDry) tellEnd()
      return isMore
    } finally {
      isReading = false
    }
  }

  return {
    begin(made) {
      wire = made
      pull = createPull<Message, T['keys'], T['facts'], T['detail']>({
        wire: made,
        turns: options.turns,
        limits: options.limits,
        unitsPerTurn: protocol.unitsPerTurn ?? Number.MAX_SAFE_INTEGER,
        isBlocked: () => charts.isHolding() || credit.isExhausted() || options.isBlocked(),
        onMessage(unit) {
          deliver(unit.message, unit.raw, unit.bytesOnWire)
        },
        onRefused(error, bytesOnWire) {
          counters.receivedMessages++
          countDrop(counters, 'refused')
          const { detail } = error
          if (port.wants.refused)
            port.tell({ of: 'refused', connection: name, detail, bytesOnWire })
          options.onRefused(detail)
        },
        onSecured(facts) {
          options.onFacts(facts)
          charts.postSession({ type: 'secured', facts })
        },
        onJob(job) {
          options.asker.run(job, (result) => {
            if (pull !== undefined) resumeJob(pull, result)
          })
        },
        onWireError: options.leave,
        onFault: options.onWireFault,
        pause() {
          streams.pause(stream)
        },
        unpause() {
          streams.resume(stream)
        },
      })
    },
    push(bytes) {
      counters.receivedBytes += bytes.length
      lastBytesMs = loop.step.monotonicMs
      if (pull !== undefined && !stopped) pushBytes(pull, bytes)
    },
    readShare: readOwnShare,
    end() {
      hasEnded = true
      if (pull === undefined || stopped) charts.sendChart({ type: 'peer.ended' })
    },
    stop() {
      stopped = true
      if (pull !== undefined) pull.isStopped = true
    },
    isStopped: () => stopped,
    hasEnded: () => hasEnded,
    lastBytesMs: () => lastBytesMs,
    lastMessageMs: () => lastMessageMs,
    isUnderWay: (sinceMs) => lastBytesMs > sinceMs && (wire?.bufferedBytes ?? 0) > 0,
  }
}
