import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeSmall } from '../../codec/native/handshake-codec.ts'
import { decodePlaintext, encodedBytes } from '../../codec/native/message-codec.ts'
import { PAYLOAD_BYTES_MAX } from '../../codec/native/messages.ts'
import type { NativeMessage } from '../../codec/native/messages.ts'
import { createProtocolNames } from '../../codec/native/protocol-names.ts'
import { FRAME_BYTES_MAX } from '../../codec/native/wire.ts'
import type { NativeDetail } from '../../machines/handshakes/native.ts'
import { CORE_DETAILS, ruleOf, verdictOf } from '../../machines/reasons.ts'
import type { CloseDetail, CoreDetail, Phase } from '../../machines/reasons.ts'
import { native } from '../../protocols/native.ts'
import { NATIVE_DETAILS } from '../../protocols/native/details.ts'
import { decideDuplicate } from '../../actors/simultaneous-dials.ts'
import { refusalOf } from '../../protocols/native/errors.ts'
import { createSlots } from '../../supervisor/slots.ts'
import { ANY, SAMPLES } from '../codec/native/samples.ts'
import { ALICE, ALICE_HANDSHAKE, BOB, NETWORK, VECTORS } from '../codec/native/vectors.ts'
import { holds } from '../support/properties.ts'
import { viewOf } from './native-support.ts'
import type { View } from './native-support.ts'

const protocol = native({ network: NETWORK, privateKey: ALICE.privateKey })
const oneWay = (bytes: number): NativeMessage => ({
  type: 'message',
  protocol: 'chat',
  payload: new Uint8Array(bytes),
})
const farewellOf = (detail: CloseDetail<NativeDetail>, phase: Phase = 'active') =>
  protocol.farewell?.(detail, phase)
const codeOf = (detail: CloseDetail<NativeDetail>): number | undefined => {
  const [message] = farewellOf(detail)?.messages ?? []
  return message?.type === 'error' ? message.code : undefined
}
const details = Object.keys(NATIVE_DETAILS) as readonly NativeDetail[]
const coreDetails = Object.keys(CORE_DETAILS) as readonly CoreDetail[]

describe('the manifest', () => {
  test.each([
    [25, 8],
    [9, 8],
    [8, undefined],
    [1, undefined],
  ])('of %s slots a node fills %s by itself, and all where it has no more', (outboundMax, fill) => {
    const { privateKey } = ALICE
    const { slots } = native({ network: NETWORK, privateKey, limits: { outboundMax } })
    expect(slots.find(({ role }) => role === 'dialler')?.fill).toBe(fill)
    expect(() => createSlots(slots)).not.toThrow()
  })

  test('states who we are', () => {
    expect(protocol.identity).toBe(VECTORS.aliceId)
  })

  test('states the specification’s deadlines, slots, strikes and admission', () => {
    expect(protocol.deadlines).toMatchObject({
      connectMs: 10_000,
      establish: { ms: 30_000, detail: 'handshake-timeout' },
      session: { handshakeMs: { ms: 30_000, detail: 'handshake-timeout' } },
      drainMs: 30_000,
      flushMs: 1_000,
    })
    expect(protocol.slots.map(({ role, max }) => [role, max])).toEqual([
      ['dialler', 25],
      // 25 verified, and 25 that are not yet.
      ['listener', 50],
    ])
    expect(protocol.strikes).toEqual({
      count: 3,
      withinMs: 600_000,
      banMs: 300_000,
      banMsMax: 86_400_000,
    })
    expect(protocol.admission).toMatchObject({
      pendingInbound: 25,
      pendingOutbound: 25,
      pendingPerGroup: 8,
    })
  })

  test('takes other limits', () => {
    const other = native({
      network: NETWORK,
      privateKey: ALICE.privateKey,
      limits: { handshakeMs: 5_000, inboundMax: 3 },
    })
    expect(other.deadlines.establish.ms).toBe(5_000)
    expect(other.deadlines.session).toMatchObject({ handshakeMs: { ms: 5_000 } })
    expect(other.slots).toContainEqual({ name: 'inbound', role: 'listener', max: 3 + 25 })
    expect(other.deadlines.connectMs).toBe(10_000)
  })

  test.each([
    ['a network without a name', { network: '' }],
    ['a network of 65 characters', { network: 'n'.repeat(65) }],
    ['a network beyond ASCII', { network: 'réseau' }],
    ['a network with a line break', { network: 'a\n' }],
    ['a private key of zeros', { privateKey: new Uint8Array(32) }],
    ['a private key of 31 bytes', { privateKey: new Uint8Array(31).fill(1) }],
    ['an id on the allow list that is none', { allow: [VECTORS.bobId, 'bob'] }],
    ['a limit that is negative', { limits: { inboundMax: -1 } }],
    ['a limit that is not whole', { limits: { handshakeMs: 0.5 } }],
  ])('refuses %s', (_, wrong) => {
    const options = { network: NETWORK, privateKey: ALICE.privateKey }
    expect(() => native({ ...options, ...wrong })).toThrow(RangeError)
  })

  test('compares addresses by id and place, and asks for the id', () => {
    const { addresses } = protocol
    const parsed = addresses.parse(`node://${BOB.id}@[2001:DB8::1]:9946`)
    if ('wrong' in parsed) throw new Error(parsed.wrong)
    const { address } = parsed
    expect(addresses.key(address)).toBe(`node://${BOB.id}@[2001:db8::1]:9946`)
    expect(addresses.identity(address)).toBe(BOB.id)
    expect(addresses.socket(address)).toEqual({ host: '2001:db8::1', port: 9946 })
    const accepted = addresses.fromSocket({ host: '2001:db8::1', port: 9946 })
    expect(addresses.identity(accepted)).toBeUndefined()
    expect(addresses.key(accepted)).not.toBe(addresses.key(address))
  })
})

describe('a message', () => {
  const control = { lane: 'control', full: 'close' }
  const requests = { lane: 'requests', full: 'stop-reading' }
  const gossip = { lane: 'gossip', full: 'drop' }
  test.each([
    [control, ['handshake', 'confirm', 'ping', 'pong']],
    [requests, ['message', 'direct', 'response', 'getAddresses', 'addresses', 'locator', 'range']],
    [gossip, ['broadcast', 'item']],
  ] as const)('waits in its lane: %o', (lane, types) => {
    for (const type of types) expect(protocol.lane(SAMPLES[type])).toEqual(lane)
  })

  test('that is an Error waits with the answers where it is one, and before all else where it is not', () => {
    expect(protocol.lane(SAMPLES.error)).toEqual(requests)
    expect(protocol.lane({ ...SAMPLES.error, requestId: undefined })).toEqual(control)
  })

  test('that is only read is counted as what it takes in memory, and is not to be sent', () => {
    const message = { type: 'oversizedDirect', requestId: SAMPLES.direct.requestId } as const
    expect(protocol.estimateBytes(message)).toBeGreaterThan(16)
    expect(protocol.lane(message)).toEqual(requests)
    expect(protocol.wrongWith?.(message)).toContain('not the application')
  })

  test.each(Object.entries<NativeMessage>(SAMPLES))(
    'is estimated at no less than it takes: %s',
    (_, message) => {
      const bytes = encodedBytes(message, createProtocolNames())
      const estimate = protocol.estimateBytes(message)
      expect(estimate).toBeGreaterThanOrEqual(bytes)
      expect(estimate).toBeLessThan(2 * bytes + 320)
      expect(protocol.contentBytes?.(message)).toBe(estimate)
    },
  )

  test.each(['addresses', 'locator', 'broadcast', 'item', 'response', 'direct'] as const)(
    'is estimated by what it holds: %s',
    (type) => {
      holds(
        fc.property<[NativeMessage]>(ANY[type], (message) => {
          const bytes = encodedBytes(message, createProtocolNames())
          // A name in another script takes up to three bytes a character.
          expect(protocol.estimateBytes(message)).toBeGreaterThanOrEqual(bytes - 128)
        }),
      )
    },
  )

  test.each(Object.entries<NativeMessage>(SAMPLES))(
    'is the application’s to send if it is one-way: %s',
    (type, message) => {
      const wrong = protocol.wrongWith?.(message)
      if (type === 'message') expect(wrong).toBeUndefined()
      else expect(wrong).toContain('not the application')
    },
  )
})

describe('a one-way message', () => {
  test.each([0, 200, 70_000, PAYLOAD_BYTES_MAX])(
    'of %i bytes is estimated at what it takes, and costs credit when it is empty',
    (bytes) => {
      const message = oneWay(bytes)
      const estimate = protocol.estimateBytes(message)
      expect(estimate).toBeGreaterThanOrEqual(bytes + 4)
      expect(estimate).toBeLessThan(bytes + 64)
      expect(protocol.contentBytes?.(message)).toBeGreaterThan(0)
    },
  )

  test('is owned with a copy of its payload', () => {
    const message = oneWay(3)
    const owned = protocol.own?.(message)
    expect(owned).toEqual(message)
    expect(owned).not.toBe(message)
    if (owned?.type !== 'message' || message.type !== 'message') throw new Error()
    expect(owned.payload.buffer).not.toBe(message.payload.buffer)
  })
})

describe('a farewell', () => {
  const silent: readonly NativeDetail[] = [
    'record-exhausted',
    'record-unauthentic',
    'refused-provisional',
    // Charged while the session goes on.
    'publication-invalid',
    'publication-flood',
    'unasked-answers',
    'sync-flood',
  ]

  test.each(details.filter((detail) => detail.startsWith('told-')))(
    'never answers an Error: %s',
    (detail) => {
      expect(farewellOf(detail)).toBeUndefined()
    },
  )

  test.each(silent)('is not said after %s', (detail) => {
    expect(farewellOf(detail)).toBeUndefined()
  })

  test.each([
    ['malformed', 400],
    ['record-too-short', 400],
    ['unexpected-confirm', 400],
    ['handshake-required', 403],
    ['handshake-timeout', 408],
    ['no-progress', 408],
    ['pong-missing', 408],
    ['ping-too-often', 429],
    ['pongs-unasked', 400],
    ['message-too-large', 413],
    ['record-too-long', 413],
    ['duplicate', 410],
    ['banned', 423],
    ['not-admitted', 503],
    ['slots-full', 503],
    ['evicted', 503],
    ['displaced', 503],
    ['lane-full', 503],
  ] as const)('after %s is Error %i', (detail, code) => {
    expect(codeOf(detail)).toBe(code)
  })

  test('is not said where the session has said why', () => {
    // In a handshake: who is taken off the allow list later is told by the connection.
    const spoken = details.filter(
      (detail) => codeOf(detail) === undefined || farewellOf(detail, 'handshaking') === undefined,
    )
    const rest = spoken.filter((detail) => !detail.startsWith('told-') && !silent.includes(detail))
    const refusals = rest.map((detail) => refusalOf(detail as Parameters<typeof refusalOf>[0]))
    expect(refusals).toHaveLength(18)
    for (const error of refusals) expect(error.code).toBeGreaterThanOrEqual(401)
  })

  test('of any kind fits a plaintext frame, says nothing of a request, and waits for no answer', () => {
    for (const detail of [...details, ...coreDetails]) {
      const farewell = farewellOf(detail)
      if (farewell === undefined) continue
      expect(farewell).toMatchObject({ answerMs: 0, reads: [] })
      for (const message of farewell.messages) {
        if (message.type !== 'error') throw new Error(message.type)
        const payload = encodeSmall(message)
        expect(payload.length).toBeLessThanOrEqual(FRAME_BYTES_MAX)
        expect(decodePlaintext(payload)).toEqual(message)
        expect(message.requestId).toBeUndefined()
      }
    }
  })
})

describe('what follows', () => {
  const after = (detail: NativeDetail, phase: Phase) =>
    verdictOf(ruleOf(NATIVE_DETAILS, detail), phase)

  test('no detail has the name of one that the core has', () => {
    expect(details.filter((detail) => Object.hasOwn(CORE_DETAILS, detail))).toEqual([])
  })

  test.each([
    'malformed',
    'handshake-required',
    'message-too-large',
    'unexpected-confirm',
  ] as const)('%s is charged to the claim, and to the node once it is verified', (detail) => {
    expect(after(detail, 'handshaking')).toEqual({ do: 'strike', whom: 'claim' })
    expect(after(detail, 'active')).toEqual({ do: 'strike', whom: 'identity' })
  })

  test('nothing that happens before verification is charged to a node id or an address', () => {
    for (const detail of details) {
      for (const phase of ['connecting', 'handshaking', 'closing'] as const) {
        const verdict = after(detail, phase)
        if ('whom' in verdict) expect([detail, verdict.whom]).toEqual([detail, 'claim'])
        expect(['ban', 'discourage']).not.toContain(verdict.do)
      }
    }
  })

  test('what is on the path, a clock, a version or an Error causes no strike', () => {
    const harmless = details.filter(
      (detail) =>
        /^(told-|record-|refused-)/.test(detail) ||
        /(timestamp|mismatch|timeout|full|exists|banned|throttled|progress)$/.test(detail),
    )
    expect(harmless.length).toBeGreaterThan(30)
    for (const detail of harmless) expect(after(detail, 'active')).not.toHaveProperty('whom')
  })

  test.each([
    ['told-invalid-signature', { do: 'refuse' }],
    ['told-invalid-id', { do: 'refuse' }],
    ['told-wrong-recipient', { do: 'refuse' }],
    ['told-unknown-node', { do: 'wait', ms: 3_600_000 }],
    ['told-protocol-mismatch', { do: 'wait', ms: 3_600_000 }],
    ['told-expired-timestamp', { do: 'wait' }],
    ['told-busy', { do: 'wait' }],
  ] as const)('%s shapes our retry', (detail, verdict) => {
    expect(after(detail, 'handshaking')).toEqual(verdict)
  })
})

describe('of two sessions with one node', () => {
  const at = (role: 'dialler' | 'listener', readyMs: number, identity: string) =>
    viewOf(role, { phase: 'active', identity, readyMs })
  const decide = (older: View, newer: View, ownIdentity: string) =>
    decideDuplicate(older, newer, ownIdentity, 5_000)

  test('that were dialled at once, the one of the smaller id stays, and both sides say so', () => {
    // Bob's id is the smaller one.
    expect(BOB.id < ALICE.id).toBe(true)
    const ofAlice = { own: at('dialler', 0, BOB.id), accepted: at('listener', 10, BOB.id) }
    const ofBob = { own: at('dialler', 5, ALICE.id), accepted: at('listener', 15, ALICE.id) }
    expect(decide(ofAlice.own, ofAlice.accepted, ALICE.id)).toBe('close-older')
    expect(decide(ofAlice.accepted, ofAlice.own, ALICE.id)).toBe('close-newer')
    expect(decide(ofBob.own, ofBob.accepted, BOB.id)).toBe('close-newer')
    expect(decide(ofBob.accepted, ofBob.own, BOB.id)).toBe('close-older')
  })

  test('that one side dialled at once, the first stays', () => {
    expect(decide(at('dialler', 0, BOB.id), at('dialler', 4_999, BOB.id), ALICE.id)).toBe(
      'close-newer',
    )
  })

  test('the newer one stays where the older one is not fresh', () => {
    for (const older of [at('dialler', 0, BOB.id), at('listener', 0, BOB.id)]) {
      for (const newer of [at('dialler', 5_000, BOB.id), at('listener', 5_000, BOB.id)]) {
        expect(decide(older, newer, ALICE.id)).toBe('close-older')
      }
    }
  })
})

test('a small message is never estimated below what it takes', () => {
  const error = refusalOf('invalid-signature', { localTimeMs: 1n })
  for (const message of [ALICE_HANDSHAKE, { ...error, message: 'x'.repeat(256) }] as const) {
    expect(protocol.estimateBytes(message)).toBeGreaterThanOrEqual(encodeSmall(message).length + 4)
  }
})
