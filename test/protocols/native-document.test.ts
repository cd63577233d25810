import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../codec/native/error-codes.ts'
import {
  ADDRESSES_MAX,
  ERROR_TEXT_BYTES_MAX,
  HOST_BYTES_MAX,
  LOCATOR_ORIGINS_MAX,
  LOCATOR_RUNS_MAX,
  MESSAGE_NUMBERS,
  METADATA_BYTES_MAX,
  NETWORK_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  PING_ID_BYTES,
  PROTOCOL_BYTES_MAX,
  PUBLICATION_BYTES_MAX,
  REQUEST_ID_BYTES,
  TOPIC_BYTES_MAX,
} from '../../codec/native/messages.ts'
import { encode } from '../codec/native/encoding.ts'
import { SAMPLES } from '../codec/native/samples.ts'
import { VECTORS } from '../codec/native/vectors.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/native-protocol.md'), 'utf8')

/** The fields of each row of section 3, by its number and name, or by its name alone. */
const FIELDS = new Map(
  (/## 3\. Messages\n([\s\S]*?)\n## /.exec(DOCUMENT)?.[1] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => {
      const texts = cells.map((cell) => cell.trim())
      return [texts.slice(0, -1).join(' '), texts.at(-1) ?? ''] as const
    }),
)

describe('the protocol’s document', () => {
  test.each(Object.entries(VECTORS))('has the pinned %s of the example', (_, value) => {
    expect(DOCUMENT).toContain(String(value))
  })

  test.each(Object.entries(MESSAGE_NUMBERS))(
    'gives the message %s its number and as many fields as it has',
    (type, number) => {
      const fields = FIELDS.get(`${number} ${type}`)
      const message = Object.values(SAMPLES).find((sample) => sample.type === type)
      if (message === undefined) throw new Error(`there is no sample of ${type}`)
      const elements = (encode(message)[0] ?? 0) & 0x0f
      const types = [...(fields ?? '').matchAll(/`(u8|u16|u32|u64|text|bytes|list)/g)]
      expect(fields).toBeDefined()
      expect(types).toHaveLength(elements - 1)
    },
  )

  test.each([
    ['protocol', `text(${PROTOCOL_BYTES_MAX})`, ['2 direct', '7 message']],
    ['topic', `text(${TOPIC_BYTES_MAX})`, ['3 broadcast', '12 item']],
    ['payload', `bytes(..${PAYLOAD_BYTES_MAX})`, ['2 direct', '4 response', '7 message']],
    ['payload', `bytes(..${PUBLICATION_BYTES_MAX})`, ['3 broadcast', '12 item']],
    ['metadata', `bytes(..${METADATA_BYTES_MAX})?`, ['2 direct']],
    ['message', `text(${ERROR_TEXT_BYTES_MAX})`, ['5 error']],
    ['network', `text(${NETWORK_BYTES_MAX})`, ['1 handshake']],
    ['request id', `bytes(${REQUEST_ID_BYTES})`, ['2 direct', '4 response']],
    ['id', `bytes(${PING_ID_BYTES})`, ['8 ping', '9 pong']],
    ['addresses', `list(${ADDRESSES_MAX}) of address`, ['11 addresses']],
    ['host', `text(${HOST_BYTES_MAX})`, ['address']],
    ['origins', `list(${LOCATOR_ORIGINS_MAX}) of origin`, ['13 locator']],
    ['runs', `list(${2 * LOCATOR_RUNS_MAX}) of u64`, ['origin']],
  ])('states the limit of %s: %s', (field, type, rows) => {
    for (const row of rows) expect(FIELDS.get(row)?.split(', ')).toContain(`${field} \`${type}\``)
  })

  test.each(Object.entries(ERROR_CODES))('names the code of %s', (name, code) => {
    const upper = name.toUpperCase().replaceAll('-', '_')
    expect(DOCUMENT).toMatch(new RegExp(`${code}[ |(]+${upper}`))
  })
})
