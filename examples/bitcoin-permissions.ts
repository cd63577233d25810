/**
 * A node of the Bitcoin network whose operator trusts some peers for where they are, and keeps others out.
 * @module
 */
import { createSupervisor } from '../index.ts'
import { bitcoin } from '../protocols/bitcoin.ts'
import { tcp } from '../transport/tcp.ts'

const supervisor = createSupervisor({
  protocol: bitcoin({
    network: 'regtest',
    permissions: [
      { range: '10.0.0.0/8', allow: ['noban', 'addr'] }, // whoever comes in from there
      { range: '203.0.113.7', direction: 'both' }, // also where the application dials it
      { bind: '127.0.0.1:8334', allow: ['all'] }, // whoever comes in at this address of ours
    ],
  }),
  transport: tcp(),
  listen: ['127.0.0.1:0'],
})
await supervisor.start()
supervisor.ban('198.51.100.0/24', { why: 'asks too much' })
for (const { key, untilMs } of supervisor.bans()) console.log(key, untilMs)
supervisor.pause() // nobody is connected any more, and nobody comes in
supervisor.resume()
await supervisor.stop({ graceMs: 5_000 })
