import { expect, test } from 'vitest'
import { REPLY_BYTES_MAX } from '../../../transport/onion/replies.ts'
import { parseQuotedList } from '../../../transport/onion/values.ts'

test('a list has what is quoted in it, and nothing else', () => {
  expect(parseQuotedList('x="127.0.0.1:9050" y "unix:/run/\\"tor\\"" z')).toEqual([
    '127.0.0.1:9050',
    'unix:/run/"tor"',
  ])
  expect(parseQuotedList('nothing')).toEqual([])
})

test('a quote without an end ends the list, and what stands behind it is looked at once', () => {
  // As much as a whole reply: with a look to the end from each quote it would take minutes.
  const endless = '"one" "' + '\\"'.repeat(REPLY_BYTES_MAX / 2)
  expect(parseQuotedList(endless)).toEqual(['one'])
})
