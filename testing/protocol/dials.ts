/**
 * Two nodes dial each other at once. In whatever order what they say arrives, both end up with the
 * same connections: one where identities are proven, both where there are none.
 *
 * What a node does with a unit depends on what that connection has got and said before, and on what
 * its connections have come to, in which order. Where both nodes are as they were in another run, the
 * rest is the same: such a run is not gone on with.
 * @module
 */
import type { ProtocolTypes } from '../../machines/session.ts'
import { asWritten } from '../../transport/memory/chunking.ts'
import type { StreamId, StreamInput, Streams } from '../../world/streams.ts'
import type { ContractCase } from '../suite.ts'
import { playScene } from './scene.ts'
import type { Scene } from './scene.ts'
import type { ProtocolSubject, Seat } from './subject.ts'

import type { Pair } from './visit.ts'

/** Long enough for what was refused to be dialled again; silence may end what stays a little later. */
const AFTERWARDS_MS = 60_000

/** What has arrived at a node and waits to be let in, by its stream. */
interface Gate {
  readonly waiting: Map<StreamId, StreamInput[]>
  through(streams: Streams): Streams
  letIn(stream: StreamId): void
  open(): void
}

/** Holds what a stream brings: its bytes and its end. */
function createGate(): Gate {
  const waiting = new Map<StreamId, StreamInput[]>()
  let isOpen = false
  let enter: (input: StreamInput) => void = () => undefined
  const letIn = (stream: StreamId): void => {
    const queue = waiting.get(stream) ?? []
    const input = queue.shift()
    if (queue.length === 0) waiting.delete(stream)
    if (input !== undefined) enter(input)
  }

  return {
    waiting,
    through: (streams) => ({
      ...streams,
      start(next) {
        enter = next
        streams.start((input) => {
          const isHeld = input.kind === 'stream.bytes' || input.kind === 'stream.ended'
          if (isOpen || !isHeld) {
            next(input)
            return
          }
          const queue = waiting.get(input.stream) ?? []
          // The transport's bytes are its own again when this call is over.
          queue.push(
            input.kind === 'stream.bytes' ? { ...input, bytes: input.bytes.slice() } : input,
          )
          waiting.set(input.stream, queue)
        })
      },
      destroy(stream) {
        waiting.delete(stream)
        streams.destroy(stream)
      },
    }),
    letIn,
    open() {
      isOpen = true
      for (const stream of [...waiting.keys()]) {
        while (waiting.has(stream)) letIn(stream)
      }
    },
  }
}

interface Choice {
  readonly seat: Seat
  readonly stream: StreamId
}

/** What a node has come to: what each connection got and went through, and the order among them. */
function watchPlace<T extends ProtocolTypes>({ supervisor }: Pair<T>['dialler']) {
  const got = new Map<StreamId, number>()
  const sessions = new Map<string, string[]>()
  const connections: string[] = []
  supervisor.port.watch((observation) => {
    if (observation.of !== 'transition') return
    const { chart, event, name, state } = observation
    if (chart === 'session') {
      sessions.set(name, [...(sessions.get(name) ?? []), `${event} ${state}`])
    } else connections.push(`${name} ${event} ${state}`)
  })
  const sorted = <Value>(map: ReadonlyMap<number | string, Value>) =>
    [...map].sort(([one], [other]) => (one < other ? -1 : 1))
  return {
    got(stream: StreamId): void {
      got.set(stream, (got.get(stream) ?? 0) + 1)
    },
    print: (): string => JSON.stringify([sorted(got), sorted(sessions), connections]),
  }
}

interface Explored {
  /** How many could be let in at each point. */
  readonly widths: readonly number[]
  readonly wasCutShort: boolean
}

/** Follows the given choices, then always the first one, up to where another run has been. */
function follow<T extends ProtocolTypes>(
  scene: Scene<T>,
  choices: readonly number[],
  seen: Set<string>,
): Explored & { readonly pair: Pair<T> } {
  scene.world.network.setChunking(asWritten)
  const gates = { dialler: createGate(), listener: createGate() }
  const pair = {
    listener: scene.start('listener', { through: gates.listener.through }),
    dialler: scene.start('dialler', { through: gates.dialler.through }),
  }
  scene.dial(pair.dialler, pair.listener.address)
  scene.dial(pair.listener, pair.dialler.address)
  const widths: number[] = []
  const places = { dialler: watchPlace(pair.dialler), listener: watchPlace(pair.listener) }
  let wasCutShort = false
  for (let depth = 0; ; depth++) {
    const open: Choice[] = (['dialler', 'listener'] as const).flatMap((seat) =>
      [...gates[seat].waiting.keys()].sort().map((stream) => ({ seat, stream })),
    )
    if (open.length === 0) break
    if (depth >= choices.length) {
      const place = `${places.dialler.print()} ${places.listener.print()}`
      if (seen.has(place)) {
        wasCutShort = true
        break
      }
      seen.add(place)
    }
    widths.push(open.length)
    const { seat, stream } = open[choices[depth] ?? 0] ?? { seat: 'dialler', stream: 0 }
    if (seat !== 'bystander') {
      places[seat].got(stream)
      gates[seat].letIn(stream)
    }
    scene.world.settle()
  }
  gates.dialler.open()
  gates.listener.open()
  return { pair, widths, wasCutShort }
}

/** The next path in the order of a search that goes deep first. */
function nextAfter(choices: readonly number[], widths: readonly number[]): number[] | undefined {
  const path = widths.map((_, depth) => choices[depth] ?? 0)
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const choice = (path[depth] ?? 0) + 1
    if (choice < (widths[depth] ?? 0)) return [...path.slice(0, depth), choice]
  }
  return undefined
}

/** Both see the same connections, and as many as the network means to keep. */
function check<T extends ProtocolTypes>(
  scene: Scene<T>,
  subject: ProtocolSubject<T>,
  { dialler, listener }: Pair<T>,
): void {
  const rolesOf = ({ supervisor }: Pair<T>['dialler']) =>
    supervisor.connections().flatMap(({ phase, role }) => (phase === 'active' ? [role] : []))
  const look = (): string => {
    const [ofDialler, ofListener] = [rolesOf(dialler), rolesOf(listener)]
    const hasIdentity = dialler.supervisor
      .connections()
      .some(({ identity }) => identity !== undefined)
    const count = hasIdentity ? 1 : 2
    const mirrored = ofDialler.map((role) => (role === 'dialler' ? 'listener' : 'dialler'))
    const isRight =
      ofDialler.length === count && mirrored.sort().join() === [...ofListener].sort().join()
    return isRight ? '' : `${ofDialler.join() || 'none'} and ${ofListener.join() || 'none'}`
  }
  scene.world.settle()
  scene.world.advance(
    Math.min(AFTERWARDS_MS, subject.protocol('dialler').deadlines.progress.ms / 2),
  )
  const wrong = look()
  if (wrong !== '') throw new Error(`what stays is ${wrong}`)
}

/** @param runsMax as many runs are made, and the rest is left: the figure says so */
export const dialCase = <T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
  runsMax: number,
): ContractCase => ({
  title: 'two that dial each other at once agree on what stays, in whatever order it arrives',
  async run() {
    const seen = new Set<string>()
    let choices: number[] | undefined = []
    let [runs, whole] = [0, 0]
    while (choices !== undefined && runs < runsMax) {
      const path: readonly number[] = choices
      const { widths, wasCutShort } = await playScene(
        subject,
        `in the order ${path.join(' ')}`,
        (scene) => {
          const { pair, ...explored } = follow(scene, path, seen)
          if (!explored.wasCutShort) check(scene, subject, pair)
          return explored
        },
      )
      runs++
      if (!wasCutShort) whole++
      choices = nextAfter(path, widths)
    }
    const left = choices === undefined ? '' : ', and there are more'
    return `${whole} orders in ${runs} runs${left}`
  },
})
