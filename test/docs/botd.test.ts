import { expect, onTestFinished, test, vi } from 'vitest'
import { APP_PAYLOAD_BYTES_MAX, ID_BYTES_MAX, TOPIC_BYTES_MAX } from '../../codec/botd/messages.ts'
import { BOTD_LIMITS } from '../../protocols/botd/limits.ts'
import { codeBlocks, inTree, membersOf, readText, rowsBelow } from '../support/documents.ts'

const PAGE = readText('docs/botd.md')

test('the code of docs/botd.md is an example in which one node hears what the other says', async () => {
  expect(codeBlocks(PAGE).map(inTree)).toEqual([readText('examples/botd.ts')])
  const log = vi.spyOn(console, 'log').mockReturnValue()
  onTestFinished(() => {
    log.mockRestore()
  })
  await import('../../examples/botd.ts')
  expect(log.mock.calls).toEqual([['weather', 'it rains']])
})

test('docs/botd.md lists the fields of a message of the application, and how large they may be', () => {
  const rows = rowsBelow(PAGE, '\n## Saying something\n')
  const fields = membersOf('codec/botd/messages.ts', 'AppMessage')
  expect(rows.map(([field]) => field)).toEqual(fields.filter((field) => field !== 'type'))
  const sizes = rows.map(([, what = '']) => /[\d,]+(?= bytes)/.exec(what)?.[0].replaceAll(',', ''))
  expect(sizes.map(Number)).toEqual([ID_BYTES_MAX, TOPIC_BYTES_MAX, APP_PAYLOAD_BYTES_MAX])
})

test('docs/botd.md lists each limit with its value and what it bounds', () => {
  const rows = rowsBelow(PAGE, '\n## Options\n')
  expect(rows.map(([name, value]) => [name, Number(value)])).toEqual(Object.entries(BOTD_LIMITS))
  expect(rows.every(([, , what = '']) => what.length > 10)).toBe(true)
})

test('docs/botd.md speaks of each option', () => {
  const options = membersOf('protocols/botd.ts', 'BotdOptions')
  expect(options.length).toBeGreaterThan(3)
  expect(options.filter((option) => !PAGE.includes(`\`${option}`))).toEqual([])
})
