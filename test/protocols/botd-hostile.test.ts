import { expect, test } from 'vitest'
import { botd } from '../../protocols/botd.ts'
import { ATTACK_NAMES } from '../../testing/hostile/hostile-peer.ts'
import { NOTHING_HELD } from '../support/nodes.ts'
import { startKeys, startVictim } from '../testing/hostile/victims.ts'
import { app } from './botd-support.ts'

const LONG = { timeout: 60_000 }

test('a node of botd passes every attack, and holds nothing of them', LONG, async () => {
  const key = startKeys()
  const { events, peer, stop, supervisor } = startVictim({
    protocol: () => botd({ privateKey: key() }),
    messages: [app(1, 2)],
    address: (identity, socket) => `botd://${identity}@${socket}`,
    attack: { sizes: { placesMax: 8, connectionsMax: 60, messagesMax: 5_000 } },
  })
  const outcomes: unknown[] = []
  for await (const { attack, because, verdict } of peer.attackAll()) {
    outcomes.push({ attack, verdict, because })
  }
  expect(outcomes).toEqual(
    ATTACK_NAMES.map((attack) => ({ attack, verdict: 'passed', because: [] })),
  )
  await stop()
  expect(events.filter(({ type }) => type === 'fault')).toEqual([])
  expect(supervisor.audit()).toMatchObject(NOTHING_HELD)
})
