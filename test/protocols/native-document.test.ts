import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../codec/native/error-codes.ts'
import { MESSAGE_NUMBERS } from '../../codec/native/messages.ts'
import { VECTORS } from '../codec/native/vectors.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/native-protocol.md'), 'utf8')

describe('the protocol’s document', () => {
  test.each(Object.entries(VECTORS))('has the pinned %s of the example', (_, value) => {
    expect(DOCUMENT).toContain(String(value))
  })

  test.each(Object.entries(MESSAGE_NUMBERS))(
    'names the message %s by its number',
    (name, number) => {
      const described = DOCUMENT.includes(`| ${number} `) && DOCUMENT.includes(name)
      const reserved = new RegExp(`\\b${number}\\s+\\(${name}\\)`).test(DOCUMENT)
      expect(described || reserved).toBe(true)
    },
  )

  test.each(Object.entries(ERROR_CODES))('names the code of %s', (name, code) => {
    const upper = name.toUpperCase().replaceAll('-', '_')
    expect(DOCUMENT).toMatch(new RegExp(`${code}[ |(]+${upper}`))
  })
})
