/**
 * What a connection is lent by its node, with a recorder between the two: all that passes is written
 * down as it passes, and passes unchanged. Only chance is another one, a stream that a seed decides.
 * @module
 */
import type { Asking, Later, NodePart } from '../actors/protocol.ts'
import type { Connection, ConnectionTools } from '../actors/connection-contract.ts'
import type { CreditAccount, CreditPool } from '../actors/credit.ts'
import type { Router } from '../actors/router.ts'
import type { Reader, Turns } from '../actors/turns.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoJob } from '../world/jobs.ts'
import type { Observation, ObservationPort } from '../world/observation.ts'
import type { Random } from '../world/random.ts'
import type { StreamId, Streams } from '../world/streams.ts'
import type { Ask, Deed, SlotChange } from './connection-entries.ts'
import type { Tape } from './connection-tape.ts'
import { recordedLoop } from './recorded-loop.ts'

export interface RecordedToolsOptions<T extends ProtocolTypes> {
  readonly tools: ConnectionTools<T>
  readonly tape: Tape<T>
  /** In place of the connection's own fork. */
  readonly random: Random
  /** The connection as its node knows it. */
  outer(): Connection<T>
  /** The connection's account was opened. */
  onCredit(account: Pick<CreditAccount, 'isExhausted'>): void
}

const heard = () => ({ kind: 'heard' }) as const

function recordedStreams<T extends ProtocolTypes>(streams: Streams, tape: Tape<T>): Streams {
  const asDeed =
    (
      kind: Exclude<Deed['kind'] & `stream.${string}`, 'stream.write'>,
      does: (stream: StreamId) => void,
    ) =>
    (stream: StreamId): void => {
      tape.deed(() => ({ kind }))
      does(stream)
    }
  // Pieces are joined before they come here, so that a write is one deed.
  const { writePieces: _, ...whole } = streams
  return {
    ...whole,
    write(stream, bytes) {
      // Before it is handed on: the bytes are the transport's from then on.
      tape.deed(() => ({
        kind: 'stream.write',
        bytes: bytes.length,
        hash: tape.seal.openHash(bytes),
      }))
      streams.write(stream, bytes)
    },
    pause: asDeed('stream.pause', streams.pause),
    resume: asDeed('stream.resume', streams.resume),
    report: asDeed('stream.report', streams.report),
    end: asDeed('stream.end', streams.end),
    destroy: asDeed('stream.destroy', streams.destroy),
  }
}

/** What the observation port is told of the connection, as deeds. */
export function deedOf(observation: Observation): Deed | undefined {
  switch (observation.of) {
    case 'transition': {
      const { chart, event, state } = observation
      return { kind: 'transition', chart, event, state }
    }
    case 'message': {
      const { bytesOnWire, direction, type } = observation
      return { kind: 'message', direction, type, bytesOnWire }
    }
    case 'refused':
      return { kind: 'refused', detail: observation.detail, bytesOnWire: observation.bytesOnWire }
    case 'effect':
    case 'event':
    case 'step':
    case 'timing':
    case 'written':
      return undefined
  }
}

function recordedPort<T extends ProtocolTypes>(
  port: ObservationPort,
  tape: Tape<T>,
): ObservationPort {
  return {
    wants: {
      step: false,
      effect: false,
      event: false,
      timing: false,
      get transition() {
        return tape.isRunning || port.wants.transition
      },
      get message() {
        return tape.isRunning || port.wants.message
      },
      get written() {
        return port.wants.written
      },
      get refused() {
        return tape.isRunning || port.wants.refused
      },
    },
    isInStep: false,
    get watcherCount() {
      return port.watcherCount
    },
    tell(observation) {
      const deed = deedOf(observation)
      if (deed !== undefined) tape.deed(() => deed)
      if (port.wants[observation.of]) port.tell(observation)
    },
    watch: port.watch,
  }
}

function recordedTurns<T extends ProtocolTypes>(turns: Turns, tape: Tape<T>): Turns {
  const readers = new WeakMap<Reader, Reader>()
  const recorded = (reader: Reader): Reader => {
    const known = readers.get(reader)
    if (known !== undefined) return known
    const made: Reader = {
      readShare: () => tape.callFor(() => ({ kind: 'read' }), reader.readShare),
      flush: () => {
        tape.call(
          () => ({ kind: 'flush' }),
          () => {
            reader.flush()
          },
        )
      },
    }
    readers.set(reader, made)
    return made
  }
  return {
    get number() {
      return turns.number
    },
    wantsToRead(reader) {
      tape.deed(() => ({ kind: 'turn.read' }))
      turns.wantsToRead(recorded(reader))
    },
    wantsToFlush(reader) {
      tape.deed(() => ({ kind: 'turn.flush' }))
      turns.wantsToFlush(recorded(reader))
    },
    leave(reader) {
      tape.deed(() => ({ kind: 'turn.leave' }))
      turns.leave(recorded(reader))
    },
  }
}

/** The node part for one connection: what it answers, and what it puts into the slots meanwhile. */
function recordedNodePart<T extends ProtocolTypes>(
  part: NodePart<T>,
  tape: Tape<T>,
  numberOf: (job: CryptoJob) => number,
): Pick<NodePart<T>, 'answer' | 'closed' | 'ready'> {
  const isLater = (answer: T['answer'] | Later<T['answer']>): answer is Later<T['answer']> =>
    typeof answer === 'object' && answer !== null && 'job' in answer && 'finish' in answer

  /** What has changed in the slots since then. */
  const changes = (
    before: ReadonlyMap<string, T['keys']>,
    { secrets }: Asking<T>,
  ): readonly SlotChange[] => [
    ...[...secrets]
      .filter(([slot, keys]) => before.get(slot) !== keys)
      .map(([slot, keys]) => tape.slot(slot, keys)),
    ...[...before.keys()]
      .filter((slot) => !secrets.has(slot))
      .map((slot) => tape.slot(slot, undefined)),
  ]

  return {
    answer(question, about) {
      const before = new Map(about.secrets)
      const answer = tape.ask(
        () => ({ kind: 'question', hash: tape.seal.keyedHash(question) }),
        () => part.answer(question, about),
        (given) => {
          const slots = changes(before, about)
          return isLater(given)
            ? { kind: 'later', operation: given.job.operation, slots }
            : { kind: 'answered', answer: given, slots }
        },
      )
      if (!isLater(answer)) return answer
      const { job } = answer
      return {
        job,
        finish(result) {
          const then = new Map(about.secrets)
          return tape.ask(
            () => ({ kind: 'finish', request: numberOf(job) }),
            () => answer.finish(result),
            (given) => ({ kind: 'answered', answer: given, slots: changes(then, about) }),
          )
        },
      }
    },
    ready(connection) {
      tape.ask(
        () => ({ kind: 'part-ready' }),
        () => part.ready?.(connection),
        heard,
      )
    },
    closed(connection) {
      tape.ask(
        () => ({ kind: 'part-closed' }),
        () => part.closed?.(connection),
        heard,
      )
    },
  }
}

export function recordedTools<T extends ProtocolTypes>(
  options: RecordedToolsOptions<T>,
): ConnectionTools<T> {
  const { outer, random, tape, tools } = options
  const { jobs, loop, numberOf } = recordedLoop(tools.loop, tools.jobs, tape)

  const router: Router<T> = {
    ...tools.router,
    route: (routed, crediting, isShared) =>
      tape.ask(
        () => ({
          kind: 'route',
          type: routed.message.type,
          hash: tape.seal.keyedHash(routed.message),
          identity: routed.peer.identity,
        }),
        () => tools.router.route(routed, crediting, isShared),
        (outcome) => ({ kind: 'routed', outcome }),
      ),
  }
  const credit: CreditPool = {
    get usedBytes() {
      return tools.credit.usedBytes
    },
    open(onRoom) {
      const account = tools.credit.open(() => {
        tape.call(() => ({ kind: 'room' }), onRoom)
      })
      options.onCredit(account)
      return account
    },
  }
  const told = (ask: () => Ask, run: () => void): void => {
    tape.ask(ask, run, heard)
  }

  return {
    ...tools,
    loop,
    jobs,
    router,
    credit,
    streams: recordedStreams(tools.streams, tape),
    port: recordedPort(tools.port, tape),
    turns: recordedTurns(tools.turns, tape),
    nodePart: { ...tools.nodePart, ...recordedNodePart(tools.nodePart, tape, numberOf) },
    random: { ...random, fork: () => random },
    admit: (connection) =>
      tape.ask(
        () => ({ kind: 'admit', identity: connection.view.identity }),
        () => tools.admit(outer()),
        (refusal) => ({ kind: 'admitted', refusal }),
      ),
    onActive() {
      told(
        () => ({ kind: 'active' }),
        () => {
          tools.onActive(outer())
        },
      )
    },
    onRefused(_, detail) {
      told(
        () => ({ kind: 'refused', detail }),
        () => {
          tools.onRefused(outer(), detail)
        },
      )
    },
    onRoom(_, lane) {
      told(
        () => ({ kind: 'room', lane }),
        () => {
          tools.onRoom(outer(), lane)
        },
      )
    },
    onClosed() {
      told(
        () => ({ kind: 'closed' }),
        () => {
          tools.onClosed(outer())
        },
      )
    },
    onFault(_, error) {
      told(
        () => ({ kind: 'fault' }),
        () => {
          tools.onFault(outer(), error)
        },
      )
    },
  }
}
