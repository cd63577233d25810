import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commandOfShortId, shortIdOfCommand } from '../../../codec/bitcoin/commands.ts'
import {
  commandOf,
  isBitcoinCommand,
  MESSAGE_CODECS,
  readMessage,
  writeMessage,
} from '../../../codec/bitcoin/message-codec.ts'
import {
  decodeV2Contents,
  V2_CONTENTS_BYTES_MAX,
  v2CommandBytes,
  writeV2Command,
} from '../../../codec/bitcoin/v2-contents.ts'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import { createWriter, writtenBytes } from '../../../codec/writer.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, holds } from '../../support/properties.ts'
import { skips } from './encoding.ts'
import { SAMPLES } from './samples.ts'
import { jsonOfFile } from './vectors.ts'

const commandBytes = (command: string) => {
  const writer = createWriter(13)
  writeV2Command(writer, command)
  return writtenBytes(writer)
}
const writtenOut = (command: string) =>
  concatBytes(Uint8Array.of(0), Buffer.from(command.padEnd(12, '\0'), 'latin1'))

/** BIP 324, section "v2 Bitcoin P2P message structure", and BIP 434. */
const NUMBERED =
  '1 addr 2 block 3 blocktxn 4 cmpctblock 5 feefilter 6 filteradd 7 filterclear 8 filterload ' +
  '9 getblocks 10 getblocktxn 11 getdata 12 getheaders 13 headers 14 inv 15 mempool ' +
  '16 merkleblock 17 notfound 18 ping 19 pong 20 sendcmpct 21 tx 22 getcfilters 23 cfilter ' +
  '24 getcfheaders 25 cfheaders 26 getcfcheckpt 27 cfcheckpt 28 addrv2 37 feature'

const numbers = new Map(
  [...NUMBERED.matchAll(/(\d+) (\w+)/g)].map(([, number, name]) => [Number(number), name ?? '']),
)

describe('the short ids', () => {
  test('are these, and no others', () => {
    expect(numbers.size).toBe(29)
    for (let number = 0; number < 256; number++) {
      expect(commandOfShortId(number)).toBe(numbers.get(number))
    }
    for (const [number, name] of numbers) expect(shortIdOfCommand(name)).toBe(number)
  })

  test('leave out what is said once a connection', () => {
    const without = Object.keys(MESSAGE_CODECS).filter(
      (name) => shortIdOfCommand(name) === undefined,
    )
    expect(without.toSorted()).toEqual([
      ...['getaddr', 'sendaddrv2', 'sendheaders', 'sendtxrcncl', 'verack', 'version', 'wtxidrelay'],
    ])
  })
})

describe('contents', () => {
  test.each(SAMPLES)('of a %s are read back, in both forms', (command, message) => {
    const writer = createWriter(V2_CONTENTS_BYTES_MAX)
    writeV2Command(writer, commandOf(message))
    expect(writer.length).toBe(v2CommandBytes(command))
    const start = writer.length
    writeMessage(writer, message)
    const contents = writtenBytes(writer)
    const short = decodeV2Contents(contents)
    const long = decodeV2Contents(concatBytes(writtenOut(command), contents.subarray(start)))
    expect(short.command).toBe(command)
    expect(long).toEqual(short)
    expect(readMessage(short.command, short.payload)).toEqual(message)
    expect(start).toBe(shortIdOfCommand(command) === undefined ? 13 : 1)
  })

  test.each([
    ['ping', '12'],
    ['version', '0076657273696f6e0000000000'],
    ['alert', '00616c65727400000000000000'],
    ['', '00000000000000000000000000'],
  ])('begin for "%s" so', (command, expected) => {
    expect(encodeHex(commandBytes(command))).toBe(expected)
    expect(decodeV2Contents(hex(expected))).toEqual({ command, payload: new Uint8Array(0) })
  })

  test('may name a delete, which v1 has no form for', () => {
    expect(decodeV2Contents(writtenOut('a\x7f'))).toMatchObject({ command: 'a\x7f' })
    expect(() => commandBytes('a\x7f')).toThrow(RangeError)
  })

  test.each([
    ['nothing', '', 'no-command'],
    ['a number without a command', '1d', 'no-command'],
    ['another one', '24aabb', 'no-command'],
    ['the first behind all', '26', 'no-command'],
    ['the last', 'ff', 'no-command'],
    ['a zero and nothing', '00', 'bad-command'],
    ['eleven characters', '00616161616161616161616161'.slice(0, 24), 'bad-command'],
    ['a control character', '00611f00000000000000000000', 'bad-command'],
    ['a byte above 7f', '00618000000000000000000000', 'bad-command'],
    ['a gap', '00610061000000000000000000', 'bad-command'],
  ])('that are %s are passed over', (_, contents, detail) => {
    expect(() => decodeV2Contents(hex(contents))).toThrow(skips(detail))
  })
})

test('any contents are a command and a payload, or are passed over', () => {
  holds(
    fc.property(fc.oneof(anyBytes(30), anyBytes(30).map(behindZero)), (contents) => {
      try {
        const { command, payload } = decodeV2Contents(contents)
        expect([1, 13]).toContain(contents.length - payload.length)
        expect(payload.buffer).toBe(contents.buffer)
        expect(command).toMatch(/^[ -\x7f]{0,12}$/)
      } catch (error) {
        expect(error).toMatchObject({ name: 'WireError', action: 'skip' })
      }
    }),
    300,
  )
})
const behindZero = (bytes: Uint8Array) =>
  Uint8Array.of(0, ...bytes.map((byte, index) => (index > 9 && index < 12 ? 0 : (byte % 95) + 32)))

interface Session {
  readonly initiator: { readonly packets: readonly Packet[] }
  readonly responder: { readonly packets: readonly Packet[] }
}
interface Packet {
  readonly kind: 'decoy' | 'version' | 'app'
  readonly contents: string
}

const session = jsonOfFile('derived/v2-session-regtest.json') as Session | undefined

test.skipIf(session === undefined)('a whole session is read (needs the folder of vectors)', () => {
  const packets = [...(session?.initiator.packets ?? []), ...(session?.responder.packets ?? [])]
  const commands = packets
    .filter(({ kind }) => kind === 'app')
    .map(({ contents }) => decodeV2Contents(hex(contents)).command)
  expect(commands.length).toBeGreaterThan(600)
  expect(commands).toEqual(
    expect.arrayContaining(['version', 'verack', 'wtxidrelay', 'sendaddrv2', 'ping', 'pong']),
  )
  expect(commands.filter((command) => !isBitcoinCommand(command))).toEqual([])
})
