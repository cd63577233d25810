/**
 * The processes that run a node of the native network, on both sides of each pair.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSupervisor } from '../index.ts'
import type { Supervisor } from '../index.ts'
import { startInspector } from '../inspector/inspector.ts'
import type { InspectorServer } from '../inspector/server.ts'
import { fileJournal } from '../journal/file-journal.ts'
import { memoryJournal } from '../journal/memory-journal.ts'
import type { JournalRecording } from '../journal/recording.ts'
import type { JournalStatus } from '../journal/journal-writer.ts'
import type { NativeMessage } from '../codec/native/messages.ts'
import { native } from '../protocols/native.ts'
import type { NativeLimits } from '../protocols/native/limits.ts'
import type { NativeTypes } from '../protocols/native.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import type { CryptoChoice } from '../transport/crypto/choose.ts'
import { tcp } from '../transport/tcp.ts'
import { BENCH_NETWORK } from './bench-network.ts'
import { BURST } from './contender.ts'
import type { Contender, Part, Tell } from './contender.ts'
import { countArrivals, timeAnswers } from './counted-work.ts'
import { sayInTurns, startFarEnd } from './far-ends.ts'
import type { FarEnd } from './far-ends.ts'
import { now } from './figures.ts'
import { GOSSIP_NODES, GOSSIP_OFFSETS, GOSSIP_TOPIC, startGossip } from './gossip-work.ts'
import type { Recorded, RecordedTo } from './peer-orders.ts'
import { recordingFloor } from './recording-floor.ts'
import { skippingClock } from './skipping-clock.ts'
import type { SkippingClock } from './skipping-clock.ts'
import { watchSocketBytes } from './socket-bytes.ts'

type NativeNode = Supervisor<NativeTypes>

/** Enough for any round, and still a number that a node counts to. */
const RAISED = 1_000_000
/**
 * The limits of the network that would hold dials up that come from one host, one after the other, or
 * what both sides say to each other meanwhile.
 */
export const RAISED_LIMITS = {
  acceptedPerGroupPerMinuteMax: RAISED,
  pendingInboundMax: 1_000,
  pendingOutboundMax: 1_000,
  pendingPerGroupMax: 1_000,
  publicationsPerWindowMax: RAISED,
  // Twenty nodes at their best publish within a minute what is remembered of five.
  seenMax: RAISED,
} as const
/** Those that one process dials are of one group, and more than a node lets in. */
export const CROWD_LIMITS = {
  ...RAISED_LIMITS,
  inboundMax: 20_000,
  inboundPerGroupMax: 20_000,
} as const
/** What one dial of the core's five a second, and one handshake of its fifty, have to wait for. */
export const SKIPPED_MS = 250
/** What one handshake of the core's fifty a second has to wait for. */
export const HANDSHAKE_SKIPPED_MS = 20

const networkOf = (seat: 'called' | 'caller', limits: Partial<NativeLimits> = RAISED_LIMITS) =>
  native({
    network: BENCH_NETWORK,
    privateKey: new Uint8Array(32).fill(seat === 'called' ? 1 : 2),
    limits,
  })

/** The whole of a benchmark, and no end of it before its time. */
const JOURNAL_BYTES_MAX = 8 * 1_024 * 1_024 * 1_024

interface Journal extends JournalRecording {
  readonly status: Pick<JournalStatus, 'bytes' | 'ending' | 'entries'>
}

function floor(): Journal {
  const kept = recordingFloor()
  return {
    begin: kept.begin,
    get status() {
      return { bytes: kept.bytes, ending: 'open', entries: 0 } as const
    },
  }
}

function journalTo(record: RecordedTo | undefined): Journal | undefined {
  const options = { bytesMax: JOURNAL_BYTES_MAX }
  if (record === undefined) return undefined
  if (record === 'floor') return floor()
  if (record === 'memory') return memoryJournal(options)
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-bench-'))
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true })
  })
  return fileJournal(join(folder, 'node.journal'), options)
}

interface CalledOptions {
  readonly clock?: SkippingClock
  readonly raised?: Partial<NativeLimits> | undefined
  readonly record?: JournalRecording | undefined
}

async function startCalled(
  crypto: CryptoChoice,
  { clock = skippingClock(), raised, record }: CalledOptions = {},
) {
  const protocol = networkOf('called', raised)
  const node = createSupervisor({
    name: 'called',
    protocol,
    transport: tcp(),
    listen: ['127.0.0.1:0'],
    world: { clock, crypto: chooseCrypto(crypto) },
    ...(record === undefined ? {} : { record }),
  })
  await node.start()
  const port = node.listening[0]?.port ?? 0
  const at = `node://${protocol.identity ?? ''}@127.0.0.1:${String(port)}`
  return { node, clock, protocol, at }
}

/** The node's inspector, while it is asked for. */
function inspecting(
  tell: Tell,
  { node, protocol }: Awaited<ReturnType<typeof startCalled>>,
): Pick<Part, 'inspect' | 'uninspect'> {
  let inspector: InspectorServer | undefined
  return {
    async inspect() {
      inspector = await startInspector({ supervisor: node, protocol })
      tell({ type: 'inspected', url: inspector.url })
    },
    async uninspect() {
      await inspector?.close()
      tell({ type: 'uninspected' })
    },
  }
}

async function startCaller(
  crypto: CryptoChoice,
  {
    clock = skippingClock(),
    record,
  }: { clock?: SkippingClock; record?: JournalRecording | undefined } = {},
) {
  const protocol = networkOf('caller')
  // Without an address book it dials when it is told to, and never by itself in between.
  const { book: _, ...addresses } = protocol.addresses
  const node = createSupervisor({
    name: 'caller',
    protocol: { ...protocol, addresses },
    transport: tcp(),
    world: { clock, crypto: chooseCrypto(crypto) },
    ...(record === undefined ? {} : { record }),
  })
  await node.start()
  return { node, clock }
}

/** Nodes that each dial the next ones of a ring, and nobody else. */
async function startRing(crypto: CryptoChoice): Promise<readonly NativeNode[]> {
  const started = await Promise.all(
    Array.from({ length: GOSSIP_NODES }, async (_, index) => {
      const protocol = native({
        network: BENCH_NETWORK,
        privateKey: new Uint8Array(32).fill(index + 1),
        limits: RAISED_LIMITS,
      })
      const { book: _book, ...addresses } = protocol.addresses
      const node = createSupervisor({
        name: `node ${String(index)}`,
        protocol: { ...protocol, addresses },
        transport: tcp(),
        listen: ['127.0.0.1:0'],
        world: { crypto: chooseCrypto(crypto) },
      })
      await node.start()
      const port = node.listening[0]?.port ?? 0
      return { node, at: `node://${protocol.identity ?? ''}@127.0.0.1:${String(port)}` }
    }),
  )
  for (const [index, { node }] of started.entries()) {
    await Promise.all(
      GOSSIP_OFFSETS.map((offset) =>
        node.connect(started[(index + offset) % started.length]?.at ?? ''),
      ),
    )
  }
  return started.map(({ node }) => node)
}

/** That a recording was cut short does not stop its node: whoever measures has to ask. */
const recordedBy = (journal: Journal | undefined) => (): Recorded | undefined => {
  if (journal === undefined) return undefined
  const { bytes, ending, entries } = journal.status
  return { bytes, ending, entries }
}

/** Handshakes of a crowd that are under way together: enough that no side waits for the other. */
const DIALS_AT_ONCE = 16

const messageOf = (payloadBytes: number): NativeMessage => ({
  type: 'message',
  protocol: 'bench',
  payload: new Uint8Array(payloadBytes),
})

/** Settles with the end of the connection that is there. */
const closeOf = (node: NativeNode): Promise<void> =>
  new Promise((resolve) => {
    const subscription = node.events.subscribe(({ type }) => {
      if (type !== 'connection.closed') return
      subscription.unsubscribe()
      resolve()
    })
  })

export interface PeerloomOptions {
  readonly crypto?: CryptoChoice
  /** Both ends keep a journal from their start. */
  readonly record?: RecordedTo
  /** The limits of whoever is called. Left out: `RAISED_LIMITS`. */
  readonly raised?: Partial<NativeLimits>
}

export function peerloom({ crypto = 'auto', raised, record }: PeerloomOptions = {}): Contender {
  return {
    async receiver(tell): Promise<Part> {
      const journal = journalTo(record)
      const called = await startCalled(crypto, { raised, record: journal })
      const { at, clock, node } = called
      // Handshakes have a rate of the core's.
      node.events.subscribe(({ type }) => {
        if (type === 'connection.active') clock.skip(HANDSHAKE_SKIPPED_MS)
      })
      const { arrived, part } = countArrivals(tell)
      node.messages('message').subscribe(arrived)
      tell({ type: 'ready', at })
      return { ...part, ...inspecting(tell, called), recorded: recordedBy(journal) }
    },

    async sender(tell, { at, payloadBytes }): Promise<Part> {
      const journal = journalTo(record)
      const { node } = await startCaller(crypto, { record: journal })
      const peer = await node.connect(at)
      const message = messageOf(payloadBytes)
      tell({ type: 'ready', at })
      const order = async (count: number): Promise<void> => {
        for (let sent = 0; sent < count;) {
          const outcome = node.send(peer, message)
          if (outcome === 'queued') sent++
          else if (outcome === 'full') await node.room(peer)
          else throw new Error('the receiver is gone')
        }
      }
      return { order, recorded: recordedBy(journal) }
    },

    crowd(tell, { at, payloadBytes }): Promise<Part> {
      const ends: FarEnd[] = []
      const message = messageOf(payloadBytes)
      const burst = Array.from({ length: BURST }, () => message)
      tell({ type: 'ready', at })
      return Promise.resolve({
        async grow(count) {
          const until = ends.length + count
          const before = now()
          let next = ends.length
          const dial = async (): Promise<void> => {
            while (next < until) {
              const end = await startFarEnd(next++, at)
              end.say([message])
              ends.push(end)
            }
          }
          await Promise.all(Array.from({ length: DIALS_AT_ONCE }, dial))
          tell({ type: 'done', micros: now() - before })
        },
        order: (count) => sayInTurns(ends, burst, count),
      })
    },

    async echo(tell): Promise<Part> {
      const { at, node } = await startCalled(crypto)
      node.messages('message').subscribe(({ peer, message }) => {
        if (node.send(peer.connection, message) !== 'queued') throw new Error('there is no room')
      })
      tell({ type: 'ready', at })
      return {}
    },

    async asker(tell, { at, payloadBytes }): Promise<Part> {
      const { node } = await startCaller(crypto)
      const peer = await node.connect(at)
      const message = messageOf(payloadBytes)
      const ask = (): void => {
        if (node.send(peer, message) !== 'queued') throw new Error('there is no room')
      }
      const { answered, part } = timeAnswers(tell, ask)
      node.messages('message').subscribe(answered)
      tell({ type: 'ready', at })
      return part
    },

    async gossip(tell, { payloadBytes }): Promise<Part> {
      const writtenBytes = watchSocketBytes()
      const nodes = await startRing(crypto)
      tell({ type: 'ready', at: '' })
      const { run } = startGossip(
        nodes.map((node) => ({
          publish(payload) {
            node.publish(GOSSIP_TOPIC, payload, { kind: 'broadcast' }).catch((error: unknown) => {
              tell({ type: 'fault', sentence: String(error) })
            })
          },
          subscribe(take) {
            node.topic(GOSSIP_TOPIC).subscribe((delivery) => {
              take(delivery.payload)
            })
          },
        })),
        writtenBytes,
      )
      return {
        async order(count) {
          tell({ type: 'done', ...(await run(count, payloadBytes)) })
        },
      }
    },

    async listener(tell): Promise<Part> {
      const { at, clock, node } = await startCalled(crypto)
      node.events.subscribe(({ type }) => {
        if (type === 'connection.closed') clock.skip(SKIPPED_MS)
      })
      tell({ type: 'ready', at })
      return {}
    },

    async dialler(tell, { at }): Promise<Part> {
      const { clock, node } = await startCaller(crypto)
      let dials = 0
      node.events.subscribe(({ type }) => {
        if (type === 'connection.started') dials++
      })
      tell({ type: 'ready', at })
      return {
        async order(count) {
          const [dialsBefore, before] = [dials, now()]
          for (let made = 0; made < count; made++) {
            await node.connect(at)
            const closed = closeOf(node)
            node.disconnect(at)
            await closed
            clock.skip(SKIPPED_MS)
          }
          const micros = now() - before
          if (dials - dialsBefore !== count) throw new Error('there were dials that nobody ordered')
          tell({ type: 'done', micros })
        },
      }
    },
  }
}
