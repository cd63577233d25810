/**
 * `peerloom demo`: three processes of the native network on loopback. Every line of an input, given to
 * one node, reaches the other two; one of them is killed with SIGKILL on the way and comes back.
 * @module
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { concatBytes, encodeUtf8 } from '../../codec/bytes.ts'
import { CommandFault } from '../command-fault.ts'
import { startChild } from './child.ts'
import type { DemoChild } from './child.ts'
import { printers } from './print.ts'
import type { DemoEvent } from './print.ts'
import type { FromNode, NumberedLine } from './protocol.ts'
import { createTally } from './tally.ts'

export interface DemoOptions {
  /** A file, or `-` for standard input. */
  readonly input: string
  readonly json: boolean
}

const SENDER = 'sender'
/** The one that is killed, and the one that sees it. */
const RECEIVERS = ['first', 'second'] as const
const [VICTIM, SURVIVOR] = RECEIVERS

/** A busy machine starts a process in a few seconds. */
const START_MS = 30_000
/** The backoff after a first failure is under two seconds; a handshake has thirty. */
const ACTIVE_MS = 60_000
const BATCH_MS = 60_000
const ARRIVAL_MS = 30_000
/** Lines that the sender is given at once. */
const BATCH_LINES = 16
/** Both limits keep what the parent holds in memory small. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024
/** The native network's payload holds 1 MiB; the line's number takes four bytes of it. */
const LINE_BYTES_MAX = 1_048_576 - 4

async function readLines(input: string): Promise<readonly NumberedLine[]> {
  let text: string
  try {
    if (input === '-') {
      const chunks: Uint8Array[] = []
      let bytes = 0
      for await (const chunk of process.stdin) {
        const part = chunk as Uint8Array
        bytes += part.length
        if (bytes > INPUT_BYTES_MAX) throw new CommandFault(2, 'the input is larger than 64 MiB')
        chunks.push(part)
      }
      text = new TextDecoder().decode(concatBytes(...chunks))
    } else text = await readFile(input, 'utf8')
  } catch (error) {
    if (error instanceof CommandFault) throw error
    throw new CommandFault(2, `the input ${input} cannot be read`)
  }
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  if (text === '') throw new CommandFault(2, `the input ${input} is empty`)
  lines.forEach((line, index) => {
    if (encodeUtf8(line).length > LINE_BYTES_MAX) {
      throw new CommandFault(2, `line ${String(index + 1)} of the input is longer than 1 MiB`)
    }
  })
  return lines.map((line, index) => [index + 1, line])
}

interface Started {
  readonly child: DemoChild
  readonly id: string
  readonly address: string
  readonly port: number
}

/** The exit code: 0 where nothing is missing or doubled. */
export async function runDemo({ input, json }: DemoOptions): Promise<number> {
  const lines = await readLines(input)
  const print = printers(json)
  const folder = await mkdtemp(join(tmpdir(), 'peerloom-demo-'))
  const program = fileURLToPath(new URL('../main.js', import.meta.url))
  const nodes = new Map<string, Started>()
  const names = new Map<string, string>()
  const children = new Set<DemoChild>()
  const tally = createTally(RECEIVERS, lines.length)
  const run = randomUUID()
  const nameOf = (id: string | undefined): string => names.get(id ?? '') ?? 'unknown'

  const hear = (name: string, told: FromNode): void => {
    switch (told.type) {
      case 'arrived':
        tally.arrived(name, told.numbers)
        return
      case 'sent':
        for (const sent of told.runs) tally.sent({ ...sent, receiver: nameOf(sent.receiver) })
        return
      case 'active':
        if (name === SENDER) tally.opened(nameOf(told.peer), told.connection)
        print({ event: 'active', node: name, peer: nameOf(told.peer) })
        return
      case 'closed':
        if (told.peer === undefined) return
        print({
          event: 'closed',
          node: name,
          peer: nameOf(told.peer),
          reason: told.reason,
          detail: told.detail,
        })
        return
      case 'fault':
        print({ event: 'fault', node: name, sentence: told.sentence })
        return
      case 'started':
      case 'stopped':
        return
    }
  }

  const startNode = async (name: string, port: number): Promise<Started> => {
    const child = startChild(program, name, (told) => {
      hear(name, told)
    })
    children.add(child)
    const starting = child.until('its start', START_MS, (told) => {
      if (told.type === 'fault') throw new CommandFault(1, `${name}: ${told.sentence}`)
      return told.type === 'started' ? told : undefined
    })
    child.say({ type: 'start', name, folder: join(folder, name), port })
    const { address, id, pid, port: listening } = await starting
    const started = { child, id, address, port: listening }
    nodes.set(name, started)
    names.set(id, name)
    print({ event: 'started', node: name, pid, id, address })
    return started
  }

  const untilActive = (of: Started, peer: Started, what: string): Promise<true> =>
    of.child.until(what, ACTIVE_MS, (told) =>
      told.type === 'active' && told.peer === peer.id ? true : undefined,
    )

  const sendLines = async (sender: Started, some: readonly NumberedLine[]): Promise<void> => {
    const receivers = RECEIVERS.flatMap((name) => nodes.get(name)?.id ?? [])
    for (let first = 0; first < some.length; first += BATCH_LINES) {
      const batch = some.slice(first, first + BATCH_LINES)
      const sent = sender.child.until('sending a batch', BATCH_MS, (told) =>
        told.type === 'sent' ? true : undefined,
      )
      sender.child.say({ type: 'send', lines: batch, receivers })
      await sent
      print({ event: 'progress', sent: batch.at(-1)?.[0] ?? 0, lines: lines.length })
    }
  }

  const untilArrived = async (name: string): Promise<void> => {
    if (tally.isComplete(name)) return
    try {
      await nodes
        .get(name)
        ?.child.until('the last line', ARRIVAL_MS, () =>
          tally.isComplete(name) ? true : undefined,
        )
    } catch (error) {
      // What is missing is in the summary, which is why it goes on to be printed.
      if (!(error instanceof CommandFault)) throw error
      print({ event: 'fault', node: name, sentence: error.message })
    }
  }

  const stopAll = async (): Promise<void> => {
    await Promise.all([...children].map((child) => child.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  const interrupted = (signal: NodeJS.Signals): void => {
    for (const child of children) process.kill(child.pid, 'SIGKILL')
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)

  try {
    print({ event: 'begin', run, lines: lines.length, nodes: 3 })
    const sender = await startNode(SENDER, 0)
    const victim = await startNode(VICTIM, 0)
    const survivor = await startNode(SURVIVOR, 0)
    const connected = [
      untilActive(sender, victim, 'a connection with the first receiver'),
      untilActive(sender, survivor, 'a connection with the second receiver'),
    ]
    sender.child.say({ type: 'dial', addresses: [victim.address, survivor.address] })
    survivor.child.say({ type: 'dial', addresses: [victim.address] })
    await Promise.all(connected)

    const third = Math.floor(lines.length / 3)
    /** A fifth, where a tenth is promised: these wait until the killed one is back. */
    const middle = Math.max(third, lines.length - Math.ceil(lines.length / 5))

    await sendLines(sender, lines.slice(0, third))
    if (third > 0 && !tally.hasArrived(VICTIM)) {
      await victim.child.until('the first line', ARRIVAL_MS, () =>
        tally.hasArrived(VICTIM) ? true : undefined,
      )
    }
    const back = untilActive(sender, victim, 'a new connection with the killed receiver')
    back.catch(() => undefined)
    // It dies while the sender goes on.
    const sending = sendLines(sender, lines.slice(third, middle))
    sending.catch(() => undefined)
    await victim.child.kill()
    children.delete(victim.child)
    tally.killed(VICTIM)
    print({ event: 'killed', node: VICTIM, pid: victim.child.pid })

    await startNode(VICTIM, victim.port)
    await sending
    await back
    await sendLines(sender, lines.slice(middle))
    await untilArrived(VICTIM)
    await untilArrived(SURVIVOR)
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    await stopAll()
  }

  const summaries = RECEIVERS.map((name) => tally.summary(name))
  for (const summary of summaries) print({ event: 'receiver', ...summary })
  const sum = (of: 'missing' | 'duplicates' | 'lostInKill'): number =>
    summaries.reduce((total, summary) => total + summary[of], 0)
  const done: DemoEvent = {
    event: 'done',
    nodes: 3,
    lines: lines.length,
    missing: sum('missing'),
    duplicates: sum('duplicates'),
    lostInKill: sum('lostInKill'),
  }
  print(done)
  return summaries.every(({ ok }) => ok) ? 0 : 1
}
