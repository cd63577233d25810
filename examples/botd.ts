/**
 * Two nodes of the BOTD network in one process: the one says something on a topic, the other hears it.
 * @module
 */
import { firstValueFrom } from 'rxjs'
import { createSupervisor } from '../index.ts'
import { botd } from '../protocols/botd.ts'
import { tcp } from '../transport/tcp.ts'

const newKey = () => crypto.getRandomValues(new Uint8Array(32)) // yours to keep: it is who you are
const protocol = botd({ privateKey: newKey() })
const alice = createSupervisor({ protocol, transport: tcp(), listen: ['127.0.0.1:0'] })
const bob = createSupervisor({
  protocol: botd({ privateKey: newKey(), limits: { pingIntervalMs: 60_000 } }),
  transport: tcp(),
})
await Promise.all([alice.start(), bob.start()])

const heard = firstValueFrom(alice.messages('app'))
const [at] = alice.listening
const connection = await bob.connect(`botd://${protocol.identity ?? ''}@127.0.0.1:${at?.port ?? 0}`)
const payload = new TextEncoder().encode('it rains')
bob.send(connection, { type: 'app', id: crypto.randomUUID(), topic: 'weather', payload })
const { message } = await heard
console.log(message.topic, new TextDecoder().decode(message.payload))
await Promise.all([alice.stop(), bob.stop()])
