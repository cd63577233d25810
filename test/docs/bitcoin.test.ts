import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { DetailRule } from '../../machines/reasons.ts'
import { BITCOIN_DETAILS } from '../../protocols/bitcoin/details.ts'
import { BITCOIN_LIMITS } from '../../protocols/bitcoin/limits.ts'
import { SLOTS } from '../../protocols/bitcoin/slots.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
const text = read('docs/bitcoin.md')

test('the code of docs/bitcoin.md are examples that start a node, and stop it', async () => {
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) =>
    code
      .replaceAll(/'peerloom\/([a-z/]+)'/g, (_, path: string) => `'../${path}.ts'`)
      .replaceAll("'peerloom'", "'../index.ts'"),
  )
  expect(blocks).toEqual(
    ['bitcoin', 'bitcoin-permissions'].map((name) => read(`examples/${name}.ts`)),
  )
  const log = vi.spyOn(console, 'log').mockReturnValue()
  await import('../../examples/bitcoin.ts')
  await import('../../examples/bitcoin-permissions.ts')
  expect(log.mock.calls).toEqual([
    [expect.stringMatching(/^listening on port \d+$/)],
    [{ kind: 'range', range: '198.51.100.0/24' }, expect.any(Number)],
  ])
  log.mockRestore()
})

test('docs/bitcoin.md lists each limit with its value and why', () => {
  const [, section = ''] = text.split('\n## Limits\n')
  const rows = [...section.matchAll(/^\| `(\w+)`\s*\| (\d+)\s*\| (.{10,}) \|$/gm)]
  expect(rows.map(([, name, value]) => [name, Number(value)])).toEqual(
    Object.entries(BITCOIN_LIMITS),
  )
})

/** In the words of the table: what a rule of the manifest comes to. */
function followsFrom({ reason, verdict }: DetailRule): string {
  if (typeof verdict === 'function') throw new Error('a verdict that hangs on the phase')
  if (verdict.do === 'wait') return 'wait'
  if (verdict.do === 'discourage') return 'shunned'
  if (verdict.do === 'refuse') return 'dialled again when the application asks'
  return reason === 'peer-fault' ? 'passed over' : verdict.do
}

test('docs/bitcoin.md lists each detail with which a connection ends, and what follows', () => {
  const [, section = ''] = text.split('\n## Why a connection ends\n')
  const [table = ''] = section.split('\n## ')
  const rows = [...table.matchAll(/^\| `([a-z0-9-]+)`\s*\| (.{10,}?)\s*\| ([a-z ]+?)\s*\|$/gm)]
  expect(rows.map(([, detail, , follows]) => [detail, follows])).toEqual(
    Object.entries(BITCOIN_DETAILS).map(([detail, rule]) => [detail, followsFrom(rule)]),
  )
})

test('docs/bitcoin.md names each kind of connection', () => {
  for (const slot of Object.values(SLOTS)) expect(text).toContain(`\`${slot}\``)
})
