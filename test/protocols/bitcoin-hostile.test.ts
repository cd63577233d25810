import { expect, test } from 'vitest'
import { ATTACK_NAMES } from '../../testing/hostile/hostile-peer.ts'
import { NOTHING_HELD } from '../support/nodes.ts'
import { startVictim } from '../testing/hostile/victims.ts'
import { line, regtest } from './bitcoin-support.ts'

const LONG = { timeout: 120_000 }

test.each(['v1', 'v2'] as const)(
  'a node of bitcoin passes every attack over %s, and holds nothing of them',
  LONG,
  async (transport) => {
    const { events, peer, stop, supervisor } = startVictim({
      protocol: () => regtest({ transport }),
      victim: regtest(),
      messages: [line(1, 2)],
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
  },
)
