/**
 * Days on which anything may happen: three nodes dial, talk, ban, fall silent and die in a drawn
 * order, over lines that cut, flip and reset. Afterwards each stops, holds nothing, has no fault of
 * its own, and is the same when it is run again.
 * @module
 */
import type { ProtocolTypes } from '../../machines/session.ts'
import { seededRandom } from '../../transport/random.ts'
import type { Random } from '../../world/random.ts'
import { drawnChunks } from '../../transport/memory/chunking.ts'
import { CASE_MS } from '../suite.ts'
import type { ContractCase } from '../suite.ts'
import { HOSTS, playScene } from './scene.ts'
import type { Scene, SceneNode } from './scene.ts'
import type { ProtocolSubject, Seat } from './subject.ts'

const SEATS: readonly Seat[] = ['listener', 'dialler', 'bystander']

/** What one of them takes of the largest network here, ten times over. */
const DAY_MS = 10_000

interface Day<T extends ProtocolTypes> {
  readonly scene: Scene<T>
  readonly random: Random
  readonly messages: readonly T['message'][]
  readonly living: readonly SceneNode<T>[]
}

function drawn<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[random.below(items.length)]
  if (item === undefined) throw new RangeError('there is nothing to draw from')
  return item
}

const between = (random: Random, least: number, most: number): number =>
  least + random.below(most - least + 1)

function send<T extends ProtocolTypes>({ messages, random }: Day<T>, node: SceneNode<T>): void {
  const [first] = node.supervisor.connections().filter(({ phase }) => phase === 'active')
  if (first === undefined) return
  for (let count = 0; count < 5; count++) node.supervisor.send(first.name, drawn(random, messages))
}

function disconnect<T extends ProtocolTypes>({ random }: Day<T>, node: SceneNode<T>): void {
  const connections = node.supervisor.connections()
  if (connections.length > 0) node.supervisor.disconnect(drawn(random, connections).name)
}

/** How often each thing happens, in parts of the whole. */
const HAPPENINGS: readonly (readonly [
  parts: number,
  happen: <T extends ProtocolTypes>(day: Day<T>, node: SceneNode<T>) => void,
])[] = [
  [3, ({ random, scene }, node) => scene.dial(node, drawn(random, scene.nodes).address)],
  [3, send],
  [1, disconnect],
  [1, ({ random, scene }) => scene.world.advance(random.below(3_000))],
  [1, ({ random, scene }) => scene.world.advance(random.below(60_000))],
  // Leaves everything that is on its way where it is.
  [1, ({ random, scene }) => times(random.below(20), () => scene.world.clock.step())],
  [
    1,
    ({ random, scene }) =>
      scene.world.network.setChunking(drawnChunks(random.fork('chunks'), between(random, 1, 200))),
  ],
  [
    1,
    ({ random }, node) =>
      node.supervisor.ban(HOSTS[drawn(random, SEATS)], { ms: between(random, 1, 20_000) }),
  ],
  [
    1,
    // There may be no such stream.
    ({ random, scene }, { seat }) => scene.world.network.reset(HOSTS[seat], between(random, 1, 12)),
  ],
  [1, ({ random }, { tampering }) => (tampering.flippedAt = random.below(600))],
  [
    1,
    (_, { tampering }) => {
      delete tampering.flippedAt
      tampering.readsNothing = tampering.readsNothing !== true
    },
  ],
]

function times(count: number, act: () => unknown): void {
  for (let done = 0; done < count; done++) act()
}

function spend<T extends ProtocolTypes>(day: Day<T>): void {
  const { random } = day
  const bag = HAPPENINGS.flatMap(([parts, happen]) => Array.from({ length: parts }, () => happen))
  let { living } = day
  times(between(random, 5, 45), () => {
    if (living.length === 0) return
    const node = drawn(random, living)
    if (random.below(64) === 0) {
      day.scene.kill(node)
      living = living.filter((other) => other !== node)
    } else drawn(random, bag)({ ...day, living }, node)
  })
}

export const dayCase = <T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  days: number,
): ContractCase => ({
  title: 'whatever happens in whatever order, nothing is held, nothing fails, and it is repeated',
  timeoutMs: Math.max(CASE_MS, days * DAY_MS),
  async run() {
    const messages = [...subject.talk.dialler, ...subject.talk.listener]
    for (let day = 1; day <= days; day++) {
      const seed = `day ${day}`
      await playScene(
        subject,
        seed,
        (scene) => {
          const living = SEATS.map((seat) => scene.start(seat))
          spend({ scene, random: seededRandom(seed).fork('what happens'), messages, living })
        },
        { seed },
      )
    }
    return `${days} days`
  },
})
