import { expect, test } from 'vitest'
import { createInputWriter } from '../../journal/stencils.ts'
import { createValueWriter } from '../../journal/value-writer.ts'
import { seededRandom } from '../../transport/random.ts'
import type { Input } from '../../world/input.ts'

/** What is written of each input, with stencils and without. */
function writtenOf(inputs: readonly Input[]) {
  const writer = createValueWriter(8)
  const write = createInputWriter(writer)
  const plain = createValueWriter(8)
  return inputs.map((input) => {
    const [start, plainStart] = [writer.length, plain.length]
    write(input)
    plain.value(input)
    return { written: writer.copyFrom(start), expected: plain.copyFrom(plainStart) }
  })
}

const command = (message: unknown, connection = 'one'): Input => {
  const given = { name: 'send', connection, message }
  return { kind: 'command', command: given }
}

const expectSame = (inputs: readonly Input[]): void => {
  for (const { expected, written } of writtenOf(inputs)) expect(written).toEqual(expected)
}

test('inputs that differ in bytes, numbers and long texts are written as the writer writes them', () => {
  const long = 'a text that is longer than any name of ours, and comes once, as most do; '
  const messages = [0, 1, 300, 70_000].flatMap((size) => [
    { type: 'data', payload: new Uint8Array(size).fill(size), count: size - 1, text: long + size },
    { type: 'data', payload: new Uint8Array(size), count: -0, text: long },
    { type: 'data', payload: undefined, count: 2n ** 63n, text: 'short' },
    { type: 'data', payload: null, count: 0.5, text: 'ä'.repeat(20) },
  ])
  expectSame(messages.map((message) => command(message)))
})

test('an input of another shape than the one before is written as it is', () => {
  const base = { type: 'data', payload: Uint8Array.of(1, 2), far: { near: 'x' } }
  const inherited: object = Object.create({ type: 'data' }, {}) as object
  const shapes: readonly unknown[] = [
    base,
    { ...base, more: 1 },
    base,
    { type: 'data', payload: Uint8Array.of(1, 2) },
    base,
    { payload: Uint8Array.of(1, 2), type: 'data', far: { near: 'x' } },
    base,
    { ...base, far: {} },
    base,
    { ...base, far: 'x' },
    base,
    { ...base, far: ['x'] },
    base,
    { ...base, far: { near: { x: 1 } } },
    base,
    Object.assign(inherited, { payload: Uint8Array.of(1, 2), far: { near: 'x' } }),
    base,
    JSON.parse('{"type":"data","payload":1,"far":{"near":"x"},"__proto__":{"x":1}}'),
    base,
    { ...base, payload: { nothing: () => 1 } },
    { ...base, payload: new Float64Array(2) },
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`field${index}`, index])),
    base,
    'data',
    undefined,
    [base, base],
  ]
  const inputs = shapes.map((message) => command(message))
  expectSame(inputs)
  expectSame(inputs.flatMap((input) => [input, input]))
  expectSame(inputs.toReversed().flatMap((input) => [input, input, input]))
})

test('more connections than there are stencils for, in any order, are written as they are', () => {
  const random = seededRandom('stencils')
  const kinds: readonly ((number: number) => Input)[] = [
    (number) => command({ type: 'data', payload: new Uint8Array(number % 300) }, `to ${number}`),
    (number) => ({ kind: 'stream.bytes', stream: number % 7, bytes: new Uint8Array(number) }),
    (number) => ({ kind: 'stream.ended', stream: number }),
    () => ({ kind: 'clock.turn-ended' }),
    (number) => ({ kind: 'handler.settled', request: number, outcome: 'done', value: { number } }),
  ]
  const inputs = Array.from({ length: 3_000 }, () => {
    const [kind = 0, number = 0] = random.bytes(2)
    return kinds[kind % kinds.length]?.(number) ?? command(undefined)
  })
  expectSame(inputs)
})

test('a field that is another one each time it is asked for does not spoil what stands around it', () => {
  let asked = 0
  const moody = {
    type: 'data',
    get payload() {
      asked++
      return asked % 3 === 0 ? { other: asked } : new Uint8Array(asked)
    },
  }
  const writer = createValueWriter(0)
  const write = createInputWriter(writer)
  const expected = createValueWriter(0)
  for (let count = 0; count < 20; count++) {
    write(command({ type: 'data', payload: new Uint8Array(1) }))
    const start = writer.length
    write(command(moody))
    writer.rewind(start)
    expected.value(command({ type: 'data', payload: new Uint8Array(1) }))
  }
  expect(asked).toBeGreaterThan(20)
  expect(writer.written()).toEqual(expected.written())
})
