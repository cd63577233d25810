/**
 * Counts every call of what a network and the core's charts are made of, and makes one of them throw:
 * each implementation that a chart's `setup` names, each method of a wire, a node part, a manifest.
 * @module
 */
import type { Later, NodePart, Protocol } from '../../actors/protocol.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { NodeParts } from './scene.ts'

/** What is thrown; known again wherever it turns up. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault'
}

/** XState tells of a guard that threw by an error of its own, which holds the text. */
export const isInjected = (error: unknown, text = 'was made to throw'): boolean =>
  error instanceof Error && error.message.includes(text)

export interface Throwing {
  /** `chart.kind.name` or `part.method`. */
  readonly target: string
  /** 1 for the first call since the node was made. */
  readonly call: number
}

export interface Instruments {
  readonly calls: ReadonlyMap<string, number>
  /** What the charts name and use, called or not. */
  readonly named: ReadonlySet<string>
  /** Set once it was thrown. */
  readonly thrown: InjectedFault | undefined
}

type Hit = (target: string) => void

const KINDS = ['actions', 'guards', 'delays', 'actors'] as const
type Implementations = Readonly<Record<(typeof KINDS)[number], Readonly<Record<string, unknown>>>>

/** A chart made by `setup`, whatever its types. */
interface Chart {
  readonly config: unknown
  readonly implementations: Implementations
  provide(implementations: Readonly<Record<string, Readonly<Record<string, unknown>>>>): unknown
}

const isChart = (logic: object): logic is Chart => 'implementations' in logic && 'provide' in logic

type Call = (...parameters: readonly unknown[]) => unknown

const isCall = (value: unknown): value is Call => typeof value === 'function'

/** XState's own actions and guards are functions that carry `resolve` or `check`, which it calls. */
function counted(implementation: unknown, target: string, hit: Hit): unknown {
  if (!isCall(implementation)) {
    // A delay that is a number.
    return () => {
      hit(target)
      return implementation
    }
  }
  const parts: Record<string, unknown> = { ...implementation }
  const inner = ['resolve', 'check'].find((name) => isCall(parts[name]))
  const call: Call = (...parameters) => {
    if (inner === undefined) hit(target)
    return implementation(...parameters)
  }
  if (inner === undefined) return call
  const original = parts[inner]
  return Object.assign(call, parts, {
    [inner]: (...parameters: readonly unknown[]) => {
      hit(target)
      return isCall(original) ? original(...parameters) : original
    },
  })
}

/** Logic is invoked by its owner: it counts where it is started. */
const countedLogic = <Logic extends object>(logic: Logic, target: string, hit: Hit): Logic =>
  new Proxy(logic, {
    get(of, name) {
      if (name === 'getInitialSnapshot') hit(target)
      return Reflect.get(of, name) as unknown
    },
  })

function countedChart<Logic extends object>(
  logic: Logic,
  name: string,
  hit: Hit,
  named: Set<string>,
): Logic {
  if (!isChart(logic)) return logic
  const used = JSON.stringify(logic.config)
  const provided: Record<string, Record<string, unknown>> = {}
  for (const kind of KINDS) {
    const own: Record<string, unknown> = {}
    for (const [key, implementation] of Object.entries(logic.implementations[kind])) {
      const target = `${name}.${kind}.${key}`
      // A session's chart is given all that a session can say, and uses what it needs.
      if (used.includes(`"${key}"`)) named.add(target)
      // An actor's slot is filled by whoever owns the chart, and counted there.
      if (kind !== 'actors') own[key] = counted(implementation, target, hit)
    }
    provided[kind] = own
  }
  return logic.provide(provided) as Logic
}

/** Every method and every accessor counts. */
const countedPart = <Part extends object>(part: Part, name: string, hit: Hit): Part =>
  new Proxy(part, {
    get(of, property) {
      const target = `${name}.${String(property)}`
      if (Object.getOwnPropertyDescriptor(of, property)?.get !== undefined) hit(target)
      const value: unknown = Reflect.get(of, property)
      if (!isCall(value)) return value
      return (...parameters: readonly unknown[]) => {
        hit(target)
        return Reflect.apply(value, of, parameters) as unknown
      }
    },
  })

function countedNodePart<T extends ProtocolTypes>(part: NodePart<T>, hit: Hit): NodePart<T> {
  const isLater = (answer: unknown): answer is Later<T['answer']> =>
    typeof answer === 'object' && answer !== null && 'job' in answer && 'finish' in answer
  return countedPart<NodePart<T>>(
    {
      ...part,
      answer(question, about) {
        const answer = part.answer(question, about)
        return isLater(answer) ? countedPart(answer, 'later', hit) : answer
      },
    },
    'node-part',
    hit,
  )
}

function countedProtocol<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  hit: Hit,
  named: Set<string>,
): Protocol<T> {
  const { children, datagrams } = protocol
  const session = countedChart(protocol.session, 'session', hit, named)
  const parts: Protocol<T> = {
    ...protocol,
    session: countedLogic(session, 'connection.actors.session', hit),
    addresses: countedPart(protocol.addresses, 'addresses', hit),
    wire: (setup) => countedPart(protocol.wire(setup), 'wire', hit),
    node: (tools) => countedNodePart(protocol.node(tools), hit),
    ...(datagrams === undefined
      ? {}
      : { datagrams: (tools) => countedPart(datagrams(tools), 'datagrams', hit) }),
    ...(children === undefined
      ? {}
      : { children: children.map((child) => countedPart(child, `child ${child.name}`, hit)) }),
  }
  return countedPart(parts, 'protocol', hit)
}

export function instrument<T extends ProtocolTypes>(
  { charts, protocol }: NodeParts<T>,
  throwing?: Throwing,
  onThrow: () => void = () => undefined,
): { readonly parts: NodeParts<T>; readonly instruments: Instruments } {
  const calls = new Map<string, number>()
  const named = new Set<string>()
  let thrown: InjectedFault | undefined
  const hit: Hit = (target) => {
    const call = (calls.get(target) ?? 0) + 1
    calls.set(target, call)
    if (throwing?.target !== target || throwing.call !== call) return
    onThrow()
    thrown = new InjectedFault(`${target} was made to throw`)
    throw thrown
  }
  const parts: NodeParts<T> = {
    protocol: countedProtocol(protocol, hit, named),
    charts: {
      connection: countedChart(charts.connection, 'connection', hit, named),
      root: countedChart(charts.root, 'root', hit, named),
    },
  }
  return {
    parts,
    instruments: {
      calls,
      named,
      get thrown() {
        return thrown
      },
    },
  }
}
