/**
 * Whoever runs the nodes of a simulated network: bans, lifts bans, disconnects pairs and connects them
 * again, stops nodes, one drawn act at a time; and the machines under them, which die and come back.
 * @module
 */
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Random } from '../../world/random.ts'
import type { NetworkFaults } from '../../transport/simulated/faults.ts'
import type { OperatorNumbers } from './preset.ts'
import type { Schedule } from './schedule.ts'
import { nodeBehind } from './simulated-node.ts'
import type { Life, SimulatedNode } from './simulated-node.ts'
import { drawMs } from './workload.ts'

export interface OperatorOptions<T extends ProtocolTypes> {
  readonly nodes: readonly SimulatedNode<T>[]
  /** Undefined: nobody does anything. */
  readonly numbers: OperatorNumbers | undefined
  /** How often machines die, and for how long. */
  readonly crash: NetworkFaults['crash']
  readonly random: Random
  readonly schedule: Schedule
  /** Whether a machine dies now: whoever counts faults may leave one out. */
  crashes(): boolean
  start(node: SimulatedNode<T>, wrongByMs: number): void
}

const MINUTE_MS = 60_000
/** How often it is looked whether a node that stops is down. */
const STOPPING_MS = 500

/** In the order in which they are drawn: that of a preset's weights is nobody's to choose. */
const ACTS = ['ban', 'unban', 'connect', 'disconnect', 'stop'] as const satisfies readonly Act[]

type Act = keyof OperatorNumbers['weights']

export interface Operator {
  begin(): void
  /** Nothing more is done to anybody; what was done is undone: every node starts, every ban is lifted. */
  heal(): void
  readonly counts: Readonly<Record<Act | 'restart' | 'wrongClock', number>>
}

export function createOperator<T extends ProtocolTypes>({
  crash,
  crashes,
  nodes,
  numbers,
  random,
  schedule,
  start,
}: OperatorOptions<T>): Operator {
  const counts = { ban: 0, unban: 0, connect: 0, disconnect: 0, stop: 0, restart: 0, wrongClock: 0 }
  /** Pairs that were disconnected and are to be connected again. */
  const parted = new Set<readonly [SimulatedNode<T>, SimulatedNode<T>]>()
  let isHealed = false

  const draw = <Item>(items: readonly Item[]): Item | undefined =>
    items.length === 0 ? undefined : items[random.below(items.length)]
  const running = (): readonly Life<T>[] =>
    nodes.flatMap(({ life }) => (life?.node.state === 'running' ? [life] : []))

  /** One of its active connections, and whose it is. */
  const neighbourOf = (life: Life<T>) => {
    const active = life.node.connections().filter(({ view }) => view.phase === 'active')
    const connection = draw(active)
    const node = connection && nodeBehind(nodes, connection.view)
    return node && { connection: connection.name, node }
  }

  /** By how much a clock is wrong, either way; mostly by nothing. */
  const drawWrongMs = (): number => {
    if (numbers === undefined || random.below(100) >= numbers.wrongClockPercent) return 0
    counts.wrongClock++
    return Math.floor((random.unit() * 2 - 1) * numbers.wrongClockMs)
  }

  /** As soon as it is down, if it is about to be. */
  const restart = (node: SimulatedNode<T>): void => {
    const state = node.life?.node.state
    if (state === undefined) {
      counts.restart++
      start(node, isHealed ? 0 : drawWrongMs())
    } else if (state !== 'running' && state !== 'starting') {
      schedule.after(STOPPING_MS, () => restart(node))
    }
  }

  const restartLater = (node: SimulatedNode<T>, downMs: number): void => {
    schedule.after(downMs, () => {
      if (!isHealed) restart(node)
    })
  }

  const mayGoDown = ({ downPercentMax }: OperatorNumbers): boolean =>
    (nodes.length - running().length + 1) * 100 <= nodes.length * downPercentMax

  const reconnect = (pair: readonly [SimulatedNode<T>, SimulatedNode<T>]): void => {
    const [one, other] = pair
    if (!parted.delete(pair) || one.life?.node.state !== 'running') return
    one.life.enter({ name: 'connect', address: other.address })
  }

  const acts: Readonly<Record<Act, (life: Life<T>, of: OperatorNumbers) => boolean>> = {
    ban(life, { banMsMax }) {
      const other = neighbourOf(life)?.node
      if (other === undefined) return false
      const { host, identity } = other
      const ms = 1 + Math.floor(drawMs(random, banMsMax))
      const key =
        identity === undefined
          ? ({ kind: 'address', host } as const)
          : ({ kind: 'identity', identity } as const)
      life.enter({ name: 'ban', key, ms, why: 'drawn' })
      return true
    },
    unban(life) {
      const ban = draw(life.node.bans())
      if (ban === undefined) return false
      life.enter({ name: 'unban', key: ban.key })
      return true
    },
    connect(life) {
      const other = draw(nodes)
      if (other === undefined || other === life.of) return false
      life.enter({ name: 'connect', address: other.address })
      return true
    },
    disconnect(life, { reconnectMsMax }) {
      const other = neighbourOf(life)
      if (other === undefined) return false
      const { connection, node } = other
      const pair = [life.of, node] as const
      parted.add(pair)
      life.enter({ name: 'disconnect', peer: node.identity ?? connection })
      schedule.after(drawMs(random, reconnectMsMax), () => reconnect(pair))
      return true
    },
    stop(life, of) {
      if (!mayGoDown(of)) return false
      life.of.stop(of.graceMs)
      restartLater(life.of, drawMs(random, of.downMsMax))
      return true
    },
  }

  const drawAct = ({ weights }: OperatorNumbers): Act => {
    let left = random.below(ACTS.reduce((sum, name) => sum + weights[name], 0))
    for (const name of ACTS) {
      left -= weights[name]
      if (left < 0) return name
    }
    return 'connect'
  }

  const actLater = (of: OperatorNumbers): void => {
    const everyMs = Math.max(of.everyMsMin, of.everyMsPerNode / nodes.length)
    schedule.after(drawMs(random, 2 * everyMs), () => {
      if (isHealed) return
      const act = drawAct(of)
      const life = draw(running())
      if (life !== undefined && acts[act](life, of)) counts[act]++
      actLater(of)
    })
  }

  const crashLater = (): void => {
    const everyMs = MINUTE_MS / (crash.perMinute * nodes.length)
    schedule.after(drawMs(random, 2 * everyMs), () => {
      if (isHealed) return
      const life = draw(running())
      const { max, min } = crash.downMs
      const downMs = min + drawMs(random, max - min)
      if (life !== undefined && crashes()) {
        life.of.kill()
        restartLater(life.of, downMs)
      }
      crashLater()
    })
  }

  return {
    begin() {
      if (numbers !== undefined) actLater(numbers)
      if (crash.perMinute > 0) crashLater()
    },
    heal() {
      isHealed = true
      for (const node of nodes) if (node.isClockWrong) node.kill()
      for (const node of nodes) restart(node)
      for (const { enter, node } of running()) {
        for (const { key } of node.bans()) enter({ name: 'unban', key })
      }
      for (const pair of [...parted]) reconnect(pair)
    },
    counts,
  }
}
