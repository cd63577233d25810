import { createActor } from 'xstate'
import { expect, test } from 'vitest'
import { connectionMachine } from '../../machines/connection.ts'
import type { ConnectionEvent } from '../../machines/connection.ts'
import { fillSession } from '../../machines/slot.ts'
import { bound } from '../contracts/fits/bound.ts'
import { keyOf } from '../contracts/seats.ts'

/** What a connection that was accepted says it ended with, after it was told all of these. */
function endingAfter(events: readonly ConnectionEvent[]) {
  const { session } = bound(keyOf('listener'))
  const actor = createActor(fillSession(connectionMachine, session), {
    input: {
      ...{ name: 'one', role: 'listener', target: undefined, dial: undefined, slot: 'inbound' },
      ...{ startedMs: 0, connectMs: 1_000, establishMs: 1_000, establishDetail: 'late' },
      flushMs: 1_000,
    },
  })
  actor.start()
  for (const event of events) actor.send(event)
  const { output, status } = actor.getSnapshot()
  actor.stop()
  return { output, status }
}

const ASKED = { reason: 'asked', detail: 'disconnected' } as const
const CUT = { reason: 'transport', detail: 'transport-reset' } as const

test('the first reason that a connection is given stays, whatever ends it then', () => {
  const left: ConnectionEvent = { type: 'leave', ending: ASKED, answerMs: 0 }
  const dropped: ConnectionEvent = { type: 'drop', ending: CUT }
  expect(endingAfter([left, dropped])).toEqual({ output: ASKED, status: 'done' })
  expect(endingAfter([dropped])).toEqual({ output: CUT, status: 'done' })
})
