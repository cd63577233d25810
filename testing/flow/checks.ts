/**
 * What a flow expects, checked against what came: each check goes on from where the last one of its
 * kind was, and a failure says what came instead and what happened last.
 * @module
 */
import { concatBytes, encodeHex } from '../../codec/bytes.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { SupervisorEvent } from '../../supervisor/events.ts'
import { FlowError } from './flow-error.ts'
import { shown } from './literals.ts'
import { doesMatch, isEnd, isInState, isSame } from './matching.ts'
import type { Stage } from './stage.ts'
import type { EventPattern, ExpectedEnd, ExpectedState, MessagePattern } from './step.ts'

type Wanted<T extends ProtocolTypes> = MessagePattern<T> | ((message: T['message']) => boolean)

export interface FlowChecks<T extends ProtocolTypes> {
  /** Which step is at hand; a failure's stack begins where `method` was called. */
  enter(name: string, method: (...given: never[]) => unknown): void
  /** @throws {FlowError} always, as the rest do where something does not hold */
  fail(what: string, compared?: { readonly expected: unknown; readonly actual: unknown }): never
  connection(): string
  canReceive(): void
  sent(wanted: Wanted<T>): T['message']
  sentBytes(wanted: Uint8Array): void
  nothingSent(): void
  delivered(wanted: Wanted<T>): T['message']
  state(wanted: ExpectedState): void
  closed(wanted: ExpectedEnd | undefined): void
  event(wanted: EventPattern): void
  /** That no part of the node threw, but for what was expected. */
  noFaults(): void
}

const nameOf = <T extends ProtocolTypes>(wanted: Wanted<T>): string =>
  typeof wanted === 'function' ? 'a message that the test looks for' : shown(wanted)

export function createFlowChecks<T extends ProtocolTypes>(
  stage: Stage<T>,
  ignored: readonly T['message']['type'][],
): FlowChecks<T> {
  const { events, log, peer, supervisor, world } = stage
  let step = 'the beginning'
  let count = 0
  let method: (...given: never[]) => unknown = createFlowChecks
  /** How much of each was expected already. */
  let sentCount = 0
  let sentBytesCount = 0
  let looksAtBytes = false
  let deliveredCount = 0
  let eventCount = 0
  const expectedFaults = new Set<SupervisorEvent>()

  const whereItStands = (): string => {
    const { connection } = stage
    if (connection !== undefined) {
      return `${connection} is ${phaseOf(connection)}, its session ${stage.sessionState() ?? 'none'}`
    }
    const refused = events.findLast(({ type }) => type === 'connection.refused')
    return refused?.type === 'connection.refused'
      ? `the node has no connection: the last dial was refused, ${refused.why}`
      : 'the node has no connection'
  }

  const fail: FlowChecks<T>['fail'] = (what, compared) => {
    const handshake =
      peer.handshakeEndedBy === undefined
        ? ''
        : `\nthe peer's own session ended its handshake: ${peer.handshakeEndedBy}`
    const error = new FlowError(
      `${what}\n\nat ${world.clock.nowMs.toLocaleString('en-US')} ms, in ${step}; ` +
        `${whereItStands()}${handshake}\n${log.print()}`,
      compared,
    )
    Error.captureStackTrace(error, method)
    throw error
  }

  const phaseOf = (connection: string): string => supervisor.explain(connection)?.phase ?? 'unknown'

  const theConnection = (): string => stage.connection ?? fail('there is no connection')

  /** The next of a list that counts, and where it stands. */
  const nextOf = (
    list: readonly T['message'][],
    from: number,
  ): readonly [message: T['message'] | undefined, index: number] => {
    let index = from
    while (index < list.length && ignored.some((type) => type === list[index]?.type)) index++
    return [list[index], index]
  }

  const check = (
    wanted: Wanted<T>,
    message: T['message'] | undefined,
    [was, did]: readonly [was: string, did: string],
  ): T['message'] => {
    if (message === undefined) {
      return fail(`${was} ${nameOf(wanted)}, and ${did} nothing`)
    }
    const holds = typeof wanted === 'function' ? wanted(message) : doesMatch(wanted, message)
    if (holds) return message
    return fail(
      `${was} ${nameOf(wanted)}, and ${did} ${shown(message)}`,
      typeof wanted === 'object'
        ? { expected: wanted, actual: fieldsOf(wanted, message) }
        : undefined,
    )
  }

  /** What the peer heard in a handshake of its own is no part of the flow. */
  const nextSent = () => {
    sentCount = Math.max(sentCount, peer.heardInHandshake)
    return nextOf(peer.heard, sentCount)
  }

  const bytesLeft = (): Uint8Array => {
    sentBytesCount = Math.max(sentBytesCount, peer.bytesInHandshake)
    return concatBytes(...peer.heardBytes).subarray(sentBytesCount)
  }

  return {
    enter(name, entered) {
      method = entered
      step = `step ${++count}, ${name}`
    },
    fail,
    connection: theConnection,
    canReceive() {
      const connection = theConnection()
      if (phaseOf(connection) === 'closed') {
        const ended = supervisor.explain(connection)?.ended
        fail(`nothing can be received: ${connection} has closed, ${ended?.detail ?? 'unknown'}`)
      }
    },
    sent(wanted) {
      const [next, index] = nextSent()
      const message = check(wanted, next, ['the node was to send', 'it sent'])
      sentCount = index + 1
      sentBytesCount = Math.max(sentBytesCount, peer.heardEnds[index] ?? 0)
      return message
    },
    sentBytes(wanted) {
      looksAtBytes = true
      const left = bytesLeft()
      const came = left.subarray(0, wanted.length)
      if (!isSame(wanted, came)) {
        const [expected, actual] = [encodeHex(wanted), encodeHex(left)]
        fail(`the node was to send the bytes ${expected}, and it sent ${actual || 'nothing'}`, {
          expected,
          actual: encodeHex(came),
        })
      }
      sentBytesCount += wanted.length
      while ((peer.heardEnds[sentCount] ?? Infinity) <= sentBytesCount) sentCount++
    },
    nothingSent() {
      const [next] = nextSent()
      if (next !== undefined) fail(`the node was to send nothing, and it sent ${shown(next)}`)
      if (!looksAtBytes && !peer.isDeaf) return
      const left = bytesLeft()
      if (left.length > 0) fail(`the node was to send nothing, and it sent ${encodeHex(left)}`)
    },
    delivered(wanted) {
      const next = stage.delivered[deliveredCount]
      const message = check(wanted, next, ['the application was to get', 'it got'])
      deliveredCount++
      return message
    },
    state(wanted) {
      const connection = theConnection()
      if (typeof wanted === 'string') {
        const phase = phaseOf(connection)
        if (phase !== wanted) fail(`the connection was to be ${wanted}, and it is ${phase}`)
        return
      }
      const state = stage.sessionState() ?? 'none'
      if (isInState(state, wanted.session)) return
      fail(`the session was to be in ${wanted.session}, and it is in ${state}`)
    },
    closed(wanted) {
      const connection = theConnection()
      const ended = supervisor.explain(connection)?.ended
      const phase = phaseOf(connection)
      const named = wanted === undefined ? '' : ` with ${shown(wanted)}`
      if (ended === undefined || phase !== 'closed') {
        fail(`the connection was to be closed${named}, and it is ${phase}`)
        return
      }
      if (isEnd(wanted, ended)) return
      const actual = { detail: ended.detail, reason: ended.reason, phase: ended.phase }
      fail(`the connection was to be closed${named}, and it was with ${shown(actual)}`, {
        expected: wanted,
        actual: typeof wanted === 'object' ? fieldsOf(wanted, actual) : ended.detail,
      })
    },
    event(wanted) {
      const index = events.findIndex((event, at) => at >= eventCount && doesMatch(wanted, event))
      const event = events[index]
      if (event === undefined) {
        const types = events.slice(eventCount).map(({ type }) => type)
        fail(
          `the event ${shown(wanted)} was to come, and there came ` +
            (types.length === 0 ? 'none' : types.join(', ')),
        )
        return
      }
      eventCount = index + 1
      expectedFaults.add(event)
    },
    noFaults() {
      const fault = events.find((event) => event.type === 'fault' && !expectedFaults.has(event))
      if (fault?.type !== 'fault') return
      const { error } = fault
      fail(`a part of the node threw: ${error instanceof Error ? error.message : String(error)}`)
    },
  }
}

/** The same fields of another value, for a comparison of both. */
function fieldsOf(pattern: object, value: object): Readonly<Record<string, unknown>> {
  const fields: Readonly<Record<string, unknown>> = { ...value }
  return Object.fromEntries(Object.keys(pattern).map((name) => [name, fields[name]]))
}
