import { test } from 'vitest'
import { flow } from '../../../testing/testing.ts'
import { native, tools } from '../../../protocols/native.ts'

const nodeOf = (key: number) =>
  native({ network: 'test/chat', privateKey: new Uint8Array(32).fill(key) })

test('a verified peer that confirms twice is left, and told why', () => {
  flow(nodeOf(1), {
    peer: nodeOf(2),
    handshake: 'by-itself',
    address: tools.ownAddress,
    ignore: ['addresses', 'locator'],
  })
    .expectState('active')
    .receive({ type: 'confirm' })
    .expectSent({ type: 'error', code: 400 })
    .expectClosed('unexpected-confirm')
    .done()
})
