/**
 * A session of two native nodes over real TCP, both recorded: 10,000 messages, a ban, and they meet
 * again.
 * @module
 */
import { createSupervisor } from '../../index.ts'
import type { Supervisor } from '../../index.ts'
import type { JournalRecording } from '../../journal/recording.ts'
import { native } from '../../protocols/native.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { within } from '../../testing/suite.ts'
import { tcp } from '../../transport/tcp.ts'
import { keyOf } from './recorded.ts'

const NETWORK = 'test/session'
/** As short as bans are here: both sides wait for it in real time. */
const BAN_MS = 300
const DEADLINE_MS = 60_000
const CONTENT = Uint8Array.of(1, 2, 3, 4)

const start = (name: string, record: JournalRecording): Supervisor<NativeTypes> =>
  createSupervisor({
    name,
    protocol: native({ network: NETWORK, privateKey: keyOf(name) }),
    transport: tcp(),
    listen: ['127.0.0.1:0'],
    record,
  })

type Event<Type> = { readonly type: Type }

const whenEvent = (supervisor: Supervisor<NativeTypes>, type: string): Promise<unknown> =>
  within(
    new Promise((resolve) => {
      const subscription = supervisor.events.subscribe((event: Event<string>) => {
        if (event.type !== type) return
        subscription.unsubscribe()
        resolve(event)
      })
    }),
    type,
    DEADLINE_MS,
  )

/** `count` messages one way, with back-pressure, until all of them are there. */
async function talk(from: Supervisor<NativeTypes>, to: Supervisor<NativeTypes>, count: number) {
  let heard = 0
  const all = new Promise<void>((resolve) => {
    const subscription = to.messages('message').subscribe(() => {
      if (++heard < count) return
      subscription.unsubscribe()
      resolve()
    })
  })
  const peer = from.connections().find(({ phase }) => phase === 'active')?.name ?? ''
  for (let sent = 0; sent < count;) {
    const outcome = from.send(peer, { type: 'message', protocol: 'test', payload: CONTENT })
    if (outcome === 'queued') sent++
    else if (outcome === 'full') await from.room(peer, { timeoutMs: DEADLINE_MS })
    else throw new Error('the peer is gone')
  }
  await within(all, `${count} messages`, DEADLINE_MS)
}

/** Both nodes have lived and stopped when it settles. */
export async function recordSession(
  journals: { readonly alice: JournalRecording; readonly bob: JournalRecording },
  messages = 10_000,
): Promise<void> {
  const alice = start('alice', journals.alice)
  const bob = start('bob', journals.bob)
  await alice.start()
  await bob.start()
  const port = alice.listening[0]?.port ?? 0
  const id = native({ network: NETWORK, privateKey: keyOf('alice') }).identity ?? ''
  await bob.connect(`node://${id}@127.0.0.1:${port}`)
  await talk(bob, alice, messages / 2)
  const isGone = whenEvent(bob, 'connection.closed')
  const isBack = isGone.then(() => whenEvent(bob, 'connection.active'))
  alice.ban('127.0.0.1', { ms: BAN_MS, why: 'for a moment' })
  await isBack
  await talk(alice, bob, messages / 2)
  await bob.stop()
  await alice.stop()
}
