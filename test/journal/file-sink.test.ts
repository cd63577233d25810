import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { openFileSink } from '../../journal/file-sink.ts'
import { encodeHead, HEAD_BYTES } from '../../journal/head.ts'
import { seededRandom } from '../../transport/random.ts'

/** A sink of a file that is gone after the test. */
function startSink() {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-sink-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'segments')
  let close = (): void => undefined
  const closed = new Promise<void>((resolve) => (close = resolve))
  const sink = openFileSink(path, {
    onFault() {
      throw new Error('it can be written')
    },
    onClosed: close,
  })
  return { closed, path, sink }
}

test('many segments of one turn, and heads between them, stand in the file in their order', async () => {
  const { closed, path, sink } = startSink()
  const random = seededRandom('sink')
  const head = (lostEntries: number) => encodeHead({ kind: 'node', ending: 'open', lostEntries })
  const segments = Array.from({ length: 300 }, (_, index) => random.bytes(1 + index * 300))
  sink.writeHead(head(0))
  for (const [index, segment] of segments.entries()) {
    expect(sink.write(segment, 1)).toBe(true)
    if (index % 70 === 0) sink.writeHead(head(index))
  }
  sink.writeHead(head(7))
  sink.close()
  await closed
  expect(new Uint8Array(readFileSync(path)).length).toBe(concatBytes(head(7), ...segments).length)
  expect(Buffer.compare(readFileSync(path), concatBytes(head(7), ...segments))).toBe(0)
})

test('a segment is taken however large it is, and what comes when it still waits is not', async () => {
  const { closed, path, sink } = startSink()
  sink.writeHead(encodeHead({ kind: 'node', ending: 'open', lostEntries: 0 }))
  const large = new Uint8Array(33 * 1_024 * 1_024).fill(1)
  expect(sink.write(large, 1)).toBe(true)
  expect(sink.write(Uint8Array.of(2), 1)).toBe(false)
  sink.close()
  await closed
  expect(Buffer.compare(readFileSync(path).subarray(HEAD_BYTES), large)).toBe(0)
})
