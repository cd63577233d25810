import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  commandOf,
  isBitcoinCommand,
  MESSAGE_CODECS,
  writeMessage,
} from '../../../codec/bitcoin/message-codec.ts'
import type { BitcoinMessage } from '../../../codec/bitcoin/messages.ts'
import { ownedMessage } from '../../../codec/bitcoin/owned-message.ts'
import { estimatePayloadBytes } from '../../../codec/bitcoin/payload-size.ts'
import { WIRE_REACTIONS } from '../../../codec/bitcoin/wire-details.ts'
import { concatBytes } from '../../../codec/bytes.ts'
import { WireError } from '../../../codec/wire-error.ts'
import { createWriter } from '../../../codec/writer.ts'
import { anyBytes, holds } from '../../support/properties.ts'
import { decode, encode, skips } from './encoding.ts'
import { ANY, SAMPLES } from './samples.ts'

const COMMANDS = Object.keys(MESSAGE_CODECS)

/** The memory behind each byte string of a message; an empty one may stand anywhere. */
function buffersOf(value: unknown): readonly unknown[] {
  if (value instanceof Uint8Array) return value.length === 0 ? [] : [value.buffer]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(buffersOf) : []
}

test('the commands are those of the specification', () => {
  expect(COMMANDS.toSorted()).toEqual(
    [
      'version verack wtxidrelay sendaddrv2 sendheaders sendtxrcncl feature ping pong',
      'getaddr addr addrv2 inv getdata notfound getheaders getblocks headers tx block',
      'mempool feefilter sendcmpct cmpctblock getblocktxn blocktxn',
      'filterload filteradd filterclear merkleblock',
      'getcfilters cfilter getcfheaders cfheaders getcfcheckpt cfcheckpt',
    ]
      .flatMap((line) => line.split(' '))
      .toSorted(),
  )
})

describe('a message', () => {
  test.each(Object.entries(ANY))('%s comes back, whatever it says', (command, any) => {
    holds(
      fc.property<[BitcoinMessage]>(any, (message) => {
        const payload = encode(message)
        expect(decode(command, payload)).toEqual(message)
        expect(payload.length).toBeLessThanOrEqual(
          isBitcoinCommand(command) ? MESSAGE_CODECS[command].payloadBytesMax : 0,
        )
      }),
    )
  })

  test.each(SAMPLES)('%s is read as views of its payload', (command, message) => {
    const payload = encode(message)
    const buffers = buffersOf(decode(command, payload))
    for (const buffer of buffers) expect(buffer).toBe(payload.buffer)
  })

  test.each(SAMPLES)('%s stays what it was when it is owned', (command, message) => {
    const payload = encode(message)
    const kept = ownedMessage(decode(command, payload))
    payload.fill(0xee)
    expect(kept).toEqual(message)
    for (const buffer of buffersOf(kept)) expect(buffer).not.toBe(payload.buffer)
  })

  test.each(SAMPLES)(
    '%s ignores what stands behind it, unless it is a feature',
    (command, message) => {
      const longer = concatBytes(encode(message), Uint8Array.of(0, 1, 2))
      const expected =
        command === 'feature' ? { type: 'violation', command, detail: 'bad-feature' } : message
      expect(decode(command, longer)).toEqual(expected)
    },
  )

  test.each(Object.entries(ANY))('%s has about the size that is told beforehand', (_, any) => {
    holds(
      fc.property<[BitcoinMessage]>(any, (message) => {
        const bytes = encode(message).length
        const estimate = estimatePayloadBytes(message)
        expect(estimate).toBeGreaterThanOrEqual(bytes - 128)
        expect(estimate).toBeLessThanOrEqual(bytes * 2 + 256)
      }),
      30,
    )
  })
})

/** Which may be shorter and still be read: a version of another age, a pong that withdraws a ping. */
const CUT = new Set(['version', 'pong'])
/** What is said of them where they are malformed, because their arrival alone may be too much. */
const TOLD = new Set(['tx', 'filterload', 'filteradd'])

describe('cut at each of its bytes', () => {
  test.each(SAMPLES.filter(([command]) => !CUT.has(command)))(
    '%s is malformed',
    (command, message) => {
      const payload = encode(message)
      for (let length = 0; length < payload.length; length++) {
        const cut = () => decode(command, payload.subarray(0, length))
        if (command === 'feature') {
          expect(cut()).toEqual({ type: 'violation', command, detail: 'bad-feature' })
        } else if (TOLD.has(command)) {
          expect(cut()).toEqual({ type: 'violation', command, detail: 'malformed' })
        } else {
          expect(cut, `${length} bytes`).toThrow(skips('malformed'))
        }
      }
    },
  )
})

describe('a command that is not known', () => {
  test('is handed on as it came, and goes out as it is', () => {
    const payload = Uint8Array.of(1, 2, 3)
    const message = decode('alert', payload)
    expect(message).toEqual({ type: 'unknown', command: 'alert', payload })
    expect(encode(message)).toEqual(payload)
    expect(commandOf(message)).toBe('alert')
  })

  test.each(['', 'constructor', 'toString', 'violation', 'unknown', 'VERSION', 'version '])(
    'may be called "%s"',
    (command) => {
      expect(isBitcoinCommand(command)).toBe(false)
      expect(decode(command, new Uint8Array(0))).toMatchObject({ type: 'unknown', command })
    },
  )
})

test('each message says its command', () => {
  for (const [command, message] of SAMPLES) expect(commandOf(message)).toBe(command)
})

test('nothing is written of a violation', () => {
  const message = { type: 'violation', command: 'inv', detail: 'too-many-inventories' } as const
  expect(() => commandOf(message)).toThrow(RangeError)
  expect(() => {
    writeMessage(createWriter(100), message)
  }).toThrow(RangeError)
})

describe('any bytes', () => {
  const isOurs = (error: unknown) =>
    error instanceof WireError && error.action === 'skip' && error.detail in WIRE_REACTIONS

  test.each(COMMANDS)('of a %s are read or passed over', (command) => {
    const sample = SAMPLES.find(([name]) => name === command)
    const whole = sample === undefined ? new Uint8Array(0) : encode(sample[1])
    /** Noise, and what was a message before somebody changed a byte here and there. */
    const damaged = fc
      .array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) => {
        const bytes = whole.slice()
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value
        return bytes
      })
    holds(
      fc.property(fc.oneof(anyBytes(400), damaged), (payload) => {
        let message: BitcoinMessage
        try {
          message = decode(command, payload)
        } catch (error) {
          expect(isOurs(error), String(error)).toBe(true)
          return
        }
        // What was read has a form, and it reads the same.
        if (message.type === 'violation' || !isWritable(message)) return
        expect(decode(command, encode(message))).toEqual(message)
      }),
      200,
    )
  })

  /** An address of a network that is not known, and another number than a flag has, are read alone. */
  function isWritable(message: BitcoinMessage): boolean {
    if (message.type === 'sendcmpct') return message.announce <= 1
    if (message.type === 'addrv2' || message.type === 'addr') {
      return message.entries.every(({ address }) => address.network !== 'none')
    }
    if (message.type === 'cmpctblock') {
      return message.prefilled.every(({ index }) => index <= 0xffff)
    }
    return message.type !== 'version' || message.height !== undefined
  }
})
