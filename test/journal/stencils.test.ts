import { expect, test } from 'vitest'
import { createEntryWriter } from '../../journal/entry-writer.ts'
import type { NodeEntry, OutcomeLine } from '../../journal/node-entries.ts'
import { createPartReader } from '../../journal/node-parts.ts'
import { unpackAll, visitEach } from '../../journal/packing.ts'
import { filled, stencilOf } from '../../journal/stencils.ts'
import { createValueWriter } from '../../journal/value-writer.ts'
import { seededRandom } from '../../transport/random.ts'
import type { Input } from '../../world/input.ts'

const bytesOf = (value: unknown): Uint8Array => {
  const writer = createValueWriter(0)
  writer.value(value)
  return writer.written()
}

const hexOf = (value: unknown): string => Buffer.from(bytesOf(value)).toString('hex')

/** Times as a busy node has them. */
const wallOf = (index: number): number => 1_700_000_000_000 + Math.floor(index / 3)
const monotonicOf = (index: number): number => index * 0.007

/** Entries of these inputs as they were written, and as they are read. */
function journalled(inputs: readonly Input[], outcome: readonly OutcomeLine[] = []) {
  const writer = createValueWriter(0)
  const entries = createEntryWriter(writer)
  for (const [index, input] of inputs.entries()) {
    const at = writer.length
    entries.begin({ monotonicMs: monotonicOf(index), wallMs: wallOf(index) }, input)
    entries.end(at, [], outcome)
  }
  const reader = createPartReader()
  const read: { entry: NodeEntry; isShort: boolean; writtenBytes: number }[] = []
  visitEach(writer.written(), 'the test', (value, bytes) => {
    const part = reader.read(value, 'the test')
    if (part.part !== 'entry') throw new Error(`no entry, but ${part.part}`)
    read.push({ entry: part.entry, isShort: bytes[1] === 4, writtenBytes: bytes.length })
  })
  return read
}

const command = (message: unknown, connection = 'one'): Input => {
  const given = { name: 'send', connection, message }
  return { kind: 'command', command: given }
}

/** Each is read as if it were written whole. Gives how many were short. */
function expectSame(inputs: readonly Input[]): number {
  const read = journalled(inputs)
  expect(read.map(({ entry }) => hexOf(entry.input))).toEqual(
    inputs.map((input) => hexOf(unpackAll(bytesOf(input), 'the test')[0])),
  )
  expect(read.map(({ entry }) => [entry.monotonicMs, entry.wallMs])).toEqual(
    inputs.map((_, index) => [monotonicOf(index), wallOf(index)]),
  )
  return read.filter(({ isShort }) => isShort).length
}

test('inputs that differ in bytes, numbers and long texts are read as they were', () => {
  const long = 'a text that is longer than any name of ours, and comes once, as most do; '
  const messages = [0, 1, 300, 70_000].flatMap((size) => [
    { type: 'data', payload: new Uint8Array(size).fill(size), count: size - 1, text: long + size },
    { type: 'data', payload: new Uint8Array(size), count: -0, text: long },
    { type: 'data', payload: undefined, count: 2n ** 63n, text: 'short' },
    { type: 'data', payload: null, count: 0.5, text: 'ä'.repeat(20) },
  ])
  const inputs = messages.map((message) => command(message))
  expect(expectSame([...inputs, ...inputs])).toBeGreaterThan(inputs.length)
})

test('of a message like the one before stands what is in it, and sixteen bytes', () => {
  const inputs = Array.from({ length: 5 }, (_, index) =>
    command({ type: 'message', protocol: 'bench', payload: new Uint8Array(256).fill(index) }),
  )
  const read = journalled(inputs)
  expect(read.map(({ isShort }) => isShort)).toEqual([false, true, true, true, true])
  for (const { writtenBytes } of read.slice(1)) expect(writtenBytes).toBeLessThanOrEqual(256 + 16)
})

test('what came of a short entry stands in it', () => {
  const outcome = [['sent', 'one', 'data', 1, 20]]
  const inputs = Array.from({ length: 4 }, () => command({ type: 'data', payload: [1, 2] }))
  const read = journalled(inputs, outcome)
  expect(read.map(({ isShort }) => isShort)).toEqual([false, true, true, true])
  expect(read.map(({ entry }) => entry.outcome)).toEqual(inputs.map(() => outcome))
  expect(read.map(({ entry }) => entry.input)).toEqual(inputs)
})

test('what an application says in turns to one peer is short all the same', () => {
  const messages = [
    { type: 'one', payload: Uint8Array.of(1) },
    { type: 'other', count: 1 },
    { type: 'third', payload: Uint8Array.of(2), topic: 'news' },
  ]
  const inputs = Array.from({ length: 300 }, (_, index) => command(messages[index % 3]))
  expect(expectSame(inputs)).toBe(297)
})

test('an input of another shape than the one before is read as it was', () => {
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
    { ...base, far: Uint8Array.of(1) },
    { ...base, far: new Float64Array(2) },
    { ...base, type: '\ud800' },
    { ...base, type: '\ufffd' },
    { ...base, type: '\ud801' },
    Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`field${index}`, index])),
    { 2: 'two', 1: 'one', type: 'data' },
    { type: { deep: { deep: { deep: { deep: { deep: { deep: { deep: 1 } } } } } } } },
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

test('more connections than there are stencils for, in any order, are read as they were', () => {
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

test('more than there are numbers for are short again once they have shown that they stay', () => {
  const inputs = Array.from({ length: 20_000 }, (_, index) =>
    command({ type: 'data', payload: index }, `to ${index < 2_000 ? index : index % 8}`),
  )
  const short = journalled(inputs).map(({ isShort }) => isShort)
  expect(short.slice(0, 2_000)).not.toContain(true)
  expect(short.slice(-5_000)).not.toContain(false)
})

test('a field that is another one each time it is asked for does not spoil what stands around it', () => {
  let asked = 0
  const moody = {
    type: 'data',
    get payload() {
      asked++
      if (asked % 5 === 0) throw new Error('not now')
      return asked % 3 === 0 ? { other: asked } : new Uint8Array(asked)
    },
  }
  const calm = command({ type: 'data', payload: new Uint8Array(1) })
  const inputs = Array.from({ length: 60 }, (_, index) =>
    index % 2 === 0 ? calm : command(index % 4 === 1 ? { ...calm, moody } : moody),
  )
  const read = journalled(inputs)
  expect(asked).toBeGreaterThan(20)
  expect(read).toHaveLength(inputs.length)
  for (const [index, { entry }] of read.entries()) {
    if (index % 2 === 0) expect(bytesOf(entry.input)).toEqual(bytesOf(calm))
    else expect(entry.input.kind).toBe('command')
  }
})

test('an entry that says of itself what is not so is refused', () => {
  const input = { kind: 'stream.bytes', stream: 1, bytes: Uint8Array.of(1) }
  const whole = [2, 5, 1_000, input, [], []]
  const origin = [...whole, 7]
  const refused = (...parts: readonly unknown[]) => {
    const reader = createPartReader()
    for (const part of parts.slice(0, -1)) reader.read(part, 'the test')
    expect(() => reader.read(parts.at(-1), 'the test')).toThrow('no part of a journal')
  }
  const reader = createPartReader()
  reader.read(origin, 'the test')
  const short = reader.read([4, 7, 6, -1, 2, Uint8Array.of(9), [], [['x']]], 'the test')
  expect(short).toEqual({
    part: 'entry',
    entry: {
      ...{ monotonicMs: 6, wallMs: 999, reads: [], outcome: [['x']] },
      input: { kind: 'stream.bytes', stream: 2, bytes: Uint8Array.of(9) },
    },
  })
  for (const number of [-1, 0.5, 128, '7', undefined, NaN]) refused([...whole, number])
  refused([...whole, 7, 7])
  const wide = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`f${index}`, index]))
  refused([2, 5, 1_000, { kind: 'command', command: { name: 'x', wide } }, [], [], 7])
  const gaps = Object.fromEntries(Object.entries(wide).slice(0, 10))
  refused([2, 5, 1_000, { kind: 'command', command: { name: 'x', gaps } }, [], [], 7])
  refused([4, 7, 6, 0, 2, Uint8Array.of(9)])
  refused(whole, [4, 7, 6, 0, 2, Uint8Array.of(9)])
  for (const number of [6, 8, 128, '7', undefined]) {
    refused(origin, [4, number, 6, 0, 2, Uint8Array.of(9)])
  }
  for (const rest of [[], [2], [2, Uint8Array.of(9), []], [2, Uint8Array.of(9), [], [], []]]) {
    refused(origin, [4, 7, 6, 0, ...rest])
  }
  refused(origin, [4, 7, 6, 0, 2, 'no bytes'])
  refused(origin, [4, 7, 6, 0, 2, Uint8Array.of(9), [], [[{}]]])
  refused(origin, [4, 7, 6, 0, 2, Uint8Array.of(9), 1, []])
  for (const time of [undefined, 'now', Infinity]) {
    refused(origin, [4, 7, time, 0, 2, Uint8Array.of(9)])
    refused(origin, [4, 7, 6, time, 2, Uint8Array.of(9)])
  }
})

test('a stencil is cut from plain records alone, and filled with what it is given', () => {
  const input = { kind: 'x', at: { host: 'here', port: 1 }, list: [1], when: new Date(0) }
  const stencil = stencilOf(input)
  expect(stencil?.gaps).toBe(3)
  if (stencil === undefined) throw new Error('it is plain')
  expect(filled(stencil, [2, [], 0])).toEqual({
    ...{ kind: 'x', at: { host: 'here', port: 2 }, list: [], when: 0 },
  })
  for (const none of [undefined, null, 1, 'x', [1], new Map(), Uint8Array.of(1)]) {
    expect(stencilOf(none)).toBeUndefined()
  }
})
