/**
 * What the applications of a simulated network do: each publishes, asks and tells, each at times drawn
 * from a source of its own, and answers what it is asked after a while.
 * @module
 */
import type { Workload } from '../../actors/protocol-tools.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Random } from '../../world/random.ts'
import { decodePayload, encodePayload } from './payloads.ts'
import type { Ledger } from './ledger.ts'
import type { WorkloadNumbers } from './preset.ts'
import type { Schedule } from './schedule.ts'
import { nodeBehind, REQUEST_PROTOCOL, TOPICS } from './simulated-node.ts'
import type { ApplicationAnswer, Life, SimulatedNode } from './simulated-node.ts'

export interface ApplicationsOptions<T extends ProtocolTypes> {
  readonly nodes: readonly SimulatedNode<T>[]
  readonly workload: Workload<T>
  readonly numbers: WorkloadNumbers
  readonly ledger: Ledger
  readonly random: Random
  readonly schedule: Schedule
  nowMs(): number
  /** An answer that is none to what was asked. */
  onWrongAnswer(life: Life<T>, what: string): void
}

export interface Applications<T extends ProtocolTypes> {
  /** A node has begun a life. */
  begin(life: Life<T>): void
  answer(life: Life<T>, payload: Uint8Array): ApplicationAnswer
  validate(life: Life<T>): ApplicationAnswer
  listens(life: Life<T>): boolean
  /** Nothing more is said of its own accord. What is asked is answered. */
  stop(): void
  readonly counts: {
    readonly published: number
    readonly refused: number
    readonly requests: number
    readonly answered: number
    readonly told: number
  }
}

/** What the application of a node draws from. */
export const drawMs = (random: Random, msMax: number): number => random.unit() * msMax

export function createApplications<T extends ProtocolTypes>({
  ledger,
  nodes,
  nowMs,
  numbers,
  onWrongAnswer,
  random: root,
  schedule,
  workload,
}: ApplicationsOptions<T>): Applications<T> {
  const randoms = nodes.map(({ name }) => root.fork(name))
  const publishMs = Math.max(numbers.publishMsMin, numbers.publishMsPerNode * nodes.length)
  const keptKinds = workload.publications.filter(({ isKept }) => isKept)
  const plainKinds = workload.publications.filter(({ isKept }) => !isKept)
  const counts = { published: 0, refused: 0, requests: 0, answered: 0, told: 0 }
  let isStopped = false

  const randomOf = ({ of: { index } }: Life<T>): Random => randoms[index] ?? root
  const happens = (random: Random, percent: number): boolean => random.below(100) < percent
  const pick = <Item>(random: Random, items: readonly Item[]): Item | undefined =>
    items.length === 0 ? undefined : items[random.below(items.length)]

  const payloadFor = (random: Random, number: number): Uint8Array =>
    encodePayload(number, random.below(numbers.payloadBytesMax + 1))

  /** Over and over while the node lives, at drawn times. */
  const repeat = (life: Life<T>, everyMs: number, act: (random: Random) => void): void => {
    const random = randomOf(life)
    const again = (): void => {
      schedule.after(drawMs(random, 2 * everyMs), () => {
        if (isStopped || life.isOver) return
        if (life.node.state === 'running') act(random)
        again()
      })
    }
    again()
  }

  const publish = (life: Life<T>, random: Random): void => {
    const isKept = happens(random, numbers.keptPercent)
    const [wished, others] = isKept ? [keptKinds, plainKinds] : [plainKinds, keptKinds]
    const kind = pick(random, wished) ?? pick(random, others)
    const topic = pick(random, TOPICS)
    if (kind === undefined || topic === undefined) return
    const { index: publisher, identity: origin } = life.of
    const payload = payloadFor(random, ledger.published.length)
    counts.published++
    const entry = ledger.publish({
      ...{ ...kind, topic, publisher, origin, bytes: payload.length, publishedMs: nowMs() },
      others: nodes.filter((node) => node.life?.node.state === 'running').length - 1,
    })
    life.call(
      { service: 'publish', publication: { topic, payload, kind: kind.kind } },
      (outcome) => {
        // What a service of publications answers is its report.
        if ('value' in outcome && 'id' in outcome.value) entry.id = outcome.value.id
        else counts.refused++
      },
    )
  }

  const isAnswerTo = (number: number, value: unknown): boolean =>
    value instanceof Uint8Array && decodePayload(value) === number

  /** Any node, also one that there is no connection with: then it is dialled. */
  const request = (life: Life<T>, random: Random): void => {
    const other = pick(random, nodes)
    if (other === undefined || other === life.of) return
    const number = ledger.ask(life.of.index, other.index)
    counts.requests++
    const asked = {
      ...{ peer: other.address, protocol: REQUEST_PROTOCOL, metadata: undefined },
      ...{ payload: payloadFor(random, number), timeoutMs: 30_000 },
    }
    const call = life.call({ service: 'request', asked }, (outcome) => {
      if (!('value' in outcome)) return
      counts.answered++
      if (!isAnswerTo(number, outcome.value)) {
        onWrongAnswer(life, `request ${number} got the answer of another one`)
      }
    })
    if (!happens(random, numbers.calledOffPercent)) return
    schedule.after(drawMs(random, numbers.handlerMsMax), () => {
      if (!life.isOver) life.callOff(call)
    })
  }

  const tell = (life: Life<T>, random: Random): void => {
    const active = life.node.connections().filter(({ view }) => view.phase === 'active')
    const connection = pick(random, active)
    const peer = connection && nodeBehind(nodes, connection.view)
    if (connection === undefined || peer === undefined || workload.oneWay === undefined) return
    const payload = payloadFor(random, ledger.say(life.of.index, peer.index))
    const message = workload.oneWay.make(payload)
    if (connection.reserve(message) !== 'queued') return
    counts.told++
    life.enter({ name: 'send', connection: connection.name, message })
  }

  return {
    begin(life) {
      if (workload.publications.length > 0) {
        repeat(life, publishMs, (random) => publish(life, random))
      }
      if (workload.takesRequests) {
        repeat(life, numbers.requestMs, (random) => request(life, random))
      }
      if (workload.oneWay !== undefined) {
        repeat(life, numbers.oneWayMs, (random) => tell(life, random))
      }
    },
    answer(life, payload) {
      const random = randomOf(life)
      const afterMs = drawMs(random, numbers.handlerMsMax)
      if (happens(random, numbers.handlerHangsPercent)) {
        return { afterMs: undefined, outcome: 'done', value: undefined }
      }
      if (happens(random, numbers.handlerFailsPercent)) {
        return { afterMs, outcome: 'failed', value: undefined }
      }
      return { afterMs, outcome: 'done', value: payload.slice() }
    },
    validate: (life) => ({
      ...{ outcome: 'done', value: 'accept' },
      afterMs: drawMs(randomOf(life), numbers.validationMsMax),
    }),
    listens: (life) => !happens(randomOf(life), numbers.deafPercent),
    stop() {
      isStopped = true
    },
    counts,
  }
}
