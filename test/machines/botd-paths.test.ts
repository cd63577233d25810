import type { Protocol, Role } from '../../index.ts'
import type { SessionEvent } from '../../machines/session.ts'
import { botd } from '../../protocols/botd.ts'
import type { BotdTypes } from '../../protocols/botd.ts'
import { NEVER, sessionPathCases, startDial } from '../../testing/charts/session-paths.ts'
import { connectionOf, unitOf } from '../../testing/charts/session-paths.ts'
import type { SessionStage } from '../../testing/charts/session-paths.ts'
import type { Stimuli } from '../../testing/charts/stimuli.ts'
import type { SceneNode, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { keyOf } from '../contracts/seats.ts'
import { app, initOf } from '../protocols/botd-support.ts'
import { saying } from '../support/rude.ts'
import { rewriting } from '../support/wires.ts'
import { writingInstead } from '../support/wires.ts'

interface Stage extends SessionStage<BotdTypes> {
  readonly other: SceneNode<BotdTypes>
}

/** Without the ping, which speaks by itself. */
const botdOf = (seat: Seat): Protocol<BotdTypes> => ({
  ...botd({ privateKey: keyOf(seat) }),
  children: [],
})
const keyIn = (seat: Seat) => Uint8Array.from(Buffer.from(botdOf(seat).identity ?? '', 'hex'))

const init = initOf(keyOf('dialler'), keyIn('listener'))
const ack: BotdTypes['message'] = {
  type: 'ack',
  ...{ id: 'a', initId: init.id, ephemeralKey: keyIn('bystander') },
  signature: new Uint8Array(64),
}
const HANDSHAKE_ID = 'h'
const leaving: BotdTypes['message'] = { type: 'disconnecting', id: 'd', reason: 9, text: '' }
const confirmOf = (handshakeId: string): BotdTypes['message'] => ({
  type: 'sessionConfirm',
  id: 'c',
  handshakeId,
})
const answer = (given: BotdTypes['answer']) => ({
  type: 'answer' as const,
  id: 'any',
  answer: given,
})
const facts = { identity: 'aa', sessionId: 'bb', farewellId: 'cc' }

const stimuliFor = (role: Role): Stimuli<SessionEvent<BotdTypes>, Stage> => ({
  opened: { once: { event: { type: 'opened' } } },
  secured: NEVER,
  unit: {
    init: { event: unitOf(init), from: ['awaitingInit'] },
    ack: { event: unitOf(ack), from: ['awaitingAck'] },
    confirm: { event: unitOf(confirmOf(HANDSHAKE_ID)), from: ['confirming'] },
    'wrong confirm': { event: unitOf(confirmOf('x')), from: ['confirming', 'active'] },
    leaving: { event: unitOf(leaving), from: ['confirming', 'active'] },
    app: { event: unitOf(app(1)), from: ['confirming'] },
  },
  answer: {
    greeting: { event: answer({ type: 'greeting', raw: new Uint8Array(1) }) },
    passed: { event: answer({ type: 'passed' }) },
    response: { event: answer({ type: 'response', raw: new Uint8Array(1) }) },
    derived: {
      event: answer({
        type: 'derived',
        ...{ facts, handshakeId: HANDSHAKE_ID },
        confirm: { type: 'sessionConfirm', id: 'c', handshakeId: 'theirs' },
      }),
    },
    refused: {
      event: answer({ type: 'refused', detail: 'invalid-signature' }),
      from: ['checking'],
    },
  },
  node: NEVER,
  leave: {
    once: {
      event: { type: 'leave', detail: 'disconnected' },
      from: role === 'dialler' ? ['awaitingAck', 'active'] : ['awaitingInit', 'active'],
      bring({ node }) {
        node.supervisor.disconnect(connectionOf(node))
      },
    },
  },
  ended: NEVER,
})

/** A handshake whose last byte, which is its signature's, is another. */
const withBadSignature = (protocol: Protocol<BotdTypes>): Protocol<BotdTypes> =>
  writingInstead(protocol, (messages) =>
    messages.map((message) =>
      'raw' in message
        ? { raw: message.raw.with(message.raw.length - 1, 1 ^ (message.raw.at(-1) ?? 0)) }
        : message,
    ),
  )

/** The other side, as the path needs it. */
function otherFor(seat: Seat, ahead: readonly string[]): Protocol<BotdTypes> {
  const usual = botdOf(seat)
  if (ahead.includes('answer refused')) return withBadSignature(usual)
  const isConfirmed = ahead.includes('unit confirm')
  const first = ahead.includes('unit app')
    ? app(1)
    : ahead.includes('unit leaving')
      ? leaving
      : ahead.includes('unit wrong confirm')
        ? confirmOf('x')
        : undefined
  if (first === undefined) return usual
  return isConfirmed
    ? saying(usual, first)
    : rewriting(usual, (message) => (message.type === 'sessionConfirm' ? first : message))
}

registerContract(
  'the session of botd:',
  sessionPathCases<BotdTypes, Stage>(
    {
      protocol: (seat) => botdOf(seat),
      address: (seat, host) => `botd://${botdOf(seat).identity ?? ''}@${host}:9945`,
      talk: { dialler: [], listener: [] },
    },
    {
      roles: {
        listener: { stimuli: stimuliFor('listener') },
        dialler: {
          target: {
            identity: botdOf('listener').identity,
            ...{ host: '10.0.0.1', port: 9945 },
          },
          stimuli: stimuliFor('dialler'),
        },
      },
      prepare(scene, role, ahead) {
        const seat = role === 'listener' ? 'dialler' : 'listener'
        const other = scene.start(seat, { protocol: () => otherFor(seat, ahead) })
        return { scene, node: scene.start(role), other }
      },
      begin({ node, other }, role) {
        if (role === 'listener') startDial(other, node.address)
        else startDial(node, other.address)
      },
      unreachable: {},
    },
  ),
)
