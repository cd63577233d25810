import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { openFileSink } from '../../journal/file-sink.ts'
import { encodeHead } from '../../journal/head.ts'
import { seededRandom } from '../../transport/random.ts'

test('many segments of one turn, and heads between them, stand in the file in their order', async () => {
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
