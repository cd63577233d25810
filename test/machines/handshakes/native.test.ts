import { describe, expect, test } from 'vitest'
import { createActor, SimulatedClock } from 'xstate'
import { ERROR_CODES } from '../../../codec/native/error-codes.ts'
import type { ErrorMessage, NativeMessage } from '../../../codec/native/messages.ts'
import type { Role } from '../../../codec/wire.ts'
import { HANDSHAKE_MS, nativeSessionMachine } from '../../../machines/handshakes/native.ts'
import type { NativeAnswer, NativeTypes } from '../../../machines/handshakes/native.ts'
import { HOLDING } from '../../../machines/session.ts'
import type { SessionEvent, SessionSaid } from '../../../machines/session.ts'
import {
  ALICE,
  ALICE_HANDSHAKE,
  ALICE_PAYLOAD,
  BOB,
  BOB_HANDSHAKE,
  BOB_PAYLOAD,
} from '../../codec/native/vectors.ts'

const FACTS = { identity: BOB.id, minor: 0, sessionId: 'aa' }
const CONFIRM: NativeMessage = { type: 'confirm' }
const MESSAGE: NativeMessage = { type: 'message', protocol: 'chat', payload: new Uint8Array(2) }
const errorOf = (code: number, requestId?: Uint8Array): ErrorMessage => ({
  type: 'error',
  code,
  message: '',
  requestId,
  retryAfterMs: undefined,
  localMajor: undefined,
  localMinor: undefined,
  localTimeMs: undefined,
})

function startSession(role: Role) {
  const clock = new SimulatedClock()
  const said: SessionSaid<NativeTypes>[] = []
  const target = role === 'dialler' ? { id: BOB.id, host: '192.0.2.1', port: 9946 } : undefined
  const input = { name: 'one', role, target, dial: undefined, slot: 'any' }
  const actor = createActor(nativeSessionMachine, { clock, input })
  actor.on('*', (one) => said.push(one))
  actor.start()
  const send = (event: SessionEvent<NativeTypes>): void => {
    actor.send(event)
  }
  return {
    clock,
    send,
    unit(message: NativeMessage, raw?: Uint8Array) {
      send({ type: 'unit', message, raw, bytesOnWire: 1, bufferedBytes: 0 })
    },
    answer(id: string, answer: NativeAnswer) {
      send({ type: 'answer', id, answer })
    },
    /** What was said since the last call. */
    said: () => said.splice(0),
    state: () => actor.getSnapshot().value,
    holds: () => actor.getSnapshot().hasTag(HOLDING),
    context: () => actor.getSnapshot().context,
  }
}
type Session = ReturnType<typeof startSession>

/** Each step of the good flow, by the state it leads to. */
const DIALLER_STEPS: readonly (readonly [state: object | string, (session: Session) => void])[] = [
  [
    { shaking: 'greeting' },
    ({ send }) => {
      send({ type: 'opened' })
    },
  ],
  [
    { shaking: 'awaiting' },
    ({ answer }) => {
      answer('greet', { type: 'greeting', raw: ALICE_PAYLOAD })
    },
  ],
  [
    { shaking: 'checking' },
    ({ unit }) => {
      unit(BOB_HANDSHAKE, BOB_PAYLOAD)
    },
  ],
  [
    { shaking: 'deriving' },
    ({ answer }) => {
      answer('check', { type: 'passed' })
    },
  ],
  [
    'active',
    ({ answer }) => {
      answer('derive', { type: 'derived', facts: FACTS })
    },
  ],
]
const LISTENER_STEPS: typeof DIALLER_STEPS = [
  [
    { shaking: 'awaiting' },
    ({ send }) => {
      send({ type: 'opened' })
    },
  ],
  [
    { shaking: 'checking' },
    ({ unit }) => {
      unit(ALICE_HANDSHAKE, ALICE_PAYLOAD)
    },
  ],
  [
    { shaking: 'responding' },
    ({ answer }) => {
      answer('check', { type: 'passed' })
    },
  ],
  [
    { shaking: 'deriving' },
    ({ answer }) => {
      answer('respond', { type: 'response', raw: BOB_PAYLOAD })
    },
  ],
  [
    { shaking: 'provisional' },
    ({ answer }) => {
      answer('derive', { type: 'derived', facts: FACTS })
    },
  ],
  [
    'active',
    ({ unit }) => {
      unit(CONFIRM)
    },
  ],
]
const stepsOf = (role: Role) => (role === 'dialler' ? DIALLER_STEPS : LISTENER_STEPS)

/** A session that has come so far; what it said on the way is forgotten. */
function startAt(role: Role, steps: number) {
  const session = startSession(role)
  for (const [, step] of stepsOf(role).slice(0, steps)) step(session)
  session.said()
  return session
}

const everyState = (['dialler', 'listener'] as const).flatMap((role) =>
  stepsOf(role).map(([state], index) => ({ role, steps: index + 1, state })),
)
const shakingStates = everyState.filter(({ state }) => state !== 'active')
const titled = (cases: typeof everyState) =>
  cases.map(({ role, steps, state }) => [`${role} ${JSON.stringify(state)}`, role, steps] as const)

describe('the good flow', () => {
  test.each(['dialler', 'listener'] as const)('of a %s goes from state to state', (role) => {
    const session = startSession(role)
    expect(session.state()).toBe('connecting')
    for (const [state, step] of stepsOf(role)) {
      step(session)
      expect(session.state()).toEqual(state)
    }
  })

  test('of a dialler greets, checks, secures, confirms, and is ready', () => {
    const session = startSession('dialler')
    const said = DIALLER_STEPS.map(([, step]) => {
      step(session)
      return session.said()
    })
    expect(said).toEqual([
      [{ type: 'ask', id: 'greet', question: { type: 'greet' } }],
      [{ type: 'write', messages: [{ raw: ALICE_PAYLOAD }] }],
      [
        { type: 'claim', identity: BOB.id },
        {
          type: 'ask',
          id: 'check',
          question: { type: 'check', handshake: BOB_HANDSHAKE, raw: BOB_PAYLOAD },
        },
      ],
      [{ type: 'ask', id: 'derive', question: { type: 'derive' } }],
      [
        { type: 'secure', slot: 'session' },
        { type: 'write', messages: [CONFIRM] },
        { type: 'ready', facts: FACTS, identity: BOB.id },
      ],
    ])
  })

  test('of a listener checks, responds, secures, and is ready only when something decrypted', () => {
    const session = startSession('listener')
    const said = LISTENER_STEPS.map(([, step]) => {
      step(session)
      return session.said()
    })
    expect(said).toEqual([
      [],
      [
        { type: 'claim', identity: ALICE.id },
        {
          type: 'ask',
          id: 'check',
          question: { type: 'check', handshake: ALICE_HANDSHAKE, raw: ALICE_PAYLOAD },
        },
      ],
      [{ type: 'ask', id: 'respond', question: { type: 'respond' } }],
      [
        { type: 'write', messages: [{ raw: BOB_PAYLOAD }] },
        { type: 'ask', id: 'derive', question: { type: 'derive' } },
      ],
      [{ type: 'secure', slot: 'session' }],
      [{ type: 'ready', facts: FACTS, identity: BOB.id }],
    ])
  })

  test('of a listener hands on a first message that is no confirm', () => {
    const session = startAt('listener', 5)
    session.unit(MESSAGE)
    expect(session.said()).toEqual([
      { type: 'ready', facts: FACTS, identity: BOB.id },
      { type: 'handOn', message: MESSAGE },
    ])
    expect(session.state()).toBe('active')
  })

  test('holds the pull while a question is out, and at no other time', () => {
    const holding = everyState.filter(({ role, steps }) => startAt(role, steps).holds())
    expect(holding.map(({ state }) => JSON.stringify(state))).toEqual([
      '{"shaking":"greeting"}',
      '{"shaking":"checking"}',
      '{"shaking":"deriving"}',
      '{"shaking":"checking"}',
      '{"shaking":"responding"}',
      '{"shaking":"deriving"}',
    ])
  })

  test('keeps in its context what may be printed', () => {
    const context = startAt('listener', 6).context()
    expect(JSON.parse(JSON.stringify(context))).toEqual({ role: 'listener', facts: FACTS })
  })
})

describe('a refusal', () => {
  const error = errorOf(ERROR_CODES['invalid-signature'])

  test.each([
    ['dialler', 3],
    ['listener', 2],
  ] as const)('is told by the %s, which then ends', (role, steps) => {
    const session = startAt(role, steps)
    session.answer('check', { type: 'refused', detail: 'invalid-signature', error })
    expect(session.said()).toEqual([
      { type: 'write', messages: [error] },
      { type: 'end', detail: 'invalid-signature' },
    ])
    expect(session.state()).toBe('over')
    session.unit(ALICE_HANDSHAKE, ALICE_PAYLOAD)
    session.unit(error)
    expect(session.said()).toEqual([])
  })
})

describe('an Error of the other side', () => {
  test.each(titled(shakingStates))('ends a %s without an answer', (_, role, steps) => {
    const session = startAt(role, steps)
    session.unit(errorOf(402))
    expect(session.said()).toEqual([{ type: 'end', detail: 'told-expired-timestamp' }])
    expect(session.state()).toBe('over')
  })

  test.each(Object.entries(ERROR_CODES))('%s has its detail', (name, code) => {
    const session = startAt('dialler', 2)
    session.unit(errorOf(code))
    expect(session.said()).toEqual([{ type: 'end', detail: `told-${name}` }])
  })

  test('with a code that nobody knows ends as well', () => {
    const session = startAt('dialler', 2)
    session.unit(errorOf(999))
    expect(session.said()).toEqual([{ type: 'end', detail: 'told-unknown-code' }])
  })

  test.each([
    ['as long as it says', 5_000, 5_000],
    ['a day', 86_400_000, 86_400_000],
    ['no longer than a day', 86_400_001, 86_400_000],
    ['no longer than a day', 0xffff_ffff, 86_400_000],
  ])('that says when to come again is waited for %s: %i ms', (_, retryAfterMs, waitMs) => {
    for (const name of ['banned', 'rate-limited'] as const) {
      const session = startAt('dialler', 2)
      session.unit({ ...errorOf(ERROR_CODES[name]), retryAfterMs })
      expect(session.said()).toEqual([{ type: 'end', detail: `told-${name}`, waitMs }])
    }
  })

  test.each(['dialler', 'listener'] as const)('about the connection ends an active %s', (role) => {
    const session = startAt(role, stepsOf(role).length)
    session.unit(errorOf(410))
    expect(session.said()).toEqual([{ type: 'end', detail: 'told-duplicate-connection' }])
  })

  test('about a request is nothing to an active session', () => {
    const session = startAt('dialler', 5)
    session.unit(errorOf(408, new Uint8Array(16)))
    expect(session.said()).toEqual([])
    expect(session.state()).toBe('active')
  })
})

describe('out of order', () => {
  test.each(['dialler', 'listener'] as const)('a confirm ends an active %s', (role) => {
    const session = startAt(role, stepsOf(role).length)
    session.unit(CONFIRM)
    expect(session.said()).toEqual([{ type: 'end', detail: 'unexpected-confirm' }])
  })

  test.each(titled(everyState))('a second opening is nothing to a %s', (_, role, steps) => {
    const session = startAt(role, steps)
    const before = session.state()
    session.send({ type: 'opened' })
    expect(session.said()).toEqual([])
    expect(session.state()).toEqual(before)
  })

  test('an answer to another question changes nothing', () => {
    const session = startAt('listener', 2)
    session.answer('derive', { type: 'derived', facts: FACTS })
    expect(session.said()).toEqual([])
    expect(session.state()).toEqual({ shaking: 'checking' })
  })
})

describe('the end', () => {
  test.each(titled(shakingStates))('comes for a %s when its time is over', (_, role, steps) => {
    const session = startAt(role, steps)
    session.clock.increment(HANDSHAKE_MS - 1)
    expect(session.said()).toEqual([])
    session.clock.increment(1)
    expect(session.said()).toEqual([{ type: 'end', detail: 'handshake-timeout' }])
    expect(session.state()).toBe('over')
  })

  test('the time is one for the whole phase', () => {
    const session = startSession('dialler')
    for (const [, step] of DIALLER_STEPS.slice(0, 4)) {
      step(session)
      session.clock.increment(7_000)
    }
    session.said()
    session.clock.increment(2_000)
    expect(session.said()).toEqual([{ type: 'end', detail: 'handshake-timeout' }])
  })

  test('no time runs once it is active, or before it is open', () => {
    for (const session of [startAt('dialler', 5), startSession('dialler')]) {
      session.clock.increment(10 * HANDSHAKE_MS)
      expect(session.said()).toEqual([])
    }
  })

  test.each(titled(everyState))('by us silences a %s', (_, role, steps) => {
    const session = startAt(role, steps)
    session.send({ type: 'leave', detail: 'disconnected' })
    expect(session.state()).toBe('over')
    session.clock.increment(10 * HANDSHAKE_MS)
    session.unit(CONFIRM)
    session.answer('check', { type: 'passed' })
    expect(session.said()).toEqual([])
  })

  test.each(titled(everyState))('of the stream leaves a %s where it is', (_, role, steps) => {
    const session = startAt(role, steps)
    const before = session.state()
    session.send({ type: 'ended', how: 'clean' })
    expect(session.said()).toEqual([])
    expect(session.state()).toEqual(before)
  })
})
