/**
 * One process of the demo: a supervised node of the native network that does what its parent says.
 * @module
 */
import { createSupervisor } from '../../index.ts'
import type { Supervisor } from '../../index.ts'
import { decodeUtf8, encodeUtf8 } from '../../codec/bytes.ts'
import { readU32be, createReader, readRest } from '../../codec/reader.ts'
import { viewOf } from '../../codec/bytes.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { systemRandom } from '../../transport/random.ts'
import { tcp } from '../../transport/tcp.ts'
import { loadKey } from '../key-file.ts'
import type { FromNode, NumberedLine, SentRun, ToNode } from './protocol.ts'

const NETWORK = 'peerloom/demo'
const TOPIC = 'demo/line'
const HOST = '127.0.0.1'
/** A receiver that does not take a line for so long is passed over: the parent sees it missing. */
const ROOM_MS = 20_000

const tell = (message: FromNode): void => {
  process.send?.(message)
}

const encodeLine = ([number, text]: NumberedLine): Uint8Array => {
  const utf8 = encodeUtf8(text)
  const bytes = new Uint8Array(4 + utf8.length)
  viewOf(bytes).setUint32(0, number)
  bytes.set(utf8, 4)
  return bytes
}

/** The number alone: the text came with it and is checked to be text. */
const numberOf = (payload: Uint8Array): number | undefined => {
  if (payload.length < 4) return undefined
  const reader = createReader(payload, { short: 'short' })
  const number = readU32be(reader)
  return decodeUtf8(readRest(reader)) === undefined ? undefined : number
}

/** Sends one line as soon as there is room; the connection that took it. */
async function sendLine(
  supervisor: Supervisor<NativeTypes>,
  receiver: string,
  payload: Uint8Array,
): Promise<string | undefined> {
  for (;;) {
    const connection = supervisor
      .connections()
      .find(({ identity, phase }) => identity === receiver && phase === 'active')
    if (connection === undefined) return undefined
    const outcome = supervisor.send(connection.name, { type: 'message', protocol: TOPIC, payload })
    if (outcome === 'queued') return connection.name
    if (outcome === 'gone') return undefined
    try {
      await supervisor.room(connection.name, { timeoutMs: ROOM_MS })
    } catch {
      // It is gone or does not drain: the next look at the connections says which.
      if (supervisor.explain(connection.name)?.ended === undefined) return undefined
    }
  }
}

async function sendLines(
  supervisor: Supervisor<NativeTypes>,
  lines: readonly NumberedLine[],
  receivers: readonly string[],
): Promise<readonly SentRun[]> {
  const runs: SentRun[] = []
  for (const receiver of receivers) {
    for (const line of lines) {
      const [number] = line
      const connection = await sendLine(supervisor, receiver, encodeLine(line))
      if (connection === undefined) continue
      const run = runs.at(-1)
      const goesOn =
        run?.receiver === receiver && run.connection === connection && run.last === number - 1
      if (goesOn) runs[runs.length - 1] = { ...run, last: number }
      else runs.push({ receiver, connection, first: number, last: number })
    }
  }
  return runs
}

async function start(order: Extract<ToNode, { type: 'start' }>): Promise<Supervisor<NativeTypes>> {
  const crypto = chooseCrypto()
  const privateKey = await loadKey(order.folder, () => {
    for (;;) {
      const key = systemRandom().bytes(32)
      if (crypto.isPrivateKey(key)) return key
    }
  })
  const protocol = native({ network: NETWORK, privateKey })
  const supervisor = createSupervisor({
    name: order.name,
    protocol,
    transport: tcp(),
    listen: [`${HOST}:${String(order.port)}`],
    world: { crypto },
  })
  let numbers: number[] = []
  supervisor.messages('message').subscribe(({ message }) => {
    if (message.protocol !== TOPIC) return
    const number = numberOf(message.payload)
    if (number === undefined) return
    if (numbers.length === 0) {
      setImmediate(() => {
        tell({ type: 'arrived', numbers })
        numbers = []
      })
    }
    numbers.push(number)
  })
  supervisor.events.subscribe((event) => {
    if (event.type === 'connection.active') {
      tell({ type: 'active', peer: event.identity ?? '', connection: event.connection })
    }
    if (event.type === 'connection.closed') {
      const { connection, detail, identity, reason } = event
      tell({ type: 'closed', peer: identity, connection, reason, detail })
    }
    if (event.type === 'fault')
      tell({ type: 'fault', sentence: `${event.where}: ${String(event.error)}` })
  })
  await supervisor.start()
  const id = protocol.identity ?? ''
  const port = supervisor.listening[0]?.port ?? 0
  const address = `node://${id}@${HOST}:${String(port)}`
  tell({ type: 'started', pid: process.pid, id, address, port })
  return supervisor
}

/** Runs until the parent says stop, or is gone. */
export async function runDemoNode(): Promise<void> {
  let supervisor: Supervisor<NativeTypes> | undefined
  /** Orders are carried out one after the other. */
  let tail = Promise.resolve()

  const carryOut = async (order: ToNode): Promise<void> => {
    switch (order.type) {
      case 'start':
        supervisor = await start(order)
        return
      case 'dial':
        for (const address of order.addresses) {
          // It is dialled for ever; whether it came up is told by events.
          supervisor?.connect(address, { timeoutMs: 1 }).catch(() => undefined)
        }
        return
      case 'send':
        if (supervisor === undefined) return
        tell({ type: 'sent', runs: await sendLines(supervisor, order.lines, order.receivers) })
        return
      case 'stop': {
        const report = await supervisor?.stop()
        tell({ type: 'stopped', killed: report?.killed ?? [] })
        process.disconnect()
      }
    }
  }

  process.on('message', (order: ToNode) => {
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
