/**
 * Puts together the node that a command runs: its key, its network, its store with the socket on which
 * it is asked, and how it is shown.
 * @module
 */
import { mkdir } from 'node:fs/promises'
import type { DialMotive } from '../../actors/protocol.ts'
import type { ProtocolTools, ToolSlots, ToolValues } from '../../actors/protocol-tools.ts'
import { createSupervisor, PeerloomError } from '../../index.ts'
import type { Protocol, ProtocolTypes } from '../../index.ts'
import { fileJournal } from '../../journal/file-journal.ts'
import type { FileJournal } from '../../journal/file-journal.ts'
import { JournalError } from '../../journal/journal-error.ts'
import { endedEarly } from '../../journal/node-journal.ts'
import { lmdbStore } from '../../store/lmdb.ts'
import { systemClock } from '../../transport/clock.ts'
import { udp } from '../../transport/udp.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { CommandFault } from '../command-fault.ts'
import { answersOf } from '../control/node-answers.ts'
import { createControlServer } from '../control/server.ts'
import type { Answer } from '../control/server.ts'
import { describerOf } from '../description.ts'
import { jsonLine } from '../json.ts'
import { drawKey, loadKey } from '../key-file.ts'
import { print, whenOutputIsLost } from '../standard-output.ts'
import { live } from './life.ts'
import { parseMetricsPlace, startMetrics, withNote } from './metrics.ts'
import type { NodeMetrics } from './metrics.ts'
import type { NodeOptions } from './options.ts'
import type { Inspection } from './inspection.ts'
import { passingOver } from './passed-over.ts'
import { createReport } from './report.ts'
import { parseProxy, throughProxies, wayThrough } from './proxy.ts'
import { parseCondition } from './until.ts'

/** The one in the data folder, or one for this run alone. */
async function privateKeyOf(
  { isPrivateKey }: Pick<ProtocolTools, 'isPrivateKey'>,
  folder: string | undefined,
): Promise<Uint8Array | undefined> {
  if (isPrivateKey === undefined) return undefined
  if (folder === undefined) return drawKey(isPrivateKey)
  const key = await loadKey(folder, () => drawKey(isPrivateKey))
  if (isPrivateKey(key)) return key
  throw new CommandFault(1, `the key in ${folder} is none of this network`)
}

/** What a person wrote and cannot be is usage; all else is as it was thrown. */
function asUsage<Value>(run: () => Value): Value {
  try {
    return run()
  } catch (cause) {
    const isUsage =
      cause instanceof RangeError ||
      cause instanceof JournalError ||
      (cause instanceof PeerloomError && cause.code === 'bad-argument')
    if (!isUsage) throw cause
    throw new CommandFault(2, cause.message, { cause })
  }
}

function checkAddresses<T extends ProtocolTypes>(
  { addresses, identity }: Protocol<T>,
  { bootstrap, connect }: NodeOptions,
): void {
  for (const text of [...connect, ...bootstrap]) {
    const parsed = addresses.parse(text)
    if ('wrong' in parsed) throw new CommandFault(2, `${text}: ${parsed.wrong}`)
    const theirs = addresses.identity(parsed.address)
    if (theirs !== undefined && theirs === identity) {
      throw new CommandFault(2, `${text} is this node itself`)
    }
  }
}

/** What of `--max-inbound` and `--max-outbound` was given. @throws {CommandFault} it cannot be kept */
function slotsOf(
  { takesSlots }: Pick<ProtocolTools, 'takesSlots'>,
  { listen, maxInbound, maxOutbound }: NodeOptions,
): ToolSlots {
  if (maxInbound === undefined && maxOutbound === undefined) return {}
  if (takesSlots !== true) {
    throw new CommandFault(2, 'this network takes neither --max-inbound nor --max-outbound')
  }
  if (maxInbound === 0 && listen.length > 0) {
    throw new CommandFault(2, 'with --max-inbound 0 nobody is let in: leave --listen out')
  }
  return {
    ...(maxInbound === undefined ? {} : { inboundMax: maxInbound }),
    ...(maxOutbound === undefined ? {} : { outboundMax: maxOutbound }),
  }
}

/** @throws {CommandFault} it is no folder that can be made */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new CommandFault(2, `--record-dir ${path}: the folder cannot be made`, { cause })
  }
}

/** Nobody may wait for ever for who is never dialled. */
function checkPlaces<T extends ProtocolTypes>(
  { slots }: Protocol<T>,
  { bootstrap, connect, maxOutbound }: NodeOptions,
): void {
  const hasPlaceFor = (motive: DialMotive): boolean =>
    slots.some(
      ({ max, role, takes }) => role === 'dialler' && max > 0 && (takes?.includes(motive) ?? true),
    )
  const check = (flag: string, given: readonly string[], motive: DialMotive): void => {
    if (given.length === 0 || hasPlaceFor(motive)) return
    throw new CommandFault(2, `with --max-outbound ${String(maxOutbound)} no ${flag} is dialled`)
  }
  check('--connect', connect, 'wanted')
  check('--bootstrap', bootstrap, 'seed')
}

/** What the node loses once its recording has ended early is counted in the journal's head. */
const recordTo = (path: string, json: boolean): FileJournal =>
  fileJournal(path, {
    onCutShort({ ending, entries }) {
      if (json) print(jsonLine({ event: 'journal.cut-short', ending, entries }))
      else process.stderr.write(`${path}: ${endedEarly(ending)}; the node goes on\n`)
    },
  })

/** The exit code. @throws {CommandFault} */
export async function runNode<T extends ProtocolTypes>(
  tools: ProtocolTools<T>,
  options: NodeOptions,
  values: ToolValues,
): Promise<number> {
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy)
  const onionProxy =
    options.onionProxy === undefined ? undefined : parseProxy(options.onionProxy, '--onion-proxy')
  const condition = options.until === undefined ? undefined : parseCondition(options.until, tools)
  const slots = slotsOf(tools, options)
  if (options.recordDir !== undefined && options.inspect === undefined) {
    throw new CommandFault(2, '--record-dir is for the page: --inspect')
  }
  // A journal of the node itself may be meant for it.
  if (options.recordDir !== undefined) await makeFolder(options.recordDir)
  const metricsPlace =
    options.metrics === undefined ? undefined : parseMetricsPlace(options.metrics)
  const privateKey = await privateKeyOf(tools, options.dataDir)
  const protocol = asUsage(() =>
    tools.create(values, { privateKey, ...slots, ...wayThrough({ onionProxy, proxy }) }),
  )
  checkAddresses(protocol, options)
  checkPlaces(protocol, options)

  const clock = systemClock()
  const journal = options.record === undefined ? undefined : recordTo(options.record, options.json)
  let answer: Answer = () => ({ error: 'the node is not running', usage: false })
  const control = createControlServer((request) => answer(request))
  const supervisor = asUsage(() =>
    createSupervisor({
      protocol,
      transport: throughProxies({ onionProxy, proxy }, protocol.deadlines.connectMs),
      listen: options.listen,
      peers: { bootstrap: options.bootstrap },
      world: { clock },
      // Datagrams would go past the proxy.
      ...(protocol.datagrams === undefined || proxy !== undefined ? {} : { datagrams: udp() }),
      ...(options.dataDir === undefined
        ? {}
        : { store: lmdbStore(options.dataDir, { onConnection: control }) }),
      ...(journal === undefined ? {} : { record: journal }),
    }),
  )
  const describe = describerOf(tools)
  answer = answersOf(supervisor, clock, describe)

  const addressOf = (at: SocketAddress): string =>
    tools.ownAddress?.(protocol.identity, at) ??
    protocol.addresses.print(protocol.addresses.fromSocket(at))

  const openPage = async (port: number): Promise<Inspection> => {
    // Most nodes have no page: they do not load what it takes.
    const { openInspection } = await import('./inspection.ts')
    const actions = options.inspectActions
    const { recordDir } = options
    return openInspection({ supervisor, protocol, describe, clock, port, actions, recordDir })
  }
  let inspection: Inspection | undefined
  let metrics: NodeMetrics | undefined
  let living: Promise<number> | undefined
  try {
    inspection = options.inspect === undefined ? undefined : await openPage(options.inspect)
    const served = (metrics = await startMetrics(supervisor, metricsPlace))
    const shown = createReport(options.json, print, {
      connections: supervisor.connections,
      describe,
      nowMs: clock.monotonicMs,
      waitsFor: condition === undefined ? '' : `until ${condition.text}`,
    })
    const whole = passingOver(shown, process.stdout, options.json, print)
    whenOutputIsLost(whole.lost)
    living = live({
      supervisor,
      report: withNote(whole, served.note, options.json, print),
      connect: options.connect,
      condition,
      timeoutMs: options.timeoutMs,
      tellsFailedStart: options.json,
      describe: (listening) => ({
        pid: process.pid,
        id: protocol.identity,
        network: protocol.name,
        listening,
        addresses: listening.map(addressOf),
        ...{ metrics: served.url, onionProxy, proxy },
        inspected: inspection?.inspected,
      }),
    })
    return await living
  } finally {
    // What never lived ends here, with its journal.
    if (living === undefined) await supervisor.stop()
    await Promise.all([inspection?.close(), metrics?.close()])
    await journal?.closed
  }
}
