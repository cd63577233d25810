/**
 * A node of the Bitcoin network that listens, and is told of the chain that the application knows.
 * @module
 */
import { createSupervisor } from '../index.ts'
import { bitcoin } from '../protocols/bitcoin.ts'
import { tcp } from '../transport/tcp.ts'

const supervisor = createSupervisor({
  protocol: bitcoin({ network: 'regtest' }),
  transport: tcp(),
  listen: ['127.0.0.1:0'],
})
supervisor.messages('inv').subscribe(({ peer, message }) => {
  console.log(peer.address, 'has', message.entries.length, 'things to tell of')
})
await supervisor.start()
supervisor.instruct({ tip: { height: 104, unixMs: Date.now() } }) // what `version` says of our chain
const [at] = supervisor.listening
console.log(`listening on port ${at?.port}`)
await supervisor.stop({ graceMs: 5_000 })
