/**
 * Every wait has an end, at its time: a peer that falls silent anywhere, that sends a byte now and
 * then, or that reads nothing, is left for the reason that the manifest names.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { Role } from '../../codec/wire.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import { CLOCK_STEP_MS } from '../../world/clock.ts'
import type { ContractCase } from '../suite.ts'
import { edgesIn } from './positions.ts'
import { playScene } from './scene.ts'
import type { Scene, SceneNode } from './scene.ts'
import type { ProtocolSubject } from './subject.ts'
import { otherRole, startPair, talk } from './visit.ts'
import type { Pair } from './visit.ts'

const ROLES = ['dialler', 'listener'] as const

interface Over {
  readonly reason: string
  readonly detail: string
  readonly phase: string
  /** When it was decided. */
  readonly atMs: number
  /** The times at which one of its charts went on, and its own start, before it ended. */
  readonly sinceMs: readonly number[]
  readonly startedMs: number
}

/** How the node's first connection ended; time goes on until it has. */
function overOf<T extends ProtocolTypes>(
  scene: Scene<T>,
  node: SceneNode<T>,
  withinMs: number,
): Over {
  scene.world.runUntil(() => node.closings().length > 0, { withinMs })
  const first = node.closings()[0]
  const explanation = first && node.supervisor.explain(first.connection)
  if (explanation?.ended === undefined) {
    throw new Error(`the ${node.seat} still waits after ${withinMs} ms`)
  }
  const { ended, history, startedMs } = explanation
  // It was decided when it began to close; then comes what a farewell takes.
  const closing = history.find(
    ({ chart, state }) => chart === 'connection' && state.startsWith('closing'),
  )
  const atMs = closing?.atMs ?? ended.atMs
  return {
    reason: ended.reason,
    detail: ended.detail,
    phase: ended.phase,
    atMs,
    startedMs,
    sinceMs: [startedMs, ...history.map((entry) => entry.atMs)].filter((since) => since < atMs),
  }
}

/** Rounded up to the clock's step on the way, once for each timer that led there. */
const isAfter = (atMs: number, sinceMs: number, ms: number): boolean =>
  Math.abs(atMs - sinceMs - ms) <= 2 * CLOCK_STEP_MS

const longest = <T extends ProtocolTypes>({ deadlines }: Protocol<T>): number =>
  Math.max(deadlines.connectMs + deadlines.establish.ms, deadlines.progress.ms) + 60_000

/** By name, the waits of the manifest that ended so, then. */
function waitsThatMatch<T extends ProtocolTypes>(
  { deadlines }: Protocol<T>,
  over: Over,
): readonly string[] {
  const ended = (detail: string, ms: number, sinceMs: readonly number[]): boolean =>
    over.detail === detail && sinceMs.some((since) => isAfter(over.atMs, since, ms))
  const names = Object.entries(deadlines.session)
    .filter(([, { detail, ms }]) => ended(detail, ms, over.sinceMs))
    .map(([name]) => name)
  const { establish, progress } = deadlines
  if (ended(establish.detail, establish.ms, [over.startedMs])) names.push('establish')
  if (over.phase === 'active' && ended(progress.detail, progress.ms, over.sinceMs)) {
    names.push('progress')
  }
  return names
}

/** The first connection with this much silence on both sides. */
function silentFrom<T extends ProtocolTypes>(
  scene: Scene<T>,
  subject: ProtocolSubject<T>,
  at: Readonly<Record<Role, number | undefined>>,
): Pair<T> {
  const pair = startPair(scene)
  for (const role of ROLES) {
    const silentAt = at[role]
    if (silentAt !== undefined) pair[role].tampering.silentAt = silentAt
  }
  const isCutShort = () => ROLES.some((role) => pair[role].closings().length > 0)
  if (scene.meet(pair.dialler, pair.listener, isCutShort)) talk(scene, subject, pair, isCutShort)
  return pair
}

const TALKED = Number.MAX_SAFE_INTEGER

/** What comes in while two meet and talk, nobody leaving. */
async function deliveriesOf<T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
): Promise<Readonly<Record<Role, readonly number[]>>> {
  return playScene(subject, 'undisturbed', (scene) => {
    const { dialler, listener } = silentFrom(scene, subject, {
      dialler: undefined,
      listener: undefined,
    })
    return { dialler: dialler.deliveries(), listener: listener.deliveries() }
  })
}

const silenceCase = <T extends ProtocolTypes>(subject: ProtocolSubject<T>): ContractCase => ({
  title: 'silence ends in a deadline of the manifest, at its time, and each of them is reached',
  async run() {
    const deliveries = await deliveriesOf(subject)
    const reached = new Set<string>()
    let runs = 0
    for (const role of ROLES) {
      const protocol = subject.protocol(role)
      // Before an edge a unit has begun; at it, the next one has not.
      const positions = new Set(
        edgesIn(deliveries[role]).flatMap((edge) => (edge === 0 ? [0] : [edge - 1, edge])),
      )
      for (const position of [...positions, TALKED]) {
        const where = `the ${role} hears nothing after ${position} bytes`
        const over = await playScene(subject, where, (scene) => {
          const pair = silentFrom(scene, subject, {
            listener: undefined,
            dialler: undefined,
            [role]: position === TALKED ? undefined : position,
          })
          // Then nobody hears anything: the other side's end would be an answer.
          for (const one of ROLES) pair[one].tampering.silentAt ??= 0
          return overOf(scene, pair[role], longest(protocol))
        })
        runs++
        const names = over.reason === 'deadline' ? waitsThatMatch(protocol, over) : []
        for (const name of names) reached.add(name)
        if (names.length === 0) {
          throw new Error(`${where}: it ended as ${over.detail}, at no deadline's time`, {
            cause: over,
          })
        }
      }
    }
    const { session } = subject.protocol('dialler').deadlines
    const missed = [...Object.keys(session), 'progress'].filter((name) => !reached.has(name))
    if (missed.length > 0) throw new Error(`never reached: ${missed.join(', ')}`)
    return `${runs} silences`
  },
})

const connectCase = <T extends ProtocolTypes>(subject: ProtocolSubject<T>): ContractCase => ({
  title: 'a dial that nobody answers ends at its deadline',
  async run() {
    const { connectMs, establish } = subject.protocol('dialler').deadlines
    await playScene(subject, 'nobody answers', (scene) => {
      const dialler = scene.start('dialler')
      scene.world.network.setReach(() => 'silent')
      scene.dial(dialler, scene.nowhere('listener'))
      const over = overOf(scene, dialler, connectMs + 1_000)
      const isRight = over.detail === 'connect-deadline' && over.reason === 'deadline'
      const ms = Math.min(connectMs, establish.ms)
      if (!isRight || !isAfter(over.atMs, over.startedMs, ms)) {
        throw new Error(`it ended as ${over.detail} after ${over.atMs - over.startedMs} ms`)
      }
    })
  },
})

const establishCase = <T extends ProtocolTypes>(subject: ProtocolSubject<T>): ContractCase => ({
  title: 'a handshake ends by its own deadline, whatever its steps may take',
  async run() {
    for (const role of ROLES) {
      const { deadlines } = subject.protocol(role)
      const waits = Object.values(deadlines.session).map(({ ms }) => ms)
      const ms = Math.min(deadlines.establish.ms, ...waits.map((wait) => wait / 2))
      const establish = { ...deadlines.establish, ms }
      const hurried = (): Protocol<T> => {
        const protocol = subject.protocol(role)
        return { ...protocol, deadlines: { ...deadlines, establish } }
      }
      await playScene(subject, `the ${role} is in a hurry`, (scene) => {
        const node = scene.start(role, { protocol: hurried })
        const other = scene.start(otherRole(role))
        node.tampering.silentAt = 0
        const pair =
          role === 'dialler'
            ? { dialler: node, listener: other }
            : { dialler: other, listener: node }
        scene.dial(pair.dialler, pair.listener.address)
        other.tampering.silentAt = 0
        // A network whose dialler waits for nothing is active by then.
        if (node.active() !== undefined) return
        const over = overOf(scene, node, deadlines.connectMs + ms + 60_000)
        const isRight = over.reason === 'deadline' && over.detail === establish.detail
        if (!isRight || !isAfter(over.atMs, over.startedMs, ms)) {
          throw new Error(`it ended as ${over.detail} after ${over.atMs - over.startedMs} ms`)
        }
      })
    }
  },
})

const tricklingCase = <T extends ProtocolTypes>(subject: ProtocolSubject<T>): ContractCase => ({
  title: 'who sends a byte now and then is not waited for any longer',
  async run() {
    const { connectMs, establish, flushMs } = subject.protocol('listener').deadlines
    await playScene(subject, 'a byte now and then', (scene) => {
      const listener = scene.start('listener')
      const { streams } = scene.world.nodeWorld('trickle', '10.0.0.50')
      streams.start(() => undefined)
      const { defaultPort } = subject.protocol('listener')
      streams.open(2, { host: '10.0.0.1', port: defaultPort })
      scene.world.settle()
      const everyMs = establish.ms / 20
      for (let byte = 0; byte < 60 && listener.closings().length === 0; byte++) {
        streams.write(2, Uint8Array.of(0))
        scene.world.advance(everyMs)
      }
      const over = overOf(scene, listener, connectMs + establish.ms + flushMs + 60_000)
      const lastMs = over.startedMs + establish.ms + flushMs + 30_000
      if (over.atMs > lastMs) throw new Error(`it ended after ${over.atMs - over.startedMs} ms`)
    })
  },
})

/** More than the virtual world's window, and little enough to be filled by small messages. */
const SMALL_LANES = {
  unsentBytesMax: 32_768,
  laneBytesMax: { control: 131_072, requests: 131_072, gossip: 131_072 },
}

/** Sends until nothing moves any more: the lanes, what was handed on, and the far side's window are full. */
function flood<T extends ProtocolTypes>(
  scene: Scene<T>,
  node: SceneNode<T>,
  message: T['message'],
): void {
  const fill = (): number => {
    for (let count = 0; ; count++) {
      const to = node.active()
      if (to === undefined || node.supervisor.send(to, message) !== 'queued') return count
    }
  }
  while (fill() > 0) scene.world.settle()
}

function deafCases<T extends ProtocolTypes>(subject: ProtocolSubject<T>): readonly ContractCase[] {
  const speaking = ROLES.filter((role) => subject.talk[role].length > 0)
  const playDeaf = (
    role: Role,
    where: string,
    play: (scene: Scene<T>, node: SceneNode<T>, protocol: Protocol<T>) => void,
  ): Promise<void> =>
    playScene(subject, where, (scene) => {
      const pair = startPair(scene, { limits: SMALL_LANES })
      if (!scene.meet(pair.dialler, pair.listener)) throw new Error('they did not meet')
      const other = pair[otherRole(role)]
      other.tampering.readsNothing = true
      play(scene, pair[role], subject.protocol(role))
    })

  return speaking.flatMap((role) => {
    const message = subject.talk[role].reduce((one, next) =>
      subject.protocol(role).estimateBytes(next) > subject.protocol(role).estimateBytes(one)
        ? next
        : one,
    )
    return [
      {
        title: `the ${role} leaves a peer that reads nothing, at the drain deadline`,
        run: () =>
          playDeaf(role, 'a deaf peer', (scene, node, { deadlines }) => {
            const fromMs = scene.world.clock.nowMs
            flood(scene, node, message)
            const over = overOf(scene, node, 2 * deadlines.drainMs)
            const tookMs = over.atMs - fromMs
            const inTime = tookMs >= deadlines.drainMs && tookMs <= 1.5 * deadlines.drainMs + 1
            if (over.detail === 'drain-deadline' && inTime) return
            throw new Error(`it ended as ${over.detail} after ${tookMs} ms`)
          }),
      },
      {
        title: `the ${role} takes leave of a peer that reads nothing within its farewell's time`,
        run: () =>
          playDeaf(role, 'a deaf peer', (scene, node, protocol) => {
            const { deadlines } = protocol
            flood(scene, node, message)
            const name = node.active() ?? ''
            const [connection] = node.supervisor.connections()
            const farewell = protocol.farewell?.('disconnected', 'active', connection?.facts)
            node.supervisor.disconnect(name)
            const fromMs = scene.world.clock.nowMs
            const ms = (farewell?.answerMs ?? 0) + deadlines.flushMs
            const over = overOf(scene, node, ms + 1)
            if (over.reason !== 'asked') throw new Error(`it ended as ${over.detail}`)
            const closedMs =
              node.events.find(({ event }) => event.type === 'connection.closed')?.atMs ?? 0
            if (!isAfter(closedMs, fromMs, ms)) {
              throw new Error(`it took ${closedMs - fromMs} ms in place of ${ms}`)
            }
          }),
      },
    ]
  })
}

export const deadlineCases = <T extends ProtocolTypes>(
  subject: ProtocolSubject<T>,
): readonly ContractCase[] => [
  connectCase(subject),
  silenceCase(subject),
  establishCase(subject),
  tricklingCase(subject),
  ...deafCases(subject),
]
