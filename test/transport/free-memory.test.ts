import { markAsUntransferable } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { freeMemory, isFreeable } from '../../transport/free-memory.ts'

const KIBIBYTE = 1_024
const MEBIBYTE = 1_024 * KIBIBYTE

test('what was freed is empty, and so is every other view of it', () => {
  const bytes = new Uint8Array(64 * KIBIBYTE).fill(7)
  const [part, view] = [bytes.subarray(5, 9), new DataView(bytes.buffer)]
  freeMemory(bytes)
  expect([bytes.length, part.length, bytes.buffer.byteLength]).toEqual([0, 0, 0])
  expect(() => view.getUint8(0)).toThrow(TypeError)
  freeMemory(bytes)
  expect(bytes.length).toBe(0)
})

test.each([
  ['a part of its memory', new Uint8Array(64 * KIBIBYTE).fill(7).subarray(1)],
  ['all but the end of it', new Uint8Array(64 * KIBIBYTE).fill(7).subarray(0, -1)],
  ['little', new Uint8Array(16 * KIBIBYTE - 1).fill(7)],
  ['nothing', new Uint8Array(0)],
  ['shared with other threads', new Uint8Array(new SharedArrayBuffer(64 * KIBIBYTE)).fill(7)],
])('what is %s stays', (_what, bytes) => {
  const before = bytes.length
  expect(isFreeable(bytes)).toBe(false)
  freeMemory(bytes)
  expect(bytes.length).toBe(before)
  expect(bytes.every((byte) => byte === 7)).toBe(true)
})

test('what may not be taken away stays, and nothing is thrown', () => {
  const marked = new Uint8Array(64 * KIBIBYTE).fill(7)
  markAsUntransferable(marked.buffer)
  freeMemory(marked)
  expect(marked.length).toBe(64 * KIBIBYTE)
})

test('a gigabyte that passes through needs no collector', () => {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let count = 0; count < 1_024; count++) {
    const bytes = new Uint8Array(MEBIBYTE)
    freeMemory(bytes)
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  // The engine lets 32 MiB come together before it looks.
  expect(most).toBeLessThan(4 * MEBIBYTE)
})
