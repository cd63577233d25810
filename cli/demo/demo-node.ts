/**
 * One process of the demo: a supervised node of the native network that does what its parent says.
 * @module
 */
import { join } from 'node:path'
import { createSupervisor } from '../../index.ts'
import type { Protocol, Supervisor } from '../../index.ts'
import type { ServedSource } from '../../inspector/remote-source.ts'
import { decodeUtf8, encodeUtf8, viewOf } from '../../codec/bytes.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { lmdbStore } from '../../store/lmdb.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { systemRandom } from '../../transport/random.ts'
import { tcp } from '../../transport/tcp.ts'
import { loadKey } from '../key-file.ts'
import type { FromNode, NumberedLine, ToNode } from './protocol.ts'

const NETWORK = 'peerloom/demo'
const TOPIC = 'demo/line'
const HOST = '127.0.0.1'
const NUMBER_BYTES = 4

/** Nobody is there to be told when the parent has gone; the node stops for that reason already. */
const tell = (message: FromNode, onTaken: () => void = () => undefined): void => {
  if (process.connected) {
    process.send?.(message, () => {
      onTaken()
    })
  }
}

const encodeLine = ([number, text]: NumberedLine): Uint8Array => {
  const utf8 = encodeUtf8(text)
  const bytes = new Uint8Array(NUMBER_BYTES + utf8.length)
  viewOf(bytes).setUint32(0, number)
  bytes.set(utf8, NUMBER_BYTES)
  return bytes
}

/** The number alone: the text came with it and is checked to be text. */
const numberOf = (payload: Uint8Array): number | undefined =>
  payload.length < NUMBER_BYTES || decodeUtf8(payload.subarray(NUMBER_BYTES)) === undefined
    ? undefined
    : viewOf(payload).getUint32(0)

interface Started {
  readonly supervisor: Supervisor<NativeTypes>
  readonly looked: ServedSource | undefined
}

/** Serves what pages look at over the process channel. */
async function inspect(
  supervisor: Supervisor<NativeTypes>,
  protocol: Protocol<NativeTypes>,
): Promise<ServedSource> {
  // Without a page no node loads what it takes.
  const { createNodeSource } = await import('../../inspector/node-source.ts')
  const { watchLoopDelay } = await import('../../inspector/loop-delay.ts')
  const { serveSource } = await import('../../inspector/remote-source.ts')
  const loopDelay = watchLoopDelay().read
  const source = createNodeSource({ supervisor, protocol, loopDelay, pid: process.pid })
  const { sentFlight } = await import('../../inspector/sent-flight.ts')
  return serveSource(
    source,
    (message, onTaken) => {
      tell({ type: 'looked', message }, onTaken)
    },
    (connection) => sentFlight(supervisor, connection),
  )
}

async function start(order: Extract<ToNode, { type: 'start' }>): Promise<Started> {
  const crypto = chooseCrypto()
  const privateKey = await loadKey(order.folder, () => {
    for (;;) {
      const key = systemRandom().bytes(32)
      if (crypto.isPrivateKey(key)) return key
    }
  })
  const protocol = native({
    network: NETWORK,
    privateKey,
    limits: { publicationsPerWindowMax: order.publicationsMax },
  })
  const supervisor = createSupervisor({
    name: order.name,
    protocol,
    transport: tcp(),
    store: lmdbStore(join(order.folder, 'store')),
    listen: [`${HOST}:${String(order.port)}`],
    peers: { bootstrap: order.bootstrap },
    world: { crypto },
  })
  supervisor.topic(TOPIC).subscribe(({ by = 'gossip', payload }) => {
    const number = numberOf(payload)
    if (number !== undefined) tell({ type: 'arrived', number, by })
  })
  supervisor.events.subscribe((event) => {
    if (event.type === 'connection.active' && event.identity !== undefined) {
      tell({ type: 'active', peer: event.identity, connection: event.connection })
    }
    if (event.type === 'connection.closed' && event.phase === 'active') {
      const { connection, detail, identity, reason } = event
      tell({ type: 'closed', peer: identity, connection, reason, detail })
    }
    if (event.type === 'fault') {
      tell({ type: 'fault', sentence: `${event.where}: ${String(event.error)}` })
    }
  })
  const looked = order.inspected ? await inspect(supervisor, protocol) : undefined
  await supervisor.start()
  const id = protocol.identity ?? ''
  const port = supervisor.listening[0]?.port ?? 0
  const address = `node://${id}@${HOST}:${String(port)}`
  tell({ type: 'started', pid: process.pid, id, address, port })
  return { supervisor, looked }
}

async function list(supervisor: Supervisor<NativeTypes>): Promise<readonly number[]> {
  const numbers: number[] = []
  let after: string | undefined
  do {
    const page = await supervisor.kept(TOPIC, after === undefined ? {} : { after })
    for (const { payload } of page.deliveries) {
      const number = numberOf(payload)
      if (number !== undefined) numbers.push(number)
    }
    after = page.next
  } while (after !== undefined)
  return numbers
}

/** Runs until the parent says stop, or is gone. */
export async function runDemoNode(): Promise<void> {
  let supervisor: Supervisor<NativeTypes> | undefined
  let looked: ServedSource | undefined
  /** Orders are carried out one after the other. */
  let tail = Promise.resolve()

  const carryOut = async (order: Exclude<ToNode, { type: 'look' }>): Promise<void> => {
    if (order.type === 'start') {
      ;({ supervisor, looked } = await start(order))
      return
    }
    if (supervisor === undefined) throw new Error(`${order.type} before start`)
    switch (order.type) {
      case 'publish':
        await supervisor.publish(TOPIC, encodeLine(order.line), { kind: 'item' })
        tell({ type: 'published', number: order.line[0] })
        return
      case 'list':
        tell({ type: 'holds', numbers: await list(supervisor) })
        return
      case 'stop': {
        const { killed } = await supervisor.stop()
        tell({ type: 'stopped', killed })
        process.disconnect()
      }
    }
  }

  if (!process.connected) throw new Error('a node of the demo is started by the demo')
  // The parent answers Ctrl-C for all of us.
  process.on('SIGINT', () => undefined)
  process.on('message', (order: ToNode) => {
    if (order.type === 'look') {
      // Whoever looks waits for no order.
      looked?.take(order.message)
      return
    }
    tail = tail
      .then(() => carryOut(order))
      .catch((error: unknown) => {
        tell({ type: 'fault', sentence: error instanceof Error ? error.message : String(error) })
      })
  })
  await new Promise<void>((resolve) => {
    process.once('disconnect', resolve)
  })
  await supervisor?.stop()
}
