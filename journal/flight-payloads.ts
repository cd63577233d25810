/**
 * What the flight recorder keeps beside its entries when it is asked for payloads: blocks that open
 * with a checkpoint and hold what the charts of a connection were given, decoded, and what came of it.
 * The newest two blocks of a connection are kept, so that one is always whole.
 *
 * Memory is bounded by connection and by node: who was not heard of for longest gives way.
 * @module
 */
import type { FlightBlock, FlightCheckpoint } from '../supervisor/flight-contract.ts'
import type { FlightConnection, FlightEvent, FlightSubject } from '../supervisor/flight-contract.ts'
import type { FlightMessage, FlightRecording } from '../supervisor/flight-contract.ts'
import { createRecencyMap } from '../supervisor/recency-map.ts'
import { isTyped, watchCharts } from './flight-charts.ts'
import type { ChartsWatch } from './flight-charts.ts'
import { plainCopy } from './flight-copy.ts'

/** A handshake has about ten events; with control messages this is minutes of a connection. */
const BLOCK_EVENTS_MAX = 256
/** A quarter of the largest payload of the native network: a block is one such message, or many small ones. */
const BLOCK_BYTES_MAX = 256 * 1_024
/** The one that grows, and a whole one before it. */
const BLOCKS_MAX = 2
/** All connections together: as much as the node grants slow consumers. */
const PAYLOAD_BYTES_MAX = 64 * 1_024 * 1_024

interface Block extends Omit<FlightBlock, 'events' | 'messages'> {
  readonly events: FlightEvent[]
  readonly messages: FlightMessage[]
  bytes: number
}

interface PayloadFlight {
  /** Until it closes. */
  live: { readonly connection: FlightConnection; readonly watch: ChartsWatch } | undefined
  /** What came last, as it came, for as long as it may still be given to a chart. */
  lastMessage: { readonly given: object; readonly bytes: number } | undefined
  blocks: readonly Block[]
  lost: number
}

export interface PayloadFlights {
  /** A connection is about to start its charts. */
  started(name: string): void
  message(
    name: string,
    direction: FlightMessage['direction'],
    given: { readonly type: string },
  ): void
  closed(name: string): void
  forget(name: string): void
  of(name: string): Pick<FlightRecording, 'blocks' | 'lost'> | undefined
  readonly bytes: number
  stop(): void
}

export function createPayloadFlights(
  subject: FlightSubject,
  bytesMax = PAYLOAD_BYTES_MAX,
): PayloadFlights {
  const flights = createRecencyMap<PayloadFlight>()
  let bytes = 0

  const drop = (flight: PayloadFlight, block: Block | undefined): void => {
    if (block === undefined) return
    flight.blocks = flight.blocks.filter((one) => one !== block)
    flight.lost += block.events.length + block.messages.length
    bytes -= block.bytes
  }

  /** Whoever was not heard of for longest gives way, the newest block of each last. */
  const makeRoom = (): void => {
    for (const [, flight] of flights.entries()) {
      while (bytes > bytesMax && flight.blocks.length > 0) drop(flight, flight.blocks[0])
      if (bytes <= bytesMax) return
    }
  }

  const open = (
    flight: PayloadFlight,
    { facts, waiting }: FlightConnection,
    checkpoint: FlightCheckpoint,
    checkpointBytes: number,
  ): void => {
    const kept = plainCopy(facts())
    const block: Block = {
      ...waiting(),
      checkpoint,
      facts: kept.value,
      events: [],
      messages: [],
      bytes: checkpointBytes + kept.bytes,
    }
    bytes += block.bytes
    flight.blocks = [...flight.blocks, block]
    while (flight.blocks.length > BLOCKS_MAX) drop(flight, flight.blocks[0])
  }

  const openAtStart = (flight: PayloadFlight, connection: FlightConnection): void => {
    const { dial, role, slot, startedMs, target } = connection.actor.getSnapshot().context
    const [keptTarget, keptDial] = [plainCopy(target), plainCopy(dial)]
    open(
      flight,
      connection,
      { from: 'start', role, target: keptTarget.value, dial: keptDial.value, slot, startedMs },
      keptTarget.bytes + keptDial.bytes,
    )
  }

  /** Where the charts stand now. What they took before has to be told by then. */
  const openIfFull = (flight: PayloadFlight): void => {
    const block = flight.blocks.at(-1)
    const isFull =
      block === undefined ||
      block.bytes >= BLOCK_BYTES_MAX ||
      block.events.length + block.messages.length >= BLOCK_EVENTS_MAX
    if (!isFull || flight.live === undefined) return
    const { connection, watch } = flight.live
    const { bytes: snapshotBytes, value } = plainCopy(connection.actor.getPersistedSnapshot())
    open(
      flight,
      connection,
      { from: 'snapshot', states: watch.states(), snapshot: value, armed: watch.armed() },
      snapshotBytes,
    )
  }

  const add = (block: Block, addedBytes: number): void => {
    block.bytes += addedBytes
    bytes += addedBytes
    makeRoom()
  }

  /** What a chart is given stands in its event: it is not kept twice. */
  const takeBack = (flight: PayloadFlight, event: object): void => {
    const { lastMessage } = flight
    flight.lastMessage = undefined
    const block = flight.blocks.at(-1)
    if (block === undefined || lastMessage === undefined) return
    if (!('message' in event) || event.message !== lastMessage.given) return
    block.messages.pop()
    add(block, -lastMessage.bytes)
  }

  const attach = (connection: FlightConnection, isStarting: boolean): void => {
    const { actor, name } = connection
    // A chart whose own beginning threw has nothing to be seen.
    if (flights.get(name) !== undefined || actor.getSnapshot().status !== 'active') return
    const flight: PayloadFlight = {
      ...{ live: undefined, lastMessage: undefined },
      ...{ blocks: [], lost: 0 },
    }
    const watch = watchCharts(actor, {
      nowMs: () => subject.step().monotonicMs,
      onInput(event) {
        flights.touch(name)
        takeBack(flight, event)
        openIfFull(flight)
      },
      onEvent(event, eventBytes) {
        const block = flight.blocks.at(-1)
        if (block === undefined) {
          flight.lost++
          return
        }
        block.events.push(event)
        add(block, eventBytes)
      },
      onFault: subject.onFault,
    })
    flight.live = { connection, watch }
    flights.set(name, flight)
    if (isStarting) openAtStart(flight, connection)
  }

  for (const connection of subject.connections()) attach(connection, false)

  return {
    started(name) {
      const connection = subject.connection(name)
      if (connection !== undefined) attach(connection, true)
    },
    message(name, direction, given) {
      const flight = flights.get(name)
      if (flight?.live === undefined) return
      flights.touch(name)
      flight.live.watch.finish()
      openIfFull(flight)
      const block = flight.blocks.at(-1)
      const { bytes: messageBytes, value: message } = plainCopy(given)
      if (block === undefined || !isTyped(message)) return
      const atMs = subject.step().monotonicMs
      block.messages.push({ atMs, direction, message, eventsBefore: block.events.length })
      flight.lastMessage = { given, bytes: messageBytes }
      add(block, messageBytes)
    },
    closed(name) {
      const flight = flights.get(name)
      if (flight?.live === undefined) return
      flight.live.watch.finish()
      flight.live.watch.stop()
      flight.live = undefined
      flight.lastMessage = undefined
    },
    forget(name) {
      const flight = flights.get(name)
      if (flight === undefined) return
      flight.live?.watch.stop()
      for (const block of flight.blocks) drop(flight, block)
      flights.delete(name)
    },
    of(name) {
      const flight = flights.get(name)
      if (flight === undefined) return undefined
      flight.live?.watch.finish()
      const blocks = flight.blocks.map(({ bytes: _, events, messages, ...block }) => ({
        ...block,
        events: [...events],
        messages: [...messages],
      }))
      return { blocks, lost: flight.lost }
    },
    get bytes() {
      return bytes
    },
    stop() {
      for (const [, { live }] of flights.entries()) live?.watch.stop()
    },
  }
}
