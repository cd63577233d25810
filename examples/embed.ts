/**
 * Peerloom in an application: two nodes of the native network in one process, a handler of messages,
 * a request with an answer, and a topic whose publications are looked at before anybody gets them.
 * In an application of your own these come from 'peerloom', 'peerloom/protocols/native' and so on.
 * @module
 */
import { once } from 'node:events'
import { createSupervisor } from '../index.ts'
import { native } from '../protocols/native.ts'
import { tcp } from '../transport/tcp.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (from: Uint8Array): string => new TextDecoder().decode(from)

async function startNode(name: string, bootstrap: readonly string[] = []) {
  const privateKey = crypto.getRandomValues(new Uint8Array(32)) // keep it, to stay who you are
  const protocol = native({ network: 'example/embed', privateKey })
  const supervisor = createSupervisor({
    name,
    protocol,
    transport: tcp(),
    listen: ['127.0.0.1:0'],
    peers: { bootstrap },
  })
  await supervisor.start()
  const port = supervisor.listening[0]?.port ?? 0
  return { supervisor, address: `node://${protocol.identity ?? ''}@127.0.0.1:${String(port)}` }
}

const { supervisor: alice, address } = await startNode('alice')
const { supervisor: bob } = await startNode('bob')
const heard = new EventTarget()

// While the promise is pending the message counts against its sender, who is slowed down.
alice.handle('message', async ({ peer, message }) => {
  await Promise.resolve()
  console.log(`${peer.connection}: ${text(message.payload)}`)
})
alice.answer('upper-case', ({ payload }) => Promise.resolve(bytes(text(payload).toUpperCase())))
alice.validate('news', ({ payload }) =>
  Promise.resolve(text(payload).includes('rumour') ? 'reject' : 'accept'),
)
alice.topic('news').subscribe(({ payload }) => {
  console.log(`news: ${text(payload)}`)
  heard.dispatchEvent(new Event('news'))
})

const peer = await bob.connect(address)
bob.send(peer, { type: 'message', protocol: 'chat', payload: bytes('hello') })
const answer = await bob.request(peer, { protocol: 'upper-case', payload: bytes('how are you') })
console.log(`answer: ${text(answer)}`)
const news = once(heard, 'news')
await bob.publish('news', bytes('a rumour'))
await bob.publish('news', bytes('it rains'))
await news
await Promise.all([alice.stop(), bob.stop()])
