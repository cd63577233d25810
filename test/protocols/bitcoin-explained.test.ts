import { expect, test } from 'vitest'
import { startStage } from './bitcoin-stage.ts'
import type { Stage } from './bitcoin-stage.ts'
import { line, raw, VERACK } from './bitcoin-support.ts'

/** Where the session of the one connection had come to when it was decided that it ends, and why it did. */
function endOf(play: (stage: Stage) => void): readonly unknown[] {
  const stage = startStage()
  play(stage)
  stage.world.advance(100)
  const [closed] = stage.ours.eventsOf('connection.closed')
  const { ended } = stage.ours.supervisor.explain(closed?.connection ?? '') ?? {}
  return [ended?.detail, ended?.sessionState]
}

test('of a connection that ended it is told where its session had come to', () => {
  expect(endOf((stage) => stage.greet(stage.come(), { protocolVersion: 31_799 }))).toEqual([
    ...['version-too-old', 'shaking.judging'],
  ])
  const late = endOf((stage) => {
    stage.greet(stage.come())
    stage.world.advance(60_000)
  })
  expect(late).toEqual(['handshake-timeout', 'shaking.awaitingVerack'])
  const misled = endOf((stage) => stage.say(stage.meet(), raw('wtxidrelay')))
  expect(misled).toEqual(['late-negotiation', 'active'])
  const discouraged = endOf((stage) =>
    stage.say(stage.meet(), raw('sendcmpct', 2, ...new Uint8Array(8))),
  )
  expect(discouraged).toEqual(['bad-announcement', 'active'])
  const left = endOf((stage) => {
    const peer = stage.meet()
    stage.say(peer, line(1), VERACK)
    peer.end()
    stage.world.settle()
  })
  expect(left).toEqual(['ended', 'active'])
})
