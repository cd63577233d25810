import { expect, test } from 'vitest'
import { native } from '../../protocols/native.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { bytesOf, pass, textOf } from './native-requests-support.ts'

const HOSTS = { alice: '10.0.0.1', bob: '10.0.1.2', carol: '10.0.2.3', dave: '10.0.3.4' } as const
type Name = keyof typeof HOSTS

/** Each fills one slot by itself. */
const protocolOf = (name: Name) => {
  const privateKey = chooseCrypto().sha256(bytesOf(`exchanges: ${name}`))
  const { slots, ...rest } = native({ network: 'test/exchanges', privateKey })
  const one = slots.map((kind) => (kind.fill === undefined ? kind : { ...kind, fill: 1 }))
  return { ...rest, slots: one }
}
const idOf = (name: Name): string => protocolOf(name).identity ?? ''

/** Alice knows bob, and finds carol and dave, whom bob knows; nobody can dial her. */
async function startExchanging() {
  const world = startVirtualWorld({ seed: 'exchange' })
  const start = (name: Name, listen = [`${HOSTS[name]}:9946`]) =>
    startNode(world, name, HOSTS[name], protocolOf(name), {
      bootstrap: name === 'bob' ? [] : [`node://${idOf('bob')}@${HOSTS.bob}:9946`],
      listen,
    })
  const others = [start('bob'), start('carol'), start('dave')]
  await pass(world, 5_000)
  const alice = start('alice', [])
  await pass(world, 10_000)
  return { alice, others, world }
}

test('a peer that is exchanged while somebody waits for its answer is dialled again, and answers', async () => {
  const { alice, others, world } = await startExchanging()
  const found = alice.supervisor.connections().find(({ identity }) => identity !== idOf('bob'))
  const held: (() => void)[] = []
  for (const { supervisor } of others) {
    supervisor.answer('test/slow', () => {
      return new Promise((resolve) => {
        held.push(() => {
          resolve(bytesOf('an answer'))
        })
      })
    })
  }
  const letAnswer = async (): Promise<void> => {
    for (const answer of held.splice(0)) answer()
    await pass(world, 1_000)
  }
  const isLeft = () =>
    alice
      .eventsOf('connection.closed')
      .some(({ connection, detail }) => connection === found?.name && detail === 'exchanged')

  // Handlers have thirty seconds: it is asked again and again, until it is left with a question out.
  let asked: Promise<string>
  do {
    await letAnswer()
    asked = alice.supervisor
      .request(
        found?.identity ?? '',
        { protocol: 'test/slow', payload: bytesOf('?') },
        { timeoutMs: 59_000 },
      )
      .then(textOf, String)
    await pass(world, 26_000)
  } while (!isLeft())
  await letAnswer()
  await pass(world, 40_000, 40)
  await letAnswer()
  expect(await asked).toBe('an answer')
})
