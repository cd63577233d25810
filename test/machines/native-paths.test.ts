import type { Protocol, Role } from '../../index.ts'
import type { SessionEvent } from '../../machines/session.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { connectionOf, NEVER, sessionPathCases } from '../../testing/charts/session-paths.ts'
import { startDial, unitOf } from '../../testing/charts/session-paths.ts'
import type { SessionStage } from '../../testing/charts/session-paths.ts'
import type { Stimuli } from '../../testing/charts/stimuli.ts'
import type { SceneNode, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { keyOf } from '../contracts/seats.ts'
import { meeting } from '../support/rude.ts'
import { writingInstead } from '../support/wires.ts'

interface Stage extends SessionStage<NativeTypes> {
  readonly other: SceneNode<NativeTypes>
}

/** Without its sub-protocols: they speak by themselves. */
const nativeOf = (seat: Seat, network = 'test/one'): Protocol<NativeTypes> => ({
  ...native({ network, privateKey: keyOf(seat) }),
  children: [],
})

/** Says no confirm of its own accord: its first sealed message is the application's. */
const withoutConfirm = (protocol: Protocol<NativeTypes>): Protocol<NativeTypes> =>
  writingInstead(protocol, (messages) =>
    messages.filter((one) => 'raw' in one || one.type !== 'confirm'),
  )

const handshake: NativeTypes['message'] = {
  type: 'handshake',
  ...{ major: 1, minor: 0, network: 'test/one', keyType: 1, timestampMs: 0n },
  nodeId: new Uint8Array(32),
  publicKey: new Uint8Array(33),
  recipientId: new Uint8Array(32),
  nonce: new Uint8Array(32),
  ephemeralKey: new Uint8Array(33),
  signature: new Uint8Array(64),
}
const message: NativeTypes['message'] = {
  type: 'message',
  protocol: 'test',
  payload: Uint8Array.of(9),
}
const error: Extract<NativeTypes['message'], { readonly type: 'error' }> = {
  type: 'error',
  code: 401,
  message: '',
  ...{ requestId: undefined, retryAfterMs: undefined, localTimeMs: undefined },
  ...{ localMajor: undefined, localMinor: undefined },
}
const answer = (given: NativeTypes['answer']) => ({
  type: 'answer' as const,
  id: 'any',
  answer: given,
})
const facts = { identity: 'aa', minor: 0, sessionId: 'bb' }

/** Who dials speaks first: what it says is no Error. */
const stimuliFor = (role: Role): Stimuli<SessionEvent<NativeTypes>, Stage> => ({
  opened: { once: { event: { type: 'opened' } } },
  secured: NEVER,
  unit: {
    handshake: { event: unitOf(handshake), from: ['shaking.awaiting'] },
    confirm: { event: unitOf({ type: 'confirm' }), from: ['shaking.provisional', 'active'] },
    message: {
      event: unitOf(message),
      from: ['shaking.provisional'],
      bring({ other, scene }) {
        scene.world.runUntil(() => other.active() !== undefined, { withinMs: 1_000 })
        other.say(message)
      },
    },
    error: {
      event: unitOf(error),
      from: role === 'dialler' ? ['shaking.awaiting', 'active'] : ['active'],
      bring({ node, other, scene }) {
        // Of another network, it says so by itself.
        if (node.active() === undefined) return
        scene.world.runUntil(() => other.active() !== undefined, { withinMs: 1_000 })
        other.supervisor.ban(nativeOf(node.seat).identity ?? '')
      },
    },
  },
  answer: {
    greeting: { event: answer({ type: 'greeting', raw: new Uint8Array(1) }) },
    passed: { event: answer({ type: 'passed' }) },
    response: { event: answer({ type: 'response', raw: new Uint8Array(1) }) },
    derived: { event: answer({ type: 'derived', facts }) },
    refused: {
      event: answer({
        type: 'refused',
        detail: 'network-mismatch',
        error,
      }),
      // Whoever greets has nobody yet to refuse.
      from: ['shaking.checking'],
    },
  },
  node: NEVER,
  leave: {
    once: {
      event: { type: 'leave', detail: 'disconnected' },
      // A dial that is not open yet is dropped, and its session is told nothing.
      from: ['shaking.awaiting', 'active'],
      bring({ node }) {
        node.supervisor.disconnect(connectionOf(node))
      },
    },
  },
  ended: NEVER,
})

/** All of it has more time than the handshake, which began later: else it would be over first. */
function withTime(protocol: Protocol<NativeTypes>): Protocol<NativeTypes> {
  const { deadlines } = protocol
  return {
    ...protocol,
    deadlines: { ...deadlines, establish: { ...deadlines.establish, ms: 40_000 } },
  }
}

/** The other side, as the path needs it. */
function otherFor(seat: Seat, ahead: readonly string[]): Protocol<NativeTypes> {
  const isRefusing = ahead.includes('unit error') && !ahead.includes('unit handshake')
  if (ahead.includes('answer refused') || isRefusing) return nativeOf(seat, 'test/two')
  const usual = nativeOf(seat)
  if (ahead.includes('unit message')) return withoutConfirm(usual)
  if (seat !== 'listener' || !ahead.includes('unit confirm')) return usual
  // To who has dialled nobody confirms anything.
  return {
    ...usual,
    ...meeting<NativeTypes>((send) => {
      send({ type: 'confirm' })
    }),
  }
}

registerContract(
  'the session of native:',
  sessionPathCases<NativeTypes, Stage>(
    {
      protocol: (seat) => nativeOf(seat),
      address: (seat, host) => `node://${nativeOf(seat).identity ?? ''}@${host}:9946`,
      talk: { dialler: [], listener: [] },
    },
    {
      roles: {
        listener: { stimuli: stimuliFor('listener') },
        dialler: { stimuli: stimuliFor('dialler') },
      },
      prepare(scene, role, ahead) {
        const seat = role === 'listener' ? 'dialler' : 'listener'
        const other = scene.start(seat, { protocol: () => otherFor(seat, ahead) })
        const isLate = ahead.includes('after handshakeMs')
        const protocol = () => (isLate ? withTime(nativeOf(role)) : nativeOf(role))
        return { scene, node: scene.start(role, { protocol }), other }
      },
      begin({ node, other }, role) {
        if (role === 'listener') startDial(other, node.address)
        else startDial(node, other.address)
      },
      unreachable: {},
    },
  ),
)
