/**
 * A flow written by hand: what one node receives and how long it waits, what it has to have sent and
 * come to, a step after the other. The node is a real one, supervised, in a virtual world; its other
 * side is a scripted peer. Each step happens when it is written, and all that follows from it at that
 * instant happens with it; time goes on by `advance` alone.
 *
 * A step that does not hold throws: what was expected, what came instead, what happened last.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { SupervisorEvent } from '../../supervisor/events.ts'
import type { Supervisor } from '../../supervisor/supervisor-contract.ts'
import { heldBy, isAccounted } from '../account.ts'
import type { ScriptedPeer } from '../scripted-peer.ts'
import type { VirtualWorld } from '../virtual-world.ts'
import { createFlowChecks } from './checks.ts'
import { asBytes } from './hex.ts'
import { shown } from './literals.ts'
import { startStage } from './stage.ts'
import type { FlowOptions } from './stage.ts'
import type { EventPattern, ExpectedEnd, ExpectedState, FlowStep, MessagePattern } from './step.ts'

type Predicate<T extends ProtocolTypes> = (message: T['message']) => boolean

/** What a step of the test's own may use. */
export interface FlowParts<T extends ProtocolTypes> {
  readonly world: VirtualWorld
  readonly supervisor: Supervisor<T>
  readonly peer: ScriptedPeer<T>
  /** The name of the connection that the flow is about. */
  readonly connection: string | undefined
}

export interface FlowReport<T extends ProtocolTypes> {
  /** The flow as data: what a function decided stands there as what it decided; `run` is left out. */
  readonly steps: readonly FlowStep<T>[]
  /** All that the node sent, as far as the peer could read it. */
  readonly sent: readonly T['message'][]
  readonly delivered: readonly T['message'][]
  readonly events: readonly SupervisorEvent[]
}

export interface Flow<T extends ProtocolTypes> {
  /** The peer says it; a function is given all that the node has sent. Several leave as one write. */
  receive(
    given:
      T['message'] | readonly T['message'][] | ((sent: readonly T['message'][]) => T['message']),
  ): Flow<T>
  /** Past the peer's wire: bytes, or hexadecimal digits. */
  receiveBytes(bytes: Uint8Array | string): Flow<T>
  advance(ms: number): Flow<T>
  /** The application sends it on the connection; it has to be taken. */
  send(message: T['message']): Flow<T>
  /** The application leaves. */
  disconnect(): Flow<T>
  /** The peer ends its side of the stream. */
  end(): Flow<T>
  /** The stream breaks. */
  reset(): Flow<T>
  /** Whoever dials dials again. A flow begins with a first dial by itself. */
  connect(): Flow<T>
  /** The next message that the node sent, and that no step expected yet. */
  expectSent(what: MessagePattern<T> | Predicate<T>): Flow<T>
  /** The next bytes that the node sent, and that no step expected yet; whole messages among them are expected by it. */
  expectSentBytes(bytes: Uint8Array | string): Flow<T>
  /** Nothing but what was expected before. */
  expectNothingSent(): Flow<T>
  /** The next message that the application got, of the types in `subscribe`. */
  expectDelivered(what: MessagePattern<T> | Predicate<T>): Flow<T>
  /** Of the connection, or of its session. */
  expectState(state: ExpectedState): Flow<T>
  expectClosed(how?: ExpectedEnd): Flow<T>
  /** Some event since the last one that was expected. */
  expectEvent(what: EventPattern): Flow<T>
  /** Whatever else a test needs. */
  run(action: (parts: FlowParts<T>) => void): Flow<T>
  /**
   * Ends every flow: stops the node, and looks that all it received was handled or dropped for a
   * reason, that it holds nothing, and that no part of it threw.
   */
  done(): FlowReport<T>
}

/** Farewells that are waited for longer are cut short, which is a stop's right. */
const STOP_GRACE_MS = 60_000

export function flow<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  options: FlowOptions<T> = {},
): Flow<T> {
  const stage = startStage(protocol, options)
  const { log, peer, supervisor, world } = stage
  const steps: FlowStep<T>[] = []
  const checks = createFlowChecks(stage, options.ignore ?? [])
  let isDone = false

  /** Notes the step, lets it happen, and makes a failure point to the line of the test. */
  const take = (
    name: Exclude<keyof Flow<T>, 'done'>,
    step: FlowStep<T> | undefined,
    happen: () => void,
  ): Flow<T> => {
    checks.enter(name, self[name])
    if (isDone) checks.fail('the flow is done: no step follows')
    const { do: _, ...given } = step ?? { do: name }
    log.note(`> ${name}${Object.keys(given).length === 0 ? '' : ` ${shown(given)}`}`)
    if (step !== undefined) steps.push(step)
    happen()
    return self
  }

  const self: Flow<T> = {
    receive(given) {
      const made = typeof given === 'function' ? given(peer.heard) : given
      const messages: readonly T['message'][] = Array.isArray(made) ? made : [made]
      return take('receive', { do: 'receive', messages }, () => {
        checks.canReceive()
        if (options.handshake === 'by-itself' && !peer.isReady) {
          checks.fail('the peer plays its handshake by itself, and it has not come to its end')
        }
        peer.say(...messages)
        world.settle()
      })
    },
    receiveBytes(given) {
      const bytes = asBytes(given)
      return take('receiveBytes', { do: 'receiveBytes', bytes }, () => {
        checks.canReceive()
        // The stream's from then on.
        peer.write(bytes.slice())
        world.settle()
      })
    },
    advance: (ms) =>
      take('advance', { do: 'advance', ms }, () => {
        world.advance(ms)
      }),
    send: (message) =>
      take('send', { do: 'send', message }, () => {
        const outcome = supervisor.send(checks.connection(), message)
        if (outcome !== 'queued') checks.fail(`the node did not take the message: ${outcome}`)
        world.settle()
      }),
    disconnect: () =>
      take('disconnect', { do: 'disconnect' }, () => {
        supervisor.disconnect(checks.connection())
        world.settle()
      }),
    end: () =>
      take('end', { do: 'end' }, () => {
        peer.end()
        world.settle()
      }),
    reset: () =>
      take('reset', { do: 'reset' }, () => {
        peer.reset()
        world.settle()
      }),
    connect: () => take('connect', { do: 'connect' }, stage.connect),
    expectSent(what) {
      if (typeof what !== 'function') {
        return take('expectSent', { do: 'expectSent', what }, () => {
          checks.sent(what)
        })
      }
      return take('expectSent', undefined, () => {
        const message = checks.sent(what)
        steps.push({ do: 'expectSent', what: message.type })
      })
    },
    expectSentBytes(given) {
      const bytes = asBytes(given)
      return take('expectSentBytes', { do: 'expectSentBytes', bytes }, () => {
        checks.sentBytes(bytes)
      })
    },
    expectNothingSent: () =>
      take('expectNothingSent', { do: 'expectNothingSent' }, checks.nothingSent),
    expectDelivered(what) {
      if (typeof what !== 'function') {
        return take('expectDelivered', { do: 'expectDelivered', what }, () => {
          checks.delivered(what)
        })
      }
      return take('expectDelivered', undefined, () => {
        const message = checks.delivered(what)
        steps.push({ do: 'expectDelivered', what: message.type })
      })
    },
    expectState: (state) =>
      take('expectState', { do: 'expectState', state }, () => {
        checks.state(state)
      }),
    expectClosed: (how) =>
      take(
        'expectClosed',
        how === undefined ? { do: 'expectClosed' } : { do: 'expectClosed', how },
        () => {
          checks.closed(how)
        },
      ),
    expectEvent: (what) =>
      take('expectEvent', { do: 'expectEvent', what }, () => {
        checks.event(what)
      }),
    run: (action) =>
      take('run', undefined, () => {
        action({ world, supervisor, peer, connection: stage.connection })
        world.settle()
      }),
    done() {
      checks.enter('done', self.done)
      if (isDone) checks.fail('the flow is done already')
      isDone = true
      const isOver = () => supervisor.state === 'stopped' || supervisor.state === 'failed'
      if (!isOver()) {
        supervisor.stop({ graceMs: STOP_GRACE_MS }).catch(() => undefined)
        world.runUntil(isOver, { withinMs: 2 * STOP_GRACE_MS })
      }
      if (!isOver()) checks.fail('the node did not stop within its grace')
      world.settle()
      checks.noFaults()
      for (const event of stage.events) {
        if (event.type !== 'connection.closed' || isAccounted(event)) continue
        checks.fail(`${event.connection} received what was neither handled nor dropped`)
      }
      const held = heldBy(supervisor.audit())
      if (held.length > 0) checks.fail(`the node has stopped and still holds ${held.join(', ')}`)
      log.stop()
      return { steps, sent: peer.heard, delivered: stage.delivered, events: stage.events }
    },
  }
  return self
}

/** The same flow from its steps as data, to its end. */
export function runFlow<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  steps: readonly FlowStep<T>[],
  options?: FlowOptions<T>,
): FlowReport<T> {
  const running = flow(protocol, options)
  for (const step of steps) takeStep(running, step)
  return running.done()
}

function takeStep<T extends ProtocolTypes>(running: Flow<T>, step: FlowStep<T>): Flow<T> {
  switch (step.do) {
    case 'receive':
      return running.receive(step.messages)
    case 'receiveBytes':
    case 'expectSentBytes':
      return running[step.do](step.bytes)
    case 'advance':
      return running.advance(step.ms)
    case 'send':
      return running.send(step.message)
    case 'expectSent':
    case 'expectDelivered':
      return running[step.do](step.what)
    case 'expectEvent':
      return running.expectEvent(step.what)
    case 'expectState':
      return running.expectState(step.state)
    case 'expectClosed':
      return running.expectClosed(step.how)
    case 'connect':
    case 'disconnect':
    case 'end':
    case 'reset':
    case 'expectNothingSent':
      return running[step.do]()
  }
}
