import fc from 'fast-check'
import ts from 'typescript'
import * as prettier from 'prettier'
import { describe, expect, test } from 'vitest'
import { flow, runFlow } from '../../../testing/flow/flow.ts'
import { hex } from '../../../testing/flow/hex.ts'
import { literalOf } from '../../../testing/flow/literals.ts'
import { printFlow } from '../../../testing/flow/print.ts'
import type { FlowStep } from '../../../testing/flow/step.ts'
import { plain } from '../../contracts/fits/plain.ts'
import type { PlainTypes } from '../../contracts/fits/plain.ts'
import { say } from '../../contracts/seats.ts'
import { holds } from '../../support/properties.ts'

const STEPS: readonly FlowStep<PlainTypes>[] = [
  { do: 'expectSent', what: 'hello' },
  { do: 'expectState', state: { session: 'greeting' } },
  { do: 'receiveBytes', bytes: hex('00 00 00 00 01') },
  { do: 'expectState', state: 'active' },
  {
    do: 'receive',
    messages: [say('ping', 1), { type: 'blob', payload: new Uint8Array(40).fill(7) }],
  },
  { do: 'expectSent', what: { type: 'pong', payload: Uint8Array.of(1) } },
  { do: 'expectDelivered', what: 'blob' },
  { do: 'expectNothingSent' },
  { do: 'send', message: say('blob', 2) },
  { do: 'expectSentBytes', bytes: hex('00000001 04 02') },
  { do: 'advance', ms: 59_999 },
  { do: 'expectState', state: 'active' },
  { do: 'advance', ms: 1 },
  { do: 'expectClosed', how: { detail: 'silent', reason: 'deadline' } },
  { do: 'expectEvent', what: { type: 'connection.closed', handledMessages: 3 } },
  { do: 'connect' },
  { do: 'receive', messages: [say('hello')] },
  { do: 'disconnect' },
  { do: 'expectClosed', how: 'disconnected' },
  { do: 'connect' },
  { do: 'end' },
  { do: 'expectClosed' },
  { do: 'connect' },
  { do: 'reset' },
  { do: 'expectClosed', how: 'transport-reset' },
]
const OPTIONS = "{ subscribe: ['blob'] }"

/** What the code comes to, with these names in its scope. */
function evaluate(code: string, scope: Readonly<Record<string, unknown>>): unknown {
  const { outputText } = ts.transpileModule(`export const it = ${code}`, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
    reportDiagnostics: true,
  })
  const exported: { it?: unknown } = {}
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function('exports', ...Object.keys(scope), outputText)(exported, ...Object.values(scope))
  return exported.it
}

describe('a printed flow', () => {
  test('runs, and takes the same steps', () => {
    const first = runFlow(plain(), STEPS, { subscribe: ['blob'] })
    const code = printFlow(first.steps, { protocol: 'plain()', options: OPTIONS })
    const again = evaluate(code, { flow, hex, plain })
    expect(again).toEqual(first)
    expect(first.steps).toEqual(STEPS)
    expect(first.delivered).toHaveLength(1)
  })

  test('is code that the compiler accepts as it stands', () => {
    const code = printFlow(STEPS, { protocol: 'plain()', options: OPTIONS })
    expect(code).toContain(".expectState({ session: 'greeting' })\n")
    expect(code).toContain(".receiveBytes(hex('0000000001'))\n")
    expect(code).toContain('payload: new Uint8Array(40).fill(7)')
    expect(code.endsWith('  .done()\n')).toBe(true)
  })

  test('stands as the project formats its code', async () => {
    const code = printFlow(STEPS, { protocol: 'plain()', options: OPTIONS })
    const options = { parser: 'typescript', semi: false, singleQuote: true, printWidth: 100 }
    expect(await prettier.format(code, options)).toBe(code)
  })

  test('names what is in its scope by itself where nothing is given', () => {
    expect(printFlow([{ do: 'expectNothingSent' }])).toBe(
      'flow(protocol)\n  .expectNothingSent()\n  .done()\n',
    )
  })

  test('of what is no plain data is refused', () => {
    const message = { type: 'ping' as const, payload: Uint8Array.of(1), made: new Date(0) }
    expect(() => printFlow([{ do: 'send', message }])).toThrow(TypeError)
  })
})

describe('a literal', () => {
  const data = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.bigInt(),
      fc.double(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.uint8Array(),
      fc.constant(new Uint8Array(50)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.string().filter((name) => name !== '__proto__'),
        tie('value'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    ),
  })).value

  test('is the value that it was printed from, on one line or many', () => {
    holds(
      fc.property(data, fc.constantFrom(-1, 0, 2, 90), (value, indent) => {
        const code = `(${literalOf(value, indent)})`
        expect(evaluate(code, { hex })).toEqual(value)
      }),
      200,
    )
  })

  test('of a field that is named __proto__ is one with that field', () => {
    const value: unknown = JSON.parse('{"__proto__": {"a": 1}}')
    const code = literalOf(value)
    expect(code).toBe("{ ['__proto__']: { a: 1 } }")
    const again = evaluate(`(${code})`, {}) as object
    expect(Object.entries(again)).toEqual([['__proto__', { a: 1 }]])
    expect(Object.getPrototypeOf(again)).toBe(Object.prototype)
  })

  const ring: { within?: unknown } = {}
  ring.within = [{ ring }]
  test.each<[string, unknown]>([
    ['what holds itself', ring],
    ['a list with a hole', Array(1)],
    ['a list with a hole at its end', Object.assign([1], { length: 2 })],
    ['a list with a name', Object.assign([1], { name: 1 })],
    ['a list with a hole and a name', Object.assign(Array(1), { name: 1 })],
    ['a map', new Map()],
    ['a function', () => undefined],
  ])('of %s is refused', (_, value) => {
    expect(() => literalOf(value)).toThrow(TypeError)
    expect(() => literalOf({ value: [value] })).toThrow(TypeError)
  })

  test('of what stands in two places is written twice', () => {
    const one = { a: 1 }
    expect(literalOf([one, one])).toBe('[{ a: 1 }, { a: 1 }]')
  })

  test.each([
    ["'it is'", 'it is'],
    ['"it\'s"', "it's"],
    [`'it\\'s "it"'`, `it's "it"`],
    ["'a\\\\'", 'a\\'],
    ['[1, 2n, -0]', [1, 2n, -0]],
    ["{ 'a b': [] }", { 'a b': [] }],
    ['{}', {}],
  ])('is written as %s', (code, value) => {
    expect(literalOf(value)).toBe(code)
  })
})
