import ts from 'typescript'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import {
  codeBlocks,
  inTree,
  membersOf,
  numberOf,
  readText,
  rowsBelow,
  sourceFileOf,
} from '../support/documents.ts'

const PAGE = readText('docs/embedding.md')
const CONTRACT = 'supervisor/supervisor-contract.ts'
const EVENTS = 'supervisor/events.ts'

/** The first word of whatever stands between backticks, code aside. */
const quoted = new Set(
  [...PAGE.replaceAll(/```ts\n[\s\S]*?```/g, '').matchAll(/`([A-Za-z]+)[^`]*`/g)].map(
    ([, name = '']) => name,
  ),
)

/** Each type of event with its fields. */
function eventsDeclared(): readonly (readonly [type: string, fields: readonly string[]])[] {
  const union = sourceFileOf(EVENTS)
    .statements.filter(ts.isTypeAliasDeclaration)
    .find(({ name }) => name.text === 'SupervisorEvent')?.type
  if (union === undefined || !ts.isUnionTypeNode(union)) return []
  return union.types.flatMap((node) => {
    const types: string[] = []
    const fields: string[] = []
    const read = (part: ts.TypeNode): void => {
      if (ts.isParenthesizedTypeNode(part)) read(part.type)
      else if (ts.isIntersectionTypeNode(part)) part.types.forEach(read)
      else if (ts.isTypeReferenceNode(part)) {
        fields.push(...membersOf(EVENTS, part.typeName.getText()))
      } else if (ts.isTypeLiteralNode(part)) {
        for (const member of part.members.filter(ts.isPropertySignature)) {
          const name = member.name.getText()
          if (name !== 'type') fields.push(name)
          else types.push(...(member.type?.getText().match(/(?<=')[a-z.-]+(?=')/g) ?? []))
        }
      }
    }
    read(node)
    return types.map((type) => [type, fields.toSorted()] as const)
  })
}

describe('docs/embedding.md', () => {
  test('has code that, put together, is a program', () => {
    const [, program = ''] = readText('examples/tour.ts').split('@module\n */\n')
    expect(codeBlocks(PAGE).map(inTree).join('\n')).toBe(program)
  })

  test('which runs to its end, and prints what the page speaks of', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue()
    onTestFinished(() => {
      log.mockRestore()
    })
    await import('../../examples/tour.ts')
    const expected = [
      ['alice/in-1', 'is', 'listener'],
      ['bob/out-1', 'active', 'outbound'],
      [true, 'chat', 'hello'],
      [32],
      ['AHOY'],
      ['refused-by-peer', 'Error 501, no-handler'],
      [1, 'item', 0n, 'it rains', true],
      [true, 'it rains'],
      ['us', 'asked', 'disconnected', 'active', 'nothing'],
      ['identity', 'asks too much'],
      [true],
      [0, {}],
      [[], 'stopped', 0],
    ]
    // What the one node and the other say, and what a handler does, comes in any order.
    const sorted = (lines: readonly unknown[][]) =>
      lines.map((line) => line.map(String).join(' ')).sort()
    await expect.poll(() => sorted(log.mock.calls)).toEqual(sorted(expected))
  })

  test('lists each option', () => {
    const rows = rowsBelow(PAGE, '\n## Making one\n')
    expect(rows.map(([option]) => option)).toEqual(
      expect.arrayContaining(membersOf('index.ts', 'SupervisorOptions')),
    )
    expect(rows).toHaveLength(membersOf('index.ts', 'SupervisorOptions').length)
  })

  test('speaks of each member of a supervisor', () => {
    const members = membersOf(CONTRACT, 'Supervisor')
    expect(members.length).toBeGreaterThan(30)
    expect(members.filter((member) => !quoted.has(member))).toEqual([])
  })

  test('lists each event with its fields, and nothing else', () => {
    const rows = rowsBelow(PAGE, '\n## Events\n')
    const listed = rows.map(([type, fields = '']) => [
      type,
      fields
        .split(', ')
        .filter((field) => field !== '')
        .toSorted(),
    ])
    expect(listed).toEqual(eventsDeclared())
    expect(listed.length).toBeGreaterThan(20)
    expect(rows.every(([, , says = '']) => says.length > 10)).toBe(true)
  })

  test.each([
    ['connections()', CONTRACT, 'ConnectionInfo'],
    ['peers()', 'supervisor/peers.ts', 'PeerView'],
    ['explain(connection)', 'supervisor/explanation.ts', 'Explanation'],
    ['counts()', 'supervisor/totals.ts', 'NodeCounts'],
    ['audit()', 'supervisor/node-contract.ts', 'Audit'],
  ])('lists each field of %s', (call, path, type) => {
    const [, fields = ''] =
      rowsBelow(PAGE, '\n## Looking at a node\n').find(([first]) => first === call) ?? []
    expect(fields.split(', ').toSorted()).toEqual(membersOf(path, type).toSorted())
  })

  test.each([
    ['supervisor/ban-records.ts', 'Ban'],
    ['actors/services.ts', 'Asked'],
    ['actors/services.ts', 'Delivery'],
    ['actors/services.ts', 'ListedPage'],
    ['actors/services.ts', 'PublishReport'],
    ['actors/counters.ts', 'Counters'],
    ['supervisor/totals.ts', 'NodeLevels'],
    ['supervisor/totals.ts', 'NodeTotals'],
    [CONTRACT, 'BanOptions'],
    [CONTRACT, 'HandleOptions'],
    [CONTRACT, 'RequestContent'],
    [CONTRACT, 'StopReport'],
    ['supervisor/waits.ts', 'WaitOptions'],
  ])('names each field of %s %s', (path, type) => {
    const fields = membersOf(path, type)
    expect(fields.length).toBeGreaterThan(0)
    expect(fields.filter((field) => !quoted.has(field))).toEqual([])
  })

  test('says how long each wait is', () => {
    const ms = (name: string) => numberOf('supervisor/supervisor.ts', name)
    const wait = ms('WAIT_MS')
    const handler = ms('HANDLER_DEADLINE_MS')
    const rows = rowsBelow(PAGE, '\n## Waits\n')
    expect(rows.map(([call, length]) => [call, length])).toEqual(
      [
        ['start', NODE_LIMITS.startMs] as const,
        ['stop', ms('GRACE_MS')] as const,
        ...['connect', 'room', 'publish', 'kept'].map((call) => [call, wait] as const),
        ['request', ms('REQUEST_MS')] as const,
        ...['handle', 'answer', 'validate'].map((call) => [call, handler] as const),
      ].map(([call, length]) => [call, `${String(length / 1_000)} s`]),
    )
  })
})

test('docs/imports.md lists each entry of the package, and nothing else', () => {
  const { exports } = JSON.parse(readText('package.json')) as {
    exports: Readonly<Record<string, unknown>>
  }
  const rows = rowsBelow(readText('docs/imports.md'), '# What to import\n')
  expect(rows.map(([entry]) => entry).toSorted()).toEqual(
    Object.keys(exports)
      .map((entry) => entry.replace(/^\./, 'peerloom'))
      .toSorted(),
  )
  expect(rows.every(([, what = '']) => what.length > 10)).toBe(true)
})
