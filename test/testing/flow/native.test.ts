import { describe, expect, test } from 'vitest'
import { native, tools } from '../../../protocols/native.ts'
import type { NativeTypes } from '../../../protocols/native.ts'
import { flow } from '../../../testing/flow/flow.ts'
import type { FlowOptions } from '../../../testing/flow/stage.ts'
import { keyOf } from '../../contracts/seats.ts'

const NETWORK = 'test/flow'
const node = () => native({ network: NETWORK, privateKey: keyOf('listener') })
const withPeer = (
  options: FlowOptions<NativeTypes> & { readonly network?: string } = {},
): FlowOptions<NativeTypes> => {
  const { network = NETWORK, ...rest } = options
  return {
    peer: native({ network, privateKey: keyOf('dialler') }),
    address: tools.ownAddress,
    ...rest,
  }
}
/** What the sub-protocols say of their own accord when a session is verified. */
const BACKGROUND = ['getAddresses', 'addresses', 'locator', 'ping', 'pong'] as const

const ping = { type: 'message', protocol: 'chat', payload: Uint8Array.of(1) } as const
const pong = { type: 'message', protocol: 'chat', payload: Uint8Array.of(2) } as const

describe('a node of the native network', () => {
  test.each(['listener', 'dialler'] as const)('meets a peer as %s and talks to it', (role) => {
    flow(
      node(),
      withPeer({ role, handshake: 'by-itself', ignore: BACKGROUND, subscribe: ['message'] }),
    )
      .expectState('active')
      .receive(ping)
      .expectDelivered(ping)
      .send(pong)
      .expectSent(pong)
      .expectNothingSent()
      .end()
      .expectClosed({ reason: 'peer-left', phase: 'active' })
      .done()
  })

  test('refuses a first message that is no handshake', () => {
    flow(node(), withPeer())
      .expectState({ session: 'shaking.awaiting' })
      .receive({ type: 'ping', id: new Uint8Array(16) })
      .expectSent({ type: 'error', code: 403 })
      .expectClosed({ reason: 'peer-fault', phase: 'handshaking' })
      .done()
  })

  test('says to a peer of another network that it is none of its own', () => {
    flow(node(), withPeer({ network: 'test/other', handshake: 'by-itself' }))
      .expectSent('error')
      .expectClosed('network-mismatch')
      .done()
  })

  test('waits for a silent peer as long as it says, and no longer', () => {
    flow(node(), withPeer())
      .advance(29_999)
      .expectState('handshaking')
      .expectNothingSent()
      .advance(1)
      .expectClosed({ detail: 'handshake-timeout', reason: 'deadline' })
      .done()
  })

  test('bans the identity that breaks its rules once verified', () => {
    const rude = flow(node(), withPeer({ handshake: 'by-itself', ignore: BACKGROUND }))
    for (let strike = 1; strike <= 3; strike++) {
      if (strike > 1) rude.advance(60_000).connect()
      rude.expectState('active').receive({ type: 'confirm' }).expectClosed('unexpected-confirm')
    }
    rude.expectEvent('peer.banned')
    const { events } = rude.advance(60_000).connect().expectClosed('identity-banned').done()
    expect(events.filter(({ type }) => type === 'peer.struck')).toHaveLength(3)
  })
})
