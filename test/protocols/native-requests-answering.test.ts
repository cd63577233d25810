import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { decodePlaintext } from '../../codec/native/message-codec.ts'
import type { NativeMessage } from '../../codec/native/messages.ts'
import { nativeWire } from '../../codec/native/wire.ts'
import type { Protocol } from '../../index.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import type { NativeLimits } from '../../protocols/native/limits.ts'
import { arrayOf } from '../codec/native/encoding.ts'
import {
  bytesOf,
  echo,
  errorTo,
  holdAnswers,
  puppet,
  settleAll,
  startAsking,
  textOf,
} from './native-requests-support.ts'

const idAt = (number: number) =>
  Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? number >> 8 : at === 1 ? number : 9))
const direct = (number: number, text = `${number}`, protocol = 'test/echo'): NativeMessage => ({
  ...{ type: 'direct', requestId: idAt(number), protocol },
  ...{ payload: bytesOf(text), metadata: undefined },
})

/** What this direct's sender cannot write by our codec. */
const OVERSIZED = 'written too large'
const wire: Protocol<NativeTypes>['wire'] = (setup) => {
  const inner = nativeWire(setup)
  return {
    ...inner,
    get bufferedBytes() {
      return inner.bufferedBytes
    },
    write(messages) {
      inner.write(
        messages.map((message) =>
          'raw' in message || message.type !== 'direct' || message.protocol !== OVERSIZED
            ? message
            : { raw: arrayOf(2, message.requestId, 'p'.repeat(129), message.payload, null) },
        ),
      )
    },
  }
}

/** Bob is a puppet, and alice answers him. */
function startAnswering(limits: Partial<NativeLimits> = {}) {
  const caller = puppet()
  const scene = startAsking({ alice: { limits }, bob: { child: caller.child, wire } })
  /** By the number of the direct: what came, in order. */
  const answers = () =>
    caller.heard.flatMap(({ message }) => {
      if (message.type !== 'response' && message.type !== 'error') return []
      const [high = 0, low = 0] = message.requestId ?? []
      const what = message.type === 'response' ? textOf(message.payload) : message.code
      return [[high * 256 + low, what] as const]
    })
  const say = async (...messages: readonly NativeMessage[]) => {
    for (const message of messages) caller.say(message)
    await settleAll(scene.world)
  }
  const isConnected = () => scene.alice.supervisor.connections().length === 1
  return { ...scene, answers, caller, isConnected, say }
}

test('who answers is told who asks', async () => {
  const { alice, say } = startAnswering()
  const asking: unknown[] = []
  alice.supervisor.answer('test/who', ({ peer }) => {
    asking.push(peer)
    return Promise.resolve(undefined)
  })
  await say(direct(1, 'it is me', 'test/who'))
  const [connection] = alice.supervisor.connections()
  const { address, identity, name } = connection ?? {}
  expect(identity).toBeDefined()
  expect(asking).toEqual([{ connection: name, identity, address }])
})

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index)

test('who withdraws while it answers still answers what came with that, and nothing after', async () => {
  const { alice, ask, world } = startAsking()
  const withdraw = alice.supervisor.answer('test/echo', ({ payload }) => {
    withdraw()
    return Promise.resolve(payload)
  })
  const together = ['one', 'two', 'three'].map((text) => ask(text))
  await settleAll(world)
  expect(await Promise.all(together)).toEqual(['one', 'two', 'three'])
  const later = ask('four')
  await settleAll(world)
  expect(await later).toBe('refused-by-peer')
})

describe('a direct', () => {
  test('gets exactly one answer, with its id', async () => {
    const { alice, answers, say } = startAnswering()
    echo(alice.supervisor)
    await say(direct(1, 'one'), direct(2, 'two'))
    expect(answers()).toEqual([
      [1, 'one'],
      [2, 'two'],
    ])
  })

  test('that comes again gets the answer it had, and nobody is asked', async () => {
    const { alice, answers, say } = startAnswering()
    const ran = echo(alice.supervisor)
    await say(direct(1, 'one'))
    await say(direct(1, 'another'))
    expect(answers()).toEqual([
      [1, 'one'],
      [1, 'one'],
    ])
    expect(ran).toEqual(['one'])
  })

  test('that comes again while it is worked on is answered once', async () => {
    const { alice, answers, say, world } = startAnswering()
    const { held, ran } = holdAnswers(alice.supervisor)
    await say(direct(1, 'one'))
    await say(direct(1, 'one'), direct(1, 'one'))
    held[0]?.()
    await settleAll(world)
    expect(answers()).toEqual([[1, 'one']])
    expect(ran).toEqual(['one'])
  })

  // Seed 111 of the simulator, 20 nodes for ten minutes: it had waited in a stream that stood still.
  test('that comes again after its answer was let go is told so, and nobody is asked', async () => {
    const { alice, answers, say, world } = startAnswering()
    const ran = echo(alice.supervisor)
    await say(direct(1, 'one'))
    world.advance(59_000)
    await say(direct(1, 'one'))
    expect(answers().at(-1)).toEqual([1, 'one'])
    world.advance(1_000)
    await say(direct(1, 'one'))
    expect(answers().at(-1)).toEqual([1, 408])
    world.advance(899_000)
    await say(direct(1, 'one'))
    expect(ran).toEqual(['one'])
  })

  test('that comes again when later answers took the room of its own is not handled again', async () => {
    const { alice, answers, say } = startAnswering({ answersBytesMax: 4_000 })
    const ran = echo(alice.supervisor)
    const word = 'x'.repeat(1_000)
    for (const number of range(1, 9)) await say(direct(number, word))
    for (const number of range(1, 9)) await say(direct(number, word))
    expect(ran).toHaveLength(8)
    // Eight that are remembered leave room for one answer, the last.
    expect(answers().slice(8)).toEqual([...range(1, 8).map((number) => [number, 408]), [8, word]])
  })

  test('that comes again when it is forgotten is a new one', async () => {
    const { alice, answers, say, world } = startAnswering()
    const ran = echo(alice.supervisor)
    await say(direct(1, 'one'))
    world.advance(960_000)
    await say(direct(1, 'one'))
    expect(ran).toHaveLength(2)
    expect(answers()).toHaveLength(2)
  })

  test('of one peer has nothing to do with another’s of the same id', async () => {
    const other = puppet()
    const caller = puppet()
    const { alice, start, world } = startAsking({
      bob: { child: caller.child },
      carol: { child: other.child },
    })
    start('carol')
    world.advance(1_000)
    const ran = echo(alice.supervisor)
    caller.say(direct(1, 'of bob'))
    other.say(direct(1, 'of carol'))
    await settleAll(world)
    expect(ran).toEqual(['of bob', 'of carol'])
    expect(caller.heardOf('response').map(({ payload }) => textOf(payload))).toEqual(['of bob'])
    expect(other.heardOf('response').map(({ payload }) => textOf(payload))).toEqual(['of carol'])
  })

  test('for a protocol that nobody answers gets 501, and the session goes on', async () => {
    const { answers, isConnected, say } = startAnswering({ directsPerWindowMax: 1_000 })
    await say(...range(0, 200).map((number) => direct(number)))
    expect(answers()).toEqual(range(0, 200).map((number) => [number, 501]))
    expect(isConnected()).toBe(true)
  })

  test('that its handler fails over gets 500 without its text, kept like any answer', async () => {
    const { alice, answers, caller, isConnected, say } = startAnswering()
    let runs = 0
    alice.supervisor.answer('test/echo', () => {
      runs++
      return Promise.reject(new Error('secret reason'))
    })
    await say(direct(1), direct(1))
    await say(direct(1))
    expect(answers()).toEqual([
      [1, 500],
      [1, 500],
    ])
    expect(caller.heardOf('error').map(({ message }) => message)).not.toContainEqual(
      expect.stringContaining('secret'),
    )
    expect([runs, isConnected()]).toEqual([1, true])
  })

  test('that is answered with more than 1 MiB gets 500', async () => {
    const { alice, answers, say } = startAnswering()
    const sizes = [1_048_577, 1_048_576]
    alice.supervisor.answer('test/echo', () => Promise.resolve(new Uint8Array(sizes.shift() ?? 0)))
    await say(direct(1))
    await say(direct(2))
    expect(answers().map(([, what]) => (typeof what === 'string' ? what.length : what))).toEqual([
      500, 1_048_576,
    ])
  })

  test.each([
    ['the limit', { handlerMs: 5_000 }, 60_000, 5_000],
    ['the handler’s own deadline', { handlerMs: 30_000 }, 2_000, 2_000],
  ])('that is not answered by %s gets 408; a late answer goes nowhere', async (...given) => {
    const [, limits, deadlineMs, ms] = given
    const { alice, answers, isConnected, say, world } = startAnswering(limits)
    const { held } = holdAnswers(alice.supervisor, deadlineMs)
    await say(direct(1))
    world.advance(ms - 100)
    await settleAll(world)
    expect(answers()).toEqual([])
    world.advance(100)
    await settleAll(world)
    expect(answers()).toEqual([[1, 408]])
    held[0]?.()
    await settleAll(world)
    expect(answers()).toEqual([[1, 408]])
    expect(isConnected()).toBe(true)
  })

  test('above a limit gets 413, and the session goes on', async () => {
    const { alice, answers, isConnected, say } = startAnswering()
    echo(alice.supervisor)
    await say(direct(1, 'long', OVERSIZED), direct(2, 'two'))
    expect(answers()).toEqual([
      [1, 413],
      [2, 'two'],
    ])
    expect(isConnected()).toBe(true)
    expect(alice.eventsOf('peer.struck')).toEqual([])
  })

  test('beyond fifty at once gets 503, until one of them was answered', async () => {
    const { alice, answers, isConnected, say, world } = startAnswering()
    const { held } = holdAnswers(alice.supervisor)
    await say(...range(0, 51).map((number) => direct(number)))
    expect(answers()).toEqual([[50, 503]])
    held[7]?.()
    await settleAll(world)
    await say(direct(50))
    expect(held).toHaveLength(51)
    expect(answers()).toEqual([
      [50, 503],
      [7, '7'],
    ])
    expect(isConnected()).toBe(true)
  })

  test('beyond a hundred in ten seconds gets 429, and the first after the window passes', async () => {
    const { alice, answers, caller, isConnected, say, world } = startAnswering()
    const ran = echo(alice.supervisor)
    await say(...range(0, 50).map((number) => direct(number)))
    world.advance(4_000)
    await say(...range(50, 100).map((number) => direct(number)))
    await say(direct(100), direct(101, 'long', OVERSIZED), direct(0))
    expect(ran).toHaveLength(100)
    expect(answers().slice(100)).toEqual([
      [100, 429],
      [101, 429],
      [0, 429],
    ])
    const [{ retryAfterMs = 0 } = {}] = caller.heardOf('error')
    expect(retryAfterMs).toBeGreaterThan(5_000)
    expect(retryAfterMs).toBeLessThanOrEqual(6_000)
    world.advance(retryAfterMs)
    await say(...range(101, 151).map((number) => direct(number)))
    // Fifty have left the window; those that were refused are not in it.
    expect(ran).toHaveLength(150)
    await say(direct(151))
    expect(answers().at(-1)?.[1]).toBe(429)
    expect(isConnected()).toBe(true)
  })

  test('without keys never reaches a handler: 403, and the end', async () => {
    const { alice, world } = startAnswering()
    const ran = echo(alice.supervisor)
    const { streams } = world.nodeWorld('dave', '10.0.0.9')
    const got: Uint8Array[] = []
    let ended = false
    streams.start((input) => {
      if (input.kind === 'stream.opened') streams.resume(input.stream)
      if (input.kind === 'stream.bytes') got.push(input.bytes.slice())
      if (input.kind === 'stream.ended') ended = true
    })
    streams.open(2, { host: '10.0.0.1', port: 9946 })
    world.settle()
    const payload = arrayOf(2, idAt(1), 'test/echo', bytesOf('now'), null)
    streams.write(2, concatBytes(Uint8Array.of(0, 0, 0, payload.length), payload))
    world.advance(2_000)
    await settleAll(world)
    expect(decodePlaintext(concatBytes(...got).subarray(4))).toMatchObject({ code: 403 })
    expect(ended).toBe(true)
    expect(ran).toEqual([])
  })
})

test('an Error and a response are never answered, whatever they name', async () => {
  const { alice, caller, isConnected, say } = startAnswering()
  holdAnswers(alice.supervisor)
  await say(direct(1))
  const response = { type: 'response', requestId: idAt(1), payload: bytesOf('?') } as const
  for (const code of [400, 408, 429, 501, 999]) await say(errorTo(idAt(1), code, 1), response)
  expect(caller.heard).toEqual([])
  expect(isConnected()).toBe(true)
})
