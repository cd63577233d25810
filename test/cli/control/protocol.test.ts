import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLineReader } from '../../../cli/control/line-reader.ts'
import { decodeAnswer, decodeRequest } from '../../../cli/control/protocol.ts'
import { encodeUtf8 } from '../../../codec/bytes.ts'

const lineOf = (value: unknown): Uint8Array => encodeUtf8(JSON.stringify(value))
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a request', () => {
  const ban = { ask: 'ban', subject: '10.0.0.1', forMs: null, why: '' }
  test.each([
    [{ ask: 'peers' }],
    [{ ask: 'bans' }],
    [ban],
    [{ ...ban, forMs: 1, why: 'é'.repeat(100) }],
    [{ ask: 'unban', subject: 'x'.repeat(512) }],
  ])('%j is one', (request) => {
    expect(decodeRequest(lineOf(request))).toEqual(request)
  })

  test.each([
    [{}],
    [[]],
    [null],
    ['peers'],
    [{ ask: 'stop' }],
    [{ ask: 'peers', more: 1 }],
    [{ ask: 'ban', subject: '10.0.0.1' }],
    [{ ...ban, subject: '' }],
    [{ ...ban, subject: 'x'.repeat(513) }],
    [{ ...ban, forMs: 0 }],
    [{ ...ban, forMs: -1 }],
    [{ ...ban, forMs: 0.5 }],
    [{ ...ban, forMs: 1e300 }],
    [{ ...ban, why: 'x'.repeat(201) }],
    [{ ...ban, why: null }],
    [{ ...ban, __proto__: null, until: 1 }],
  ])('%j is none', (request) => {
    expect(decodeRequest(lineOf(request))).toBeUndefined()
  })

  test('is read from any bytes without a throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map(encodeUtf8)),
        (bytes) => {
          decodeRequest(bytes)
          decodeAnswer(bytes)
        },
      ),
    )
  })
})

describe('an answer', () => {
  test.each([
    [{ event: 'ban', subject: 'x', untilMs: null, manual: true }, 'row'],
    [{ done: 3 }, 'last'],
    [{ error: 'no', usage: true }, 'last'],
  ])('%j is a %s', (line, kind) => {
    expect(decodeAnswer(lineOf(line))).toEqual({ [kind]: line })
  })

  test.each([[{ event: 'ban', nested: { deep: {} } }], [{ event: 7 }], [{ done: '3' }], [7]])(
    '%j is nothing',
    (line) => {
      expect(decodeAnswer(lineOf(line))).toBeUndefined()
    },
  )
})

describe('lines', () => {
  test('are the same however their bytes arrive', () => {
    const letters = fc.stringMatching(/^[ab\n]{0,12}$/)
    fc.assert(
      fc.property(fc.array(letters), (parts) => {
        const reader = createLineReader(1_000)
        const read = parts.map(encodeUtf8).flatMap((part) => {
          const lines = reader.push(part)
          const texts = lines === 'too-long' ? [lines] : lines.map(text)
          // The platform uses the memory of a chunk again.
          part.fill(0)
          return texts
        })
        expect(read).toEqual(parts.join('').split('\n').slice(0, -1))
      }),
    )
  })

  test('of as many bytes as allowed are read, and one more byte ends the reading', () => {
    const line = encodeUtf8(`${'x'.repeat(8)}\n`)
    expect(createLineReader(8).push(line)).toEqual([line.subarray(0, 8)])
    const reader = createLineReader(7)
    expect(reader.push(line.subarray(0, 7))).toEqual([])
    expect(reader.push(line.subarray(7))).toBe('too-long')
    expect(reader.push(encodeUtf8('short\n'))).toEqual([])
  })
})
