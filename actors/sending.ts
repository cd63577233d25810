/**
 * What one connection sends: the lane of each message, what a full lane means, and the account of it.
 * @module
 */
import type { Outgoing } from '../codec/wire.ts'
import type { CloseDetail, Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { Counters } from './counters.ts'
import { fitsLane, isAnyOverBudget, LANE_ORDER } from './lanes.ts'
import { createOutbox } from './outbox.ts'
import type { Outbox, OutboxOptions } from './outbox.ts'
import type { Protocol } from './protocol.ts'

export type SendOutcome = 'queued' | 'full' | 'gone'

type OfOutbox =
  'askForFlush' | 'limits' | 'loop' | 'onAllSent' | 'onRoom' | 'onStuck' | 'stream' | 'streams'

export interface SendingOptions<T extends ProtocolTypes> extends Pick<
  OutboxOptions<T['message']>,
  OfOutbox
> {
  readonly name: string
  readonly protocol: Protocol<T>
  readonly port: ObservationPort
  readonly counters: Counters
  phase(): Phase | 'closed'
  /** The wire's `write`, contained. False: it could not, and what it was given counts as not sent. */
  encode(messages: readonly Outgoing<T['message']>[]): boolean
  leave(detail: CloseDetail<T['detail']>): void
  /** No lane is over its budget any more: reading may go on. */
  onUnblocked(): void
}

export interface Sending<T extends ProtocolTypes> {
  readonly outbox: Outbox<T['message']>
  /** More was queued by the protocol itself than its lane holds: that peer is not read. */
  isOverBudget(): boolean
  /** Before it is active what a session says leaves at once: keys may follow. */
  forSession(messages: readonly Outgoing<T['message']>[]): void
  /** To whoever watches: what is written past the lanes. */
  tellWritten(messages: readonly Outgoing<T['message']>[]): void
  /** Room for a message of the application, promised until its command is carried out. */
  reserve(message: T['message']): SendOutcome
  queueReserved(message: T['message']): void
  giveUpReserved(message: T['message']): void
  /** For sub-protocols. */
  send(message: T['message']): SendOutcome
}

export function createSending<T extends ProtocolTypes>(options: SendingOptions<T>): Sending<T> {
  type Message = T['message']
  const { counters, name, phase, port, protocol } = options
  const outbox = createOutbox<Message>({
    // Named one by one: an object that others are spread into has a shape of its own, kept for each connection.
    stream: options.stream,
    streams: options.streams,
    loop: options.loop,
    limits: options.limits,
    encode: options.encode,
    askForFlush: options.askForFlush,
    onRoom: options.onRoom,
    onAllSent: options.onAllSent,
    onStuck: options.onStuck,
    drainMs: protocol.deadlines.drainMs,
    onSent(messages) {
      counters.sentMessages += messages.length
      if (isAnyOverBudget(lanes)) {
        for (const lane of LANE_ORDER)
          if (fitsLane(lanes[lane], 0)) lanes[lane].isOverBudget = false
        if (!isAnyOverBudget(lanes)) options.onUnblocked()
      }
      if (!port.wants.message) return
      for (const message of messages) {
        const bytesOnWire = protocol.estimateBytes(message)
        const { type } = message
        port.tell({
          of: 'message',
          connection: name,
          direction: 'sent',
          type,
          bytesOnWire,
          message,
        })
      }
    },
  })

  const { lanes } = outbox

  const enqueue = (message: Message): SendOutcome => {
    const rule = protocol.lane(message)
    const bytes = protocol.estimateBytes(message)
    if (!outbox.fits(rule.lane, bytes)) {
      if (rule.full === 'drop') {
        counters.unsentMessages++
        return 'full'
      }
      if (rule.full === 'close') {
        options.leave('lane-full')
        return 'full'
      }
      lanes[rule.lane].isOverBudget = true
    }
    outbox.queue(rule.lane, message, bytes)
    return 'queued'
  }

  const tellWritten = (messages: readonly Outgoing<Message>[]): void => {
    if (!port.wants.written) return
    for (const message of messages) {
      const [type, bytesOnWire] =
        'raw' in message
          ? ['raw', message.raw.length]
          : [message.type, protocol.estimateBytes(message)]
      port.tell({ of: 'written', connection: name, type, bytesOnWire })
    }
  }

  return {
    outbox,
    tellWritten,
    isOverBudget: () => isAnyOverBudget(lanes),
    forSession(messages) {
      if (phase() !== 'active') {
        tellWritten(messages)
        if (outbox.write(messages)) counters.sentMessages += messages.length
        return
      }
      for (const message of messages) {
        if ('raw' in message) {
          tellWritten([message])
          outbox.write([message])
        } else enqueue(message)
      }
    },
    reserve(message) {
      if (phase() !== 'active') return 'gone'
      const { lane } = protocol.lane(message)
      const bytes = protocol.estimateBytes(message)
      if (!outbox.fits(lane, bytes)) return 'full'
      lanes[lane].reservedBytes += bytes
      return 'queued'
    },
    queueReserved(message) {
      const { lane } = protocol.lane(message)
      const bytes = protocol.estimateBytes(message)
      lanes[lane].reservedBytes -= bytes
      if (phase() === 'active') outbox.queue(lane, message, bytes)
      else counters.unsentMessages++
    },
    giveUpReserved(message) {
      lanes[protocol.lane(message).lane].reservedBytes -= protocol.estimateBytes(message)
    },
    send: (message) => (phase() === 'active' ? enqueue(message) : 'gone'),
  }
}
