/**
 * Nodes of which one records its connections, for tests: any network, in a virtual world.
 * @module
 */
import type { Protocol, ProtocolTypes, Role } from '../../index.ts'
import type { ConnectionRecording } from '../../journal/connection-entries.ts'
import type { NodeLimits } from '../../supervisor/node-contract.ts'
import { connectionMemory } from '../../journal/connection-memory.ts'
import { recordConnections } from '../../journal/connection-recorder.ts'
import { native } from '../../protocols/native.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import type { Chunking } from '../../transport/memory/chunking.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { keyed } from '../contracts/fits/keyed.ts'
import { plain } from '../contracts/fits/plain.ts'
import { sniffing } from '../contracts/fits/sniffing.ts'
import { startNode } from '../support/nodes.ts'

const crypto = nobleCrypto()
const keyOf = (name: string) => crypto.sha256(new TextEncoder().encode(name))

export interface Subject<T extends ProtocolTypes> {
  readonly protocol: (name: string) => Protocol<T>
  readonly dial: (name: string, host: string) => string
  readonly say: (number: number) => T['message']
  readonly type: T['message']['type']
}

export const SUBJECTS = {
  plain: {
    protocol: () => plain(),
    dial: (_name: string, host: string) => `${host}:7001`,
    say: (number: number) => ({ type: 'blob' as const, payload: new Uint8Array(number) }),
    type: 'blob',
  },
  keyed: {
    protocol: (name: string) => keyed(keyOf(name)),
    dial: (_name: string, host: string) => `${host}:7002`,
    say: (number: number) => ({ type: 'note' as const, payload: Uint8Array.of(number) }),
    type: 'note',
  },
  sniffing: {
    protocol: (name: string) => sniffing(name === 'alice' ? ['old'] : undefined),
    dial: (_name: string, host: string) => `${host}:7003`,
    say: (number: number) => ({ type: 'line' as const, payload: Uint8Array.of(number) }),
    type: 'line',
  },
  native: {
    protocol: (name: string) => native({ network: 'test/one', privateKey: keyOf(name) }),
    dial: (name: string, host: string) =>
      `node://${native({ network: 'test/one', privateKey: keyOf(name) }).identity ?? ''}@${host}:9946`,
    say: (number: number) => ({
      type: 'message' as const,
      protocol: 'test',
      payload: new Uint8Array(number),
    }),
    type: 'message',
  },
} as const

export interface RecordedOptions {
  readonly seed?: string
  readonly chunking?: Chunking
  readonly limits?: Partial<NodeLimits>
  readonly on?: boolean
  readonly recordingBytesMax?: number
}

/** Bob records: he dials alice, and carol dials him. */
export function startRecorded<T extends ProtocolTypes>(
  subject: Subject<T>,
  { chunking, limits, on = true, recordingBytesMax, seed = 'recorded' }: RecordedOptions = {},
) {
  const world = startVirtualWorld({ seed, ...(chunking === undefined ? {} : { chunking }) })
  const alice = startNode(world, 'alice', '10.0.0.1', subject.protocol('alice'))
  const memory = connectionMemory<T>()
  const recorder = recordConnections<T>({
    sink: memory,
    on,
    ...(recordingBytesMax === undefined ? {} : { recordingBytesMax }),
  })
  const bob = startNode(world, 'bob', '10.0.0.2', subject.protocol('bob'), {
    bootstrap: [subject.dial('alice', '10.0.0.1')],
    connection: recorder.connection,
    ...(limits === undefined ? {} : { limits }),
  })
  const carol = startNode(world, 'carol', '10.0.0.3', subject.protocol('carol'), {
    bootstrap: [subject.dial('bob', '10.0.0.2')],
  })
  const nodes = [alice, bob, carol]
  world.advance(1_000)
  return {
    ...{ world, alice, bob, carol, memory, recorder },
    protocol: () => subject.protocol('bob'),
    /** Everybody says so many things to everybody he has. */
    talk(count = 20) {
      for (const { supervisor } of nodes) {
        for (const { name } of supervisor.connections()) {
          for (let number = 0; number < count; number++) supervisor.send(name, subject.say(number))
        }
      }
      world.advance(500)
    },
  }
}

/** The first recording of bob's that a test is about. */
export function recordingOf<T extends ProtocolTypes>(
  recordings: readonly ConnectionRecording<T>[],
  role: Role,
): ConnectionRecording<T> {
  const found = recordings.find(({ header }) => header.options.role === role)
  if (found === undefined) throw new Error(`bob recorded no ${role}`)
  return found
}
