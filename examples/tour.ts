/**
 * The code of docs/embedding.md, put together: two nodes of the native network in one process, and most of
 * what an application can ask of a supervisor.
 * @module
 */
import { filter, firstValueFrom } from 'rxjs'
import { createSupervisor, PeerloomError } from '../index.ts'
import type { SupervisorEvent } from '../index.ts'
import { native } from '../protocols/native.ts'
import { tcp } from '../transport/tcp.ts'

const newKey = () => crypto.getRandomValues(new Uint8Array(32)) // yours to keep: it is who you are
const ofAlice = native({ network: 'example/tour', privateKey: newKey(), allow: [] })
const ofBob = native({ network: 'example/tour', privateKey: newKey() })
const alice = createSupervisor({
  name: 'alice',
  protocol: ofAlice,
  transport: tcp(),
  listen: ['127.0.0.1:0'],
})
const bob = createSupervisor({ name: 'bob', protocol: ofBob, transport: tcp() })
const bobId = ofBob.identity ?? ''

alice.events.subscribe((event) => {
  if (event.type === 'connection.active') console.log(event.connection, 'is', event.role)
})
await Promise.all([alice.start(), bob.start()])
const [at] = alice.listening
const address = `node://${ofAlice.identity ?? ''}@127.0.0.1:${at?.port ?? 0}`

alice.instruct({ type: 'allow', id: bobId })
const connection = await bob.connect(address, { timeoutMs: 10_000 })
for (const { name, phase, slot } of bob.connections()) console.log(name, phase, slot)

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (from: Uint8Array) => new TextDecoder().decode(from)

const received = firstValueFrom(alice.messages('message'))
const unhandle = alice.handle(
  'message',
  async ({ message: { payload } }) => {
    const digest = await crypto.subtle.digest('SHA-256', payload.slice())
    console.log(digest.byteLength)
  },
  { deadlineMs: 5_000 },
)
const hello = { type: 'message', protocol: 'chat', payload: bytes('hello') } as const
while (bob.send(connection, hello) === 'full') await bob.room(connection)
const { peer, message } = await received
console.log(peer.identity === bobId, message.protocol, text(message.payload))
unhandle()

alice.answer('upper-case', ({ payload }) => Promise.resolve(bytes(text(payload).toUpperCase())))
const answer = await bob.request(address, { protocol: 'upper-case', payload: bytes('ahoy') })
console.log(text(answer))
try {
  await bob.request(address, { protocol: 'lower-case', payload: bytes('AHOY') })
} catch (error) {
  if (error instanceof PeerloomError) console.log(error.code, error.message)
}

alice.validate('news', ({ payload }) =>
  Promise.resolve(text(payload).includes('rumour') ? 'ignore' : 'accept'),
)
const delivered = firstValueFrom(alice.topic('news'))
await bob.publish('news', bytes('a rumour')) // a broadcast, which nobody but alice's validator sees
const report = await bob.publish('news', bytes('it rains'), { kind: 'item' })
const news = await delivered
console.log(report.queued, news.kind, news.number, text(news.payload), news.id === report.id)

let after: string | undefined
do {
  const page = await alice.kept('news', after === undefined ? {} : { after })
  for (const { origin, payload } of page.deliveries) console.log(origin === bobId, text(payload))
  after = page.next
} while (after !== undefined)

const isClosed = ({ type }: SupervisorEvent) => type === 'connection.closed'
const closed = firstValueFrom(bob.events.pipe(filter(isClosed)))
bob.disconnect(address) // else bob would dial again
await closed
const ended = bob.explain(connection)?.ended
console.log(ended?.by, ended?.reason, ended?.detail, ended?.phase, ended?.verdict.do)

alice.ban(bobId, { ms: 60_000, why: 'asks too much' })
for (const { key, reason } of alice.bans()) console.log(key.kind, reason)
alice.unban(bobId)
alice.restart('gossip')
alice.pause()
console.log(alice.isPaused)
alice.resume()

const { traffic } = bob.counts().totals
console.log(traffic.receivedMessages - traffic.handledMessages, traffic.dropped)
const { killed } = await bob.stop({ graceMs: 2_000 })
console.log(killed, bob.state, bob.audit().connections)
await alice.stop()
