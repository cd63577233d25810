/**
 * Whatever of ours throws ends one connection and nothing else: its socket is released, the reason is
 * the right one, and nobody else notices.
 * @module
 */
import { setup } from 'xstate'
import type { Protocol } from '../../actors/protocol.ts'
import type { Role } from '../../codec/wire.ts'
import type { ProtocolTypes, SessionEvent, SessionInput } from '../../machines/session.ts'
import type { SessionLogic, SessionSaid } from '../../machines/session.ts'
import { asSlot } from '../../machines/slot.ts'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import { CASE_MS } from '../suite.ts'
import type { ContractCase } from '../suite.ts'
import { InjectedFault, instrument, isInjected } from './instrument.ts'
import type { Instruments, Throwing } from './instrument.ts'
import { HOSTS, playScene } from './scene.ts'
import type { Scene, SceneNode, SceneOptions } from './scene.ts'
import type { ProtocolSubject } from './subject.ts'
import { otherRole, part, talk } from './visit.ts'

const ROLES = ['dialler', 'listener'] as const

/** What a flow shows the one who looks for faults. */
interface Stage<T extends ProtocolTypes> {
  readonly scene: Scene<T>
  readonly victim: Role
  /** From here on calls are of interest: whoever else is there has come already. */
  mark(): void
  /** And no longer: what is called now is called for others. Left out: to the end of the flow. */
  unmark(): void
}

type Flow<T extends ProtocolTypes> = (stage: Stage<T>) => void

/** A node with a bystander connected to it; the flow goes on with the other node. */
function beside<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  go: (stage: Stage<T>, pair: Readonly<Record<Role, SceneNode<T>>>) => void,
): Flow<T> {
  return (stage) => {
    const { mark, scene, unmark, victim } = stage
    const pair = { listener: scene.start('listener'), dialler: scene.start('dialler') }
    const node = pair[victim]
    const bystander = scene.start('bystander')
    scene.dial(bystander, node.address)
    const isThere = () => bystander.active() !== undefined && isActive(node)
    if (!scene.world.runUntil(isThere, { withinMs: 60_000 })) {
      throw new Error('the bystander did not come in')
    }
    mark()
    go(stage, pair)
    unmark()
    const isStill = bystander.closings().length === 0 && isThere()
    if (!isStill) throw new Error('the bystander noticed', { cause: bystander.closings() })
    const [message] = subject.talk.dialler
    if (message === undefined) return
    const before = node.heard.length
    // The one that is given the fault, and one that has to pass.
    bystander.say(message)
    bystander.say(message)
    scene.world.settle()
    if (node.heard.length === before) throw new Error('the bystander is not heard any more')
  }
}

/** A session that throws as soon as it is told anything. */
const failing = <T extends ProtocolTypes>(): SessionLogic<T> =>
  asSlot(
    setup({
      types: {} as {
        events: SessionEvent<T>
        input: SessionInput<T>
        emitted: SessionSaid<T>
      },
      actions: {
        fail() {
          throw new InjectedFault('the session was made to throw')
        },
      },
    }).createMachine({ on: { '*': { actions: 'fail' } } }),
  )

/** Whether the bystander's connection is active. */
const isActive = <T extends ProtocolTypes>({ supervisor }: SceneNode<T>): boolean =>
  supervisor
    .connections()
    .some(({ address, phase }) => address.includes(HOSTS.bystander) && phase === 'active')

function flowsOf<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
): ReadonlyMap<string, Flow<T>> {
  const flows = new Map<string, Flow<T>>()
  const visitLeft = (byVictim: boolean): Flow<T> =>
    beside(subject, ({ scene, victim }, pair) => {
      scene.meet(pair.dialler, pair.listener)
      talk(scene, subject, pair)
      part(scene, subject, pair, byVictim ? victim : otherRole(victim))
    })
  flows.set('a visit, left', visitLeft(true))
  flows.set('a visit, left by the other', visitLeft(false))
  flows.set(
    'a visit, ended by the line',
    beside(subject, ({ scene, victim }, pair) => {
      scene.meet(pair.dialler, pair.listener)
      scene.kill(pair[otherRole(victim)])
      scene.world.settle()
    }),
  )
  flows.set(
    'a deaf peer, left',
    beside(subject, ({ scene, victim }, pair) => {
      scene.meet(pair.dialler, pair.listener)
      pair[otherRole(victim)].tampering.readsNothing = true
      talk(scene, subject, pair)
      for (const { name } of pair[victim].connections()) pair[victim].supervisor.disconnect(name)
      // The longest farewell here takes 20 s.
      scene.world.advance(subject.protocol(victim).deadlines.flushMs + 20_000)
    }),
  )
  flows.set(
    'a peer that says nothing',
    beside(subject, ({ scene, victim }, pair) => {
      const { connectMs, establish } = subject.protocol(victim).deadlines
      pair[otherRole(victim)].tampering.silentAt = 0
      scene.meet(pair.dialler, pair.listener)
      scene.world.advance(Math.min(connectMs + establish.ms, 30_000))
    }),
  )
  flows.set(
    'nobody there',
    beside(subject, ({ scene, victim }, pair) => {
      scene.dial(pair[victim], scene.nowhere(otherRole(victim)))
      scene.world.network.setReach(() => 'silent')
      scene.dial(pair[victim], pair[otherRole(victim)].address)
      scene.world.advance(subject.protocol(victim).deadlines.connectMs + 1_000)
      scene.world.network.setReach(() => 'open')
    }),
  )
  flows.set('a session that fails', ({ mark, scene, victim }) => {
    mark()
    const protocol = (): Protocol<T> => ({ ...subject.protocol(victim), session: failing<T>() })
    const node = scene.start(victim, { protocol })
    const other = scene.start(otherRole(victim))
    const [from, to] = victim === 'dialler' ? [node, other] : [other, node]
    scene.dial(from, to.address)
    scene.world.advance(100)
  })
  flows.set('start and stop', ({ mark, scene, victim }) => {
    mark()
    scene.start(victim)
  })
  flows.set('a store that answers nothing', ({ mark, scene, victim }) => {
    mark()
    const node = scene.start(victim, { store: { open: () => undefined, close: () => undefined } })
    scene.world.advance(NODE_LIMITS.startMs)
    node.supervisor.stop({ graceMs: 1_000 }).catch(() => undefined)
    scene.world.advance(10_000)
  })
  flows.set('a stop with somebody deaf', ({ mark, scene, victim }) => {
    const pair = { listener: scene.start('listener'), dialler: scene.start('dialler') }
    scene.meet(pair.dialler, pair.listener)
    mark()
    pair[otherRole(victim)].tampering.readsNothing = true
    talk(scene, subject, pair)
    pair[victim].supervisor.stop({ graceMs: 10 }).catch(() => undefined)
    scene.world.advance(1_000)
  })
  const named: [string, (scene: Scene<T>) => void][] = [
    ...Object.entries<(scene: Scene<T>) => void>(subject.details),
    ...Object.entries(subject.flows ?? {}),
  ]
  for (const [name, go] of named) {
    flows.set(name, ({ mark, scene }) => {
      mark()
      go(scene)
    })
  }
  return flows
}

interface Seen {
  readonly instruments: Instruments
  /** Calls up to the mark, and up to its end. */
  readonly before: ReadonlyMap<string, number>
  readonly until: ReadonlyMap<string, number>
}

/** Plays a flow with one seat's node instrumented. */
async function play<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  where: string,
  flow: Flow<T>,
  victim: Role,
  throwing: Throwing | undefined,
  after: (scene: Scene<T>, instruments: Instruments, undecided: readonly string[]) => void,
): Promise<Seen | undefined> {
  let instruments: Instruments | undefined
  let before: ReadonlyMap<string, number> = new Map()
  let until: ReadonlyMap<string, number> | undefined
  let undecided: readonly string[] = []
  let theScene: Scene<T> | undefined
  const options: SceneOptions<T> = {
    isRepeated: throwing === undefined || !IS_CALLED_AT_THE_EDGE.test(throwing.target),
    prepare(seat, parts) {
      if (seat !== victim) return parts
      const isFirst = instruments === undefined
      const made = instrument(parts, throwing, () => {
        if (isFirst) undecided = undecidedOf(theScene, victim)
      })
      instruments ??= made.instruments
      return made.parts
    },
  }
  await playScene(
    subject,
    where,
    (scene) => {
      theScene = scene
      const stage: Stage<T> = {
        scene,
        victim,
        mark() {
          before = new Map(instruments?.calls)
        },
        unmark() {
          until = new Map(instruments?.calls)
        },
      }
      try {
        flow(stage)
      } catch (error) {
        if (!isInjected(error)) throw error
        scene.caught.push(error)
      }
      until ??= new Map(instruments?.calls)
    },
    {
      ...options,
      afterwards(scene) {
        if (instruments !== undefined) after(scene, instruments, undecided)
      },
    },
  )
  return instruments && { instruments, before, until: until ?? instruments.calls }
}

/** Connections of which it is not decided yet why they end. */
function undecidedOf<T extends ProtocolTypes>(
  scene: Scene<T> | undefined,
  victim: Role,
): readonly string[] {
  const node = scene?.nodes.find(({ seat }) => seat === victim)
  if (node === undefined) return []
  return node
    .connections()
    .map(({ name }) => name)
    .filter((name) => node.supervisor.explain(name)?.ended === undefined)
}

/** The public API calls these as well, which is no input: in a replay another call is the nth. */
const IS_CALLED_AT_THE_EDGE = /^(?:addresses|protocol)\.|^node-part\.counts$|^wire\.traffic$/

/** What makes the connection itself: when it throws, the connection is over. */
const IS_OF_CONNECTION = /^(?:connection|session|wire|later)\.|^node-part\.(?:answer|ready)$/

function check<T extends ProtocolTypes>(
  scene: Scene<T>,
  victim: Role,
  { target }: Throwing,
  { thrown }: Instruments,
  undecided: readonly string[],
): void {
  if (thrown === undefined) throw new Error('it was not called this time')
  const node = scene.nodes.find(({ seat }) => seat === victim)
  // Without a manifest's own parts there is no node: whoever starts it is told so.
  if (node === undefined && scene.caught.includes(thrown)) return
  if (node === undefined) throw new Error('there is no such node')
  const isIt = (error: unknown): boolean => isInjected(error, thrown.message)
  if (![...node.faults(), ...scene.caught].some(isIt)) throw new Error('the fault was swallowed')
  const others = scene.nodes.filter((one) => one !== node).flatMap((one) => one.faults())
  if (others.length > 0) throw new Error('another node had a fault', { cause: others[0] })
  if (IS_CALLED_AT_THE_EDGE.test(target)) return
  if (!IS_OF_CONNECTION.test(target) || undecided.length === 0) return
  const isOurs = node
    .closings()
    .some(({ connection, reason }) => undecided.includes(connection) && reason === 'our-fault')
  if (!isOurs)
    throw new Error('the connection did not end as our fault', { cause: node.closings() })
}

interface Chosen {
  readonly flow: string
  readonly victim: Role
  readonly throwing: Throwing
}

/** For each target and role the first flow that calls it: its first call there, and its last one. */
async function choose<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  flows: ReadonlyMap<string, Flow<T>>,
): Promise<{ readonly chosen: readonly Chosen[]; readonly never: readonly string[] }> {
  const chosen: Chosen[] = []
  const named = new Set<string>()
  const reached = new Set<string>()
  for (const victim of ROLES) {
    const done = new Set<string>()
    for (const [flow, go] of flows) {
      const where = `${flow} (${victim})`
      const seen = await play(subject, where, go, victim, undefined, () => undefined)
      if (seen === undefined) continue
      for (const target of seen.instruments.named) named.add(target)
      for (const [target, last] of seen.until) {
        const first = (seen.before.get(target) ?? 0) + 1
        if (last < first || done.has(target)) continue
        done.add(target)
        reached.add(target)
        for (const call of new Set([first, last])) {
          chosen.push({ flow, victim, throwing: { target, call } })
        }
      }
    }
  }
  const isCounted = (target: string) => !/\.actors\.(?!session$)/.test(target)
  return {
    chosen,
    never: [...named].filter((target) => isCounted(target) && !reached.has(target)),
  }
}

export const faultCase = <T extends ProtocolTypes>(subject: ProtocolSubject<T>): ContractCase => ({
  title: 'whatever throws ends its own connection, with a reason, and nothing else',
  // Two runs of each flow for each part that may throw: a slow handshake is made some 250 times.
  timeoutMs: 3 * CASE_MS,
  async run() {
    const flows = flowsOf(subject)
    const { chosen, never } = await choose(subject, flows)
    if (never.length > 0) throw new Error(`no flow comes to ${never.join(', ')}`)
    for (const { flow, throwing, victim } of chosen) {
      const go = flows.get(flow)
      if (go === undefined) continue
      const where = `${throwing.target}, call ${throwing.call}, in ${flow} (${victim})`
      await play(subject, where, go, victim, throwing, (scene, instruments, undecided) => {
        check(scene, victim, throwing, instruments, undecided)
      })
    }
    const targets = new Set(chosen.map(({ throwing }) => throwing.target))
    return `${targets.size} made to throw, in ${chosen.length} runs`
  },
})
