import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { printValue } from '../../journal/flight-code.ts'
import { flightFile, readFlightFile } from '../../journal/flight-file.ts'
import { flightToTest } from '../../journal/flight-to-test.ts'
import type { FlightRecording } from '../../index.ts'
import { nativeFault, plainFault, recordingOf, startPlainPair } from './flights.ts'

const ROOT = join(import.meta.dirname, '../..')
const path = (file: string): string => JSON.stringify(join(ROOT, file))

const PLAIN = {
  protocol: 'plain()',
  imports: [`import { plain } from ${path('test/contracts/fits/plain.ts')}`],
}
/** Its own listener with another handshake deadline. */
const NATIVE_OTHER = {
  protocol: "native({ network: 'test/flight', privateKey, limits: { handshakeMs: 29_000 } })",
  imports: [
    `import { native } from ${path('protocols/native.ts')}`,
    'const privateKey = new Uint8Array(32).fill(1)',
  ],
}
const NATIVE = { ...NATIVE_OTHER, protocol: "native({ network: 'test/flight', privateKey })" }
/** A session that takes a second hello. */
const PLAIN_OTHER = {
  protocol: '{ ...plain(), session: asSlot(open) }',
  imports: [
    ...PLAIN.imports,
    `import { asSlot } from ${path('index.ts')}`,
    `import { plainSession } from ${path('test/contracts/fits/plain.ts')}`,
    'let hellos = 0',
    'const isHello = ({ event }: { event: { type: string; message?: { type: string } } }) =>',
    "  event.message?.type === 'hello' && ++hellos === 1",
    'const open = plainSession.provide({ guards: { isHello } })',
  ],
}

/** A directory in which a test file runs by itself, with this project's packages. */
function startFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'flight-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return {
    run(code: string) {
      writeFileSync(join(folder, 'flight.test.ts'), code)
      const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [vitest, 'run', '--root', folder, '--no-color'],
        { encoding: 'utf8', cwd: folder, timeout: 100_000 },
      )
      return { status, text: `${stdout}${stderr}` }
    },
  }
}

describe('a flight recorder’s file of a connection that ended by a fault', () => {
  test.each([
    ['plain', plainFault, PLAIN, PLAIN_OTHER, 'hello-twice'],
    ['native', nativeFault, NATIVE, NATIVE_OTHER, 'unexpected-confirm'],
  ])(
    'becomes a test of the %s network that passes, and fails when a chart behaves otherwise',
    { timeout: 240_000 },
    (_, fault, same, other, why) => {
      const folder = startFolder()
      const recording = readFlightFile(flightFile(fault()))
      const testing = join(ROOT, 'testing/testing.ts')
      const code = flightToTest(recording, { ...same, testing })
      expect(code).toContain(why)
      const passing = folder.run(code)
      expect([passing.status, passing.text]).toEqual([0, expect.stringContaining('1 passed')])
      const failing = folder.run(flightToTest(recording, { ...other, testing }))
      expect([failing.status, failing.text]).toEqual([1, expect.stringContaining('AssertionError')])
    },
  )

  test('reads as a person writes it', () => {
    const code = flightToTest(plainFault(), { ...PLAIN, imports: ["import { x } from './x.ts'"] })
    expect(code.split('\n').slice(0, 9)).toEqual([
      '/**',
      ' * A recorded flight of alice/in-1 (plain), which ended with hello-twice (peer-fault).',
      ' * Messages stand here as they were decoded; ciphertext is not reproduced.',
      ' */',
      "import { expect, test } from 'vitest'",
      "import { hex, resumeFlight } from 'peerloom/testing'",
      "import { x } from './x.ts'",
      '',
      'const protocol = plain()',
    ])
    expect(code).toContain(`
  // After 110 ms.
  expect(
    flight.give('session', {
      type: 'unit',
      message: { type: 'ping', payload: hex('010203040506070809') },
      raw: undefined,
      bytesOnWire: 14,
      bufferedBytes: 0,
    }),
  ).toEqual({
    connection: 'active',
    session: 'open',
    said: [
      {
        chart: 'session',
        said: { type: 'write', messages: [{ type: 'pong', payload: hex('010203040506070809') }] },
      },
    ],
    armed: [],
  })
`)
    const widths = code.split('\n').map(({ length }) => length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(100)
  })
})

test('a flight without payloads becomes no test, and the error says why', () => {
  const { alice, atAlice } = startPlainPair()
  const recording = recordingOf(alice.supervisor.flightRecording(atAlice))
  expect(() => flightToTest(recording, PLAIN)).toThrow('recorded without payloads')
})

test('a name that holds code stays a text', () => {
  const evil: FlightRecording = {
    ...plainFault(),
    connection: "x*/ throw '\u2028 ${1} `",
  }
  const code = flightToTest(evil, PLAIN)
  expect(code).toContain("'x*/ throw \\'\\u2028 ${1} ` goes from start")
  expect(code.split('*/')[0]).toContain('x? throw')
})

test.each([
  ['text', "it's\n\\", "'it\\'s\\n\\\\'"],
  ['large number', 2n ** 63n, '9223372036854775808n'],
  ['minus zero', -0, '-0'],
  ['nothing', [undefined, null], '[undefined, null]'],
  ['empty', { a: [], b: {}, c: new Uint8Array(0) }, '{ a: [], b: {}, c: new Uint8Array(0) }'],
  ['bytes', Uint8Array.of(1, 2), 'Uint8Array.of(1, 2)'],
  ['equal bytes', new Uint8Array(99).fill(7), 'new Uint8Array(99).fill(7)'],
  ['many bytes', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), "hex('010203040506070809')"],
  ['names', { 'a-b': 1, ['__proto__']: 2 }, "{ 'a-b': 1, ['__proto__']: 2 }"],
])('prints %s so that it is the same value again', (_, value, code) => {
  expect(printValue(value)).toBe(code)
})
