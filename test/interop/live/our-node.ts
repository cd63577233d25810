/**
 * A node of ours on TCP for tests with daemons, and what it sees of the one connection that it has.
 * @module
 */
import type { ConnectionFactory } from '../../../actors/connection-contract.ts'
import { createSupervisor } from '../../../index.ts'
import type { Protocol, Streams, SupervisorEvent } from '../../../index.ts'
import type { JournalRecording } from '../../../journal/recording.ts'
import { bitcoin } from '../../../protocols/bitcoin.ts'
import type { BitcoinTypes } from '../../../protocols/bitcoin.ts'
import { describeConnection } from '../../../protocols/bitcoin/description.ts'
import { tcp } from '../../../transport/tcp.ts'
import { LOOPBACK } from './daemon.ts'
import { eventually } from './eventually.ts'

export interface OurOptions {
  readonly protocol?: Protocol<BitcoinTypes>
  readonly streams?: Streams
  readonly connection?: ConnectionFactory<BitcoinTypes>
  readonly record?: JournalRecording
}

/** It listens on a free port. */
export async function startOurs({ connection, protocol, record, streams }: OurOptions = {}) {
  const supervisor = createSupervisor({
    protocol: protocol ?? bitcoin({ network: 'regtest' }),
    transport: streams ?? tcp(),
    listen: [`${LOOPBACK}:0`],
    ...(connection === undefined ? {} : { connection }),
    ...(record === undefined ? {} : { record }),
  })
  const events: SupervisorEvent[] = []
  supervisor.events.subscribe((event) => events.push(event))
  await supervisor.start()
  const active = () => supervisor.connections().filter(({ phase }) => phase === 'active')

  /** Of its only active connection. */
  const view = (): Readonly<Record<string, unknown>> => {
    const [info] = active()
    if (info === undefined) throw new Error('there is no active connection')
    const { receivedBytes, sentBytes } = info.counters
    return { ...describeConnection(info).fields, receivedBytes, sentBytes }
  }

  return {
    ...{ supervisor, events, active, view },
    /** Of its only active connection, or of the newest one. */
    connectionName: () => active().at(-1)?.name ?? '',
    address: `${LOOPBACK}:${String(supervisor.listening[0]?.port ?? 0)}`,
    /** Does not wait. */
    dial(address: string): void {
      supervisor.connect(address).catch(() => undefined)
    },
    whenActive: (count = 1) =>
      eventually(() => active().length === count, `${String(count)} active connections`),
    whenEvent: (type: SupervisorEvent['type'], fits: (event: SupervisorEvent) => boolean) =>
      eventually(() => events.some((event) => event.type === type && fits(event)), type),
    /** Whether it had an answer to a ping. */
    isPinged: () => active().some(({ about }) => typeof about['minimumPingMs'] === 'number'),
    async [Symbol.asyncDispose]() {
      await supervisor.stop({ graceMs: 2_000 })
    },
  }
}

export type OurNode = Awaited<ReturnType<typeof startOurs>>
