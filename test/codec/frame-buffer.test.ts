import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { createFrameBuffer } from '../../codec/frame-buffer.ts'
import type { FrameBuffer } from '../../codec/frame-buffer.ts'
import { copiedBytesOf } from '../support/copied-bytes.ts'
import { hex } from '../support/hex.ts'
import { anyBytes, holds, piecesOf } from '../support/properties.ts'

describe('a frame buffer', () => {
  test('gives frames that lie in one chunk as views of it, and copies none', () => {
    const chunk = Uint8Array.from({ length: 1_000 }, (_, index) => index)
    const buffer = createFrameBuffer()
    const copied = copiedBytesOf(() => {
      buffer.push(chunk)
      for (let frame = 0; frame < 100; frame++) {
        const bytes = buffer.take(10)
        expect(bytes?.buffer).toBe(chunk.buffer)
        expect(bytes?.byteOffset).toBe(frame * 10)
      }
    })
    expect([copied, buffer.length, buffer.take(1)]).toEqual([0, 0, undefined])
  })

  test('gives nothing while fewer bytes have arrived, and forgets none', () => {
    const buffer = createFrameBuffer()
    expect([buffer.length, buffer.peek(1), buffer.peek(0)]).toEqual([0, undefined, hex('')])
    buffer.push(hex('0102'))
    expect([buffer.peek(3), buffer.take(3), buffer.length]).toEqual([undefined, undefined, 2])
    buffer.push(hex('03'))
    expect(buffer.peek(3)).toEqual(hex('010203'))
    expect(buffer.length).toBe(3)
    expect(buffer.take(2)).toEqual(hex('0102'))
    expect(buffer.take(1)).toEqual(hex('03'))
    expect(buffer.length).toBe(0)
  })

  test('keeps what is left of a chunk whose memory goes away', () => {
    const chunk = hex('010203040506')
    const buffer = createFrameBuffer()
    buffer.push(chunk)
    buffer.take(2)
    buffer.keep()
    chunk.fill(0xff)
    expect(buffer.take(3)).toEqual(hex('030405'))
    chunk.set(hex('0708'))
    buffer.push(chunk.subarray(0, 2))
    expect(buffer.take(2)).toEqual(hex('0607'))
    buffer.keep()
    buffer.keep()
    chunk.fill(0xff)
    expect(buffer.take(1)).toEqual(hex('08'))
  })

  test('leaves views alone until the next push or keep, whatever is taken in between', () => {
    const buffer = createFrameBuffer()
    buffer.push(hex('0102'))
    buffer.keep()
    buffer.push(hex('030405060708'))
    const views = [buffer.peek(1), buffer.take(1), buffer.peek(4), buffer.take(3), buffer.take(4)]
    expect(views).toEqual([hex('01'), hex('01'), hex('02030405'), hex('020304'), hex('05060708')])
  })

  test('gives the bytes that arrived, in order, for any pieces and any frames', () => {
    const frames = fc.array(fc.nat({ max: 60 }), { maxLength: 30 })
    const keeping = fc.infiniteStream(fc.boolean())
    holds(
      fc.property(piecesOf(anyBytes(600)), frames, keeping, (pieces, sizes, keeps) => {
        const buffer = createFrameBuffer()
        const taken: Uint8Array[] = []
        const wantedSizes = sizes.values()
        let size = wantedSizes.next()
        let arrived = 0
        let gone = 0
        for (const piece of pieces) {
          const lent = piece.slice()
          buffer.push(lent)
          arrived += piece.length
          while (size.done !== true) {
            const bytes = buffer.take(size.value)
            if (bytes === undefined) {
              expect(buffer.length).toBeLessThan(size.value)
              break
            }
            expect(bytes.length).toBe(size.value)
            taken.push(bytes.slice())
            gone += bytes.length
            size = wantedSizes.next()
          }
          if (keeps.next().value === true) {
            buffer.keep()
            lent.fill(0xee)
          }
          expect(buffer.length).toBe(arrived - gone)
        }
        const rest = buffer.take(buffer.length) ?? hex('')
        expect(concatBytes(...taken, rest)).toEqual(concatBytes(...pieces))
      }),
      500,
    )
  })

  test.each([true, false])(
    'copies each byte of a 4 MB frame in chunks of 1,400 at most three times (keep: %s)',
    (keeps) => {
      const frameBytes = 4_000_000
      const chunk = new Uint8Array(1_400).fill(7)
      const buffer = createFrameBuffer()
      let frame: Uint8Array | undefined
      let isWhole = false
      const copied = copiedBytesOf(() => {
        for (let sent = 0; sent < frameBytes; sent += chunk.length) {
          buffer.push(chunk.subarray(0, Math.min(chunk.length, frameBytes - sent)))
          buffer.peek(4)
          frame = buffer.take(frameBytes)
          isWhole = frame?.every((byte) => byte === 7) === true
          if (keeps) buffer.keep()
        }
      })
      expect(frame?.length).toBe(frameBytes)
      expect(isWhole).toBe(true)
      expect(copied).toBeLessThan(3 * frameBytes)
      expect(frame?.buffer.byteLength).toBe(frameBytes)
    },
  )

  test('uses the memory of a frame again once its view is over, and not before', () => {
    const readAcross = (buffer: FrameBuffer, fill: number) => {
      buffer.push(new Uint8Array(30_000).fill(fill))
      buffer.keep()
      buffer.push(new Uint8Array(35_000).fill(fill))
      return buffer.take(65_000)
    }
    const [one, other] = [createFrameBuffer(), createFrameBuffer()]
    const first = readAcross(one, 1)
    const second = readAcross(other, 2)
    expect(first?.every((byte) => byte === 1)).toBe(true)
    expect(second?.buffer).not.toBe(first?.buffer)
    one.keep()
    expect(readAcross(createFrameBuffer(), 3)?.buffer).toBe(first?.buffer)
  })

  test('holds no memory for long that is far more than what arrived', () => {
    const large = createFrameBuffer()
    large.push(new Uint8Array(100_000))
    large.keep()
    large.push(new Uint8Array(100_000))
    large.take(200_000)
    large.keep()
    const small = createFrameBuffer()
    small.push(new Uint8Array(100))
    small.keep()
    small.push(new Uint8Array(100))
    expect(small.peek(200)?.buffer.byteLength).toBeLessThanOrEqual(4 * 200)
  })

  test('copies in proportion to what arrives when nobody reads', () => {
    const buffer = createFrameBuffer()
    const chunk = new Uint8Array(100)
    const copied = copiedBytesOf(() => {
      for (let count = 0; count < 10_000; count++) buffer.push(chunk)
    })
    expect(buffer.length).toBe(1_000_000)
    expect(copied).toBeLessThan(3_000_000)
  })

  test('holds memory for what arrived, not for what was asked for', () => {
    const buffer = createFrameBuffer()
    for (let count = 1; count <= 100; count++) {
      buffer.push(new Uint8Array(3))
      expect(buffer.take(0xffff_ffff)).toBeUndefined()
      buffer.keep()
      expect(buffer.peek(1)?.buffer.byteLength).toBeLessThanOrEqual(2 * 3 * count)
    }
  })
})
