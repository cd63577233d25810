import { assert, integer, property } from 'fast-check'
import { Packr } from 'msgpackr'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import {
  FlightFileError,
  FLIGHT_VERSION,
  flightFile,
  readFlightFile,
} from '../../journal/flight-file.ts'
import type { FlightReadOptions } from '../../journal/flight-file.ts'
import { replayFlight } from '../../journal/flight-replay.ts'
import { plain } from '../contracts/fits/plain.ts'
import { nativeFault, nativeOf, plainFault, recordingOf, startPlainPair } from './flights.ts'

/** The fault that reading ends with, or what was read. */
function faultOf(bytes: Uint8Array, options?: FlightReadOptions): unknown {
  try {
    return readFlightFile(bytes, options)
  } catch (error) {
    if (error instanceof FlightFileError) return error.fault
    throw error
  }
}

const HEAD_BYTES = 21

const RIGHT_HEAD = flightFile(plainFault()).slice(0, HEAD_BYTES)

/** A file of the right form around whatever content. */
function fileAround(content: Uint8Array): Uint8Array {
  const head = RIGHT_HEAD.slice()
  new DataView(head.buffer).setUint32(HEAD_BYTES - 4, content.length)
  const all = concatBytes(head, content)
  return concatBytes(all, sha256(all))
}

describe('what was written', () => {
  test.each([
    ['plain', plainFault],
    ['native', nativeFault],
  ])('is read as it was: a flight of the %s network with payloads', (_, fault) => {
    const recording = fault()
    expect(readFlightFile(flightFile(recording))).toStrictEqual(recording)
  })

  test('is read as it was: a flight without payloads', () => {
    const { alice, atAlice } = startPlainPair()
    const recording = recordingOf(alice.supervisor.flightRecording(atAlice))
    expect(recording.blocks).toEqual([])
    expect(readFlightFile(flightFile(recording))).toStrictEqual(recording)
  })

  test('replays the same from the file', () => {
    const read = [plainFault(), nativeFault()].map((one) => readFlightFile(flightFile(one)))
    const [ofPlain, ofNative] = read.map(recordingOf)
    expect(replayFlight(recordingOf(ofPlain), { protocol: plain() }).difference).toBeUndefined()
    expect(
      replayFlight(recordingOf(ofNative), { protocol: nativeOf('listener') }).difference,
    ).toBeUndefined()
  })
})

describe('what was not', () => {
  const file = flightFile(plainFault())

  test('a file with any one byte changed is refused', () => {
    for (const at of file.keys()) {
      const changed = file.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect([at, typeof faultOf(changed)]).toEqual([at, 'string'])
    }
  })

  test('a file cut at any byte, or with more behind it, is refused', () => {
    for (const at of file.keys()) {
      expect(['not-a-flight', 'other-length']).toContain(faultOf(file.slice(0, at)))
    }
    expect(faultOf(concatBytes(file, Uint8Array.of(0)))).toBe('other-length')
  })

  test('another version is refused, and the error says which', () => {
    const changed = file.slice()
    new DataView(changed.buffer).setUint16(HEAD_BYTES - 6, FLIGHT_VERSION + 1)
    expect(faultOf(changed)).toBe('other-version')
    expect(() => readFlightFile(changed)).toThrow('version 3; this reads version 2')
  })

  test('another protocol is refused where one is named', () => {
    expect(faultOf(file, { protocol: 'native' })).toBe('other-protocol')
    expect(faultOf(file, { protocol: 'plain' })).toStrictEqual(plainFault())
  })

  test('bytes that are no msgpack, or hold something else, are refused though their hash is right', () => {
    expect(faultOf(fileAround(Uint8Array.of(0xc1)))).toBe('malformed')
    expect(faultOf(fileAround(new Uint8Array(0)))).toBe('malformed')
    for (const value of [1, null, [], {}, { ...plainFault(), blocks: [{}] }, new Map()]) {
      expect(faultOf(fileAround(Uint8Array.from(new Packr().pack(value))))).toBe('malformed')
    }
    const deep = new Uint8Array(1_000_000).fill(0x91)
    expect(faultOf(fileAround(deep))).toBe('malformed')
  })

  test('a value that refers to another, which is more than memory holds, is refused', () => {
    const packr = new Packr({ useRecords: false, structuredClone: true })
    let facts: unknown = []
    for (let level = 0; level < 20; level++) facts = [facts, facts]
    const [block] = plainFault().blocks
    const content = packr.pack({ ...plainFault(), blocks: [{ ...block, facts }] })
    expect(content.length).toBeLessThan(5_000)
    expect(faultOf(fileAround(Uint8Array.from(content)))).toBe('malformed')
  })

  test('whatever bytes a file holds, reading it gives a recording or the one error', () => {
    const content = file.slice(HEAD_BYTES, -32)
    assert(
      property(
        integer({ min: 0, max: content.length - 1 }),
        integer({ min: 0, max: 255 }),
        (at, byte) => {
          const changed = content.slice()
          changed[at] = byte
          const result = faultOf(fileAround(changed))
          expect(['malformed', 'object']).toContain(result === 'malformed' ? result : typeof result)
        },
      ),
      { numRuns: 500 },
    )
  })
})
