/**
 * One node of a simulation over all its lives: it is started, stopped and killed, and its store
 * outlives it. The node is driven as its public API drives it, by commands as inputs, but without a
 * promise: what happens is told within its step, and handlers answer from the schedule.
 * @module
 */
import type { Routed } from '../../actors/child.ts'
import type { ConnectionView, Protocol } from '../../actors/protocol.ts'
import type { ProtocolTools } from '../../actors/protocol-tools.ts'
import type { Asked, Delivery } from '../../actors/services.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Call, CallOutcome } from '../../supervisor/application.ts'
import type { Command } from '../../supervisor/commands.ts'
import { createNode } from '../../supervisor/node.ts'
import type { Node, NodeLimits } from '../../supervisor/node-contract.ts'
import type { Happening } from '../../supervisor/waits.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import type { World } from '../../world/world.ts'
import type { VirtualWorld } from '../virtual-world.ts'
import { createHandedOver } from './ledger.ts'
import type { HandedOver } from './ledger.ts'
import type { Schedule } from './schedule.ts'
import { traceInputsOf, tracedWorld } from './traced-world.ts'
import type { Trace } from './trace.ts'

/** Under which requests are made and answered. */
export const REQUEST_PROTOCOL = 'simulation'
/** What is about the second one is looked at by the application before it is passed on. */
export const TOPICS = ['plain', 'looked-at'] as const
const VALIDATED_TOPIC = TOPICS[1]
/** As the public API sets it. */
const HANDLER_DEADLINE_MS = 30_000
const ANSWERING = 1
const VALIDATING = 2

/** What the application of a node says to what it is asked. */
export interface ApplicationAnswer {
  /** Undefined: it never answers. */
  readonly afterMs: number | undefined
  readonly outcome: 'done' | 'failed'
  readonly value: unknown
}

/** A node from a start to its end. */
export interface Life<T extends ProtocolTypes> {
  readonly of: SimulatedNode<T>
  /** From 1. */
  readonly number: number
  readonly node: Node<T>
  readonly isOver: boolean
  readonly handed: HandedOver
  /** Connections that began and have not ended. */
  readonly open: Set<string>
  /** Not from inside a step. */
  enter(command: Command): void
  /** Settles the call at most once; returns its number. */
  call(call: Call, onSettled: (outcome: CallOutcome) => void): number
  callOff(number: number): void
}

/** Who looks on. Nothing may be entered from in here. */
export interface LifeWatcher<T extends ProtocolTypes> {
  onHappening(life: Life<T>, happening: Happening): void
  onDelivery(life: Life<T>, delivery: Delivery): void
  onMessage(life: Life<T>, routed: Routed<T['message']>): void
  onStrayCall(life: Life<T>): void
  /** Whether anybody hears in this life what others tell the node. */
  listens(life: Life<T>): boolean
  /** It ended in good order; its node is still there to be looked at. */
  onStopped(life: Life<T>): void
  /** It is about to be killed. */
  onKilled(life: Life<T>): void
  onAsked(life: Life<T>, asked: Asked): ApplicationAnswer
  onValidate(life: Life<T>, delivery: Delivery): ApplicationAnswer
}

export interface SimulatedNode<T extends ProtocolTypes> {
  readonly index: number
  readonly name: string
  readonly identity: string | undefined
  readonly host: string
  /** Under which others dial it. */
  readonly address: string
  readonly protocol: Protocol<T>
  /** Undefined: it is down. */
  readonly life: Life<T> | undefined
  readonly lives: number
  /** Whether its wall clock is wrong in this life by more than that of a machine that is kept well. */
  readonly isClockWrong: boolean
  /** By so much its clock is ahead besides what it always is, until its next start. */
  start(wrongByMs?: number): void
  /** In good order: it is down when its connections have said their farewells. */
  stop(graceMs: number): void
  kill(): void
}

/** Who is at the other end of a connection; in a network without identities its host tells. */
export const nodeBehind = <T extends ProtocolTypes>(
  nodes: readonly SimulatedNode<T>[],
  { identity, remote }: Pick<ConnectionView<T>, 'identity' | 'remote'>,
): SimulatedNode<T> | undefined =>
  nodes.find((node) =>
    identity === undefined ? node.host === remote.host : node.identity === identity,
  )

export interface SimulatedNodeOptions<T extends ProtocolTypes> {
  readonly index: number
  readonly tools: ProtocolTools<T>
  readonly makeProtocol: () => Protocol<T>
  readonly host: string
  readonly wallAheadMs: number
  readonly crypto: CryptoBackend
  readonly limits: NodeLimits
  readonly world: VirtualWorld
  readonly schedule: Schedule
  readonly trace: Trace
  readonly watcher: LifeWatcher<T>
  /** Addresses that it knows from the start. */
  readonly seeds: () => readonly T['address'][]
  /** For tests: a world with a part that does something else. */
  readonly changed?: (world: World) => World
}

export function createSimulatedNode<T extends ProtocolTypes>(
  options: SimulatedNodeOptions<T>,
): SimulatedNode<T> {
  const { crypto, host, index, limits, schedule, tools, trace, watcher, world } = options
  const name = `n${index}`
  const traceInput = traceInputsOf(trace, index, () => world.clock.nowMs)
  // The manifest is a plain value: one for all lives.
  const protocol = options.makeProtocol()
  const { addresses, defaultPort, identity } = protocol
  const at = { host, port: defaultPort }
  const address = tools.ownAddress?.(identity, at) ?? addresses.print(addresses.fromSocket(at))
  const handedAlways = createHandedOver()
  let life: Life<T> | undefined
  let lives = 0
  let wrongByMs = 0

  const begin = (): void => {
    lives++
    const wallAheadMs = options.wallAheadMs + wrongByMs
    const number = lives
    const calls = new Map<number, (outcome: CallOutcome) => void>()
    let nextCall = 1
    let isOver = false

    const nodeWorld = tracedWorld(
      world.nodeWorld(name, host, { crypto, wallAheadMs }),
      trace,
      traceInput,
    )

    const over = (): void => {
      isOver = true
      life = undefined
      // What a system keeps of a process is given back.
      world.kill(name)
    }

    const settle = (request: number, { afterMs, outcome, value }: ApplicationAnswer): void => {
      if (afterMs === undefined) return
      schedule.after(afterMs, () => {
        if (isOver) return
        const input = { kind: 'handler.settled', request, outcome, value } as const
        traceInput(input)
        node.loop.enter(input)
      })
    }

    const node = createNode<T>({
      name,
      protocol,
      world: options.changed?.(nodeWorld) ?? nodeWorld,
      listen: [at],
      bootstrap: options.seeds(),
      limits,
      onHappening(happening) {
        if (happening.type === 'call.settled') {
          const settled = calls.get(happening.number)
          calls.delete(happening.number)
          if (settled === undefined) watcher.onStrayCall(self)
          else settled(happening.outcome)
        }
        watcher.onHappening(self, happening)
        if (happening.type !== 'node.stopped') return
        // Its step is not over yet.
        schedule.after(0, () => {
          if (isOver) return
          watcher.onStopped(self)
          over()
        })
      },
      runHandler(handler, request, given) {
        settle(
          request,
          // Each was named for one kind of question alone.
          handler === ANSWERING
            ? watcher.onAsked(self, given as Asked)
            : watcher.onValidate(self, given as Delivery),
        )
      },
      onHandlerGone: () => undefined,
      onWaitOver: () => undefined,
    })

    const self: Life<T> & { kill(): void } = {
      of: simulated,
      number,
      node,
      get isOver() {
        return isOver
      },
      handed: { ...createHandedOver(), kept: handedAlways.kept },
      open: new Set(),
      enter(command) {
        traceInput({ kind: 'command', command })
        node.enter(command)
      },
      call(call, onSettled) {
        const callNumber = nextCall++
        calls.set(callNumber, onSettled)
        self.enter({ name: 'call', number: callNumber, call })
        return callNumber
      },
      callOff(callNumber) {
        if (!calls.delete(callNumber)) return
        self.enter({ name: 'call-off', number: callNumber })
      },
      kill() {
        watcher.onKilled(self)
        over()
      },
    }
    life = self
    killLife = self.kill
    listenIn(self)
    self.enter({ name: 'start' })
  }

  const listenIn = (self: Life<T>): void => {
    const { enter, node } = self
    const { oneWay, takesRequests = false } = tools.workload ?? {}
    for (const topic of TOPICS) {
      node.application.topic(topic).subscribe((delivery) => {
        watcher.onDelivery(self, delivery)
      })
    }
    const named = { name: 'name-handler', deadlineMs: HANDLER_DEADLINE_MS } as const
    enter({ ...named, what: 'validate', key: VALIDATED_TOPIC, handler: VALIDATING })
    if (takesRequests) {
      enter({ ...named, what: 'answer', key: REQUEST_PROTOCOL, handler: ANSWERING })
    }
    if (oneWay === undefined || !watcher.listens(self)) return
    node.router.subject(oneWay.type, false).subscribe((routed) => {
      watcher.onMessage(self, routed)
    })
    enter({ name: 'consume', type: oneWay.type, views: false, consumer: 1 })
  }

  let killLife = (): void => undefined

  const simulated: SimulatedNode<T> = {
    index,
    name,
    identity,
    host,
    address,
    protocol,
    get life() {
      return life
    },
    get lives() {
      return lives
    },
    get isClockWrong() {
      return wrongByMs !== 0
    },
    start(wrongMs = 0) {
      if (life !== undefined) return
      wrongByMs = wrongMs
      begin()
    },
    stop(graceMs) {
      life?.enter({ name: 'stop', graceMs })
    },
    kill() {
      if (life !== undefined) killLife()
    },
  }
  return simulated
}
