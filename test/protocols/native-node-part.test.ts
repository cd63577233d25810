import { describe, expect, test } from 'vitest'
import { concatBytes, equalBytes, viewOf as dataViewOf } from '../../codec/bytes.ts'
import { identityOf, nodeIdOf } from '../../codec/native/identity.ts'
import { previousOf, signedBytes } from '../../codec/native/handshake-bytes.ts'
import type { HandshakeMessage } from '../../codec/native/messages.ts'
import type { NativeAnswer } from '../../machines/handshakes/native.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { ALICE, ALICE_MS, BOB, NETWORK, ofLabel } from '../codec/native/vectors.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { hex } from '../support/hex.ts'
import { checkOf, handshakeIn, startChecked, startNode, viewOf } from './native-support.ts'

const crypto = chooseCrypto()
const ROLES = ['listener', 'dialler'] as const
const OTHER = identityOf(crypto, ofLabel('nn carol static'))

/** What was refused, and with which code. */
const verdictOf = (answer: NativeAnswer): string =>
  answer.type === 'refused' ? `${answer.error.code} ${answer.detail}` : answer.type

/** The other signature that the same key and message have: S is n - S. */
function withHighS(signature: Uint8Array): Uint8Array {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const view = dataViewOf(signature)
  let s = 0n
  for (let word = 0; word < 4; word++) s = (s << 64n) | view.getBigUint64(32 + word * 8)
  const high = signature.slice()
  const digits = (order - s).toString(16).padStart(64, '0')
  high.set(hex(digits), 32)
  return high
}
const flipped = (bytes: Uint8Array, index: number): Uint8Array => {
  const changed = bytes.slice()
  changed[index] = (changed[index] ?? 0) ^ 1
  return changed
}
/** The hybrid form's first byte on a compressed key: a form that lenient libraries read. */
const hybrid = (key: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(0x06), key.subarray(1))

describe('our own handshake', () => {
  test('is signed for the node that was dialled, at the wall clock’s time', () => {
    const { ask, time } = startNode()
    time.wallMs = 1_800_000_000_000
    const answer = ask({ type: 'greet' }, viewOf('dialler'))
    if (answer.type !== 'greeting') throw new Error(answer.type)
    const handshake = handshakeIn(answer.raw)
    expect(handshake).toMatchObject({
      major: 1,
      minor: 0,
      network: NETWORK,
      keyType: 1,
      nodeId: ALICE.nodeId,
      publicKey: ALICE.publicKey,
      recipientId: BOB.nodeId,
      timestampMs: 1_800_000_000_000n,
    })
    const { signature, ...unsigned } = handshake
    expect(crypto.verify(signedBytes('dialler', unsigned), signature, ALICE.publicKey)).toBe(true)
  })

  test('never has the ephemeral key or the nonce of another', () => {
    const { ask } = startNode()
    const seen = new Set<string>()
    for (let count = 0; count < 20; count++) {
      const answer = ask({ type: 'greet' }, viewOf('dialler', { name: `dial ${count}` }))
      if (answer.type !== 'greeting') throw new Error(answer.type)
      const { nonce, ephemeralKey } = handshakeIn(answer.raw)
      seen.add(nonce.join()).add(ephemeralKey.join())
    }
    expect(seen.size).toBe(40)
  })

  test('answers the dialler over its payload', () => {
    const { node, view, theirs, check } = startChecked('listener')
    const handshake = theirs()
    expect(verdictOf(check(handshake))).toBe('passed')
    const answer = node.ask({ type: 'respond' }, view)
    if (answer.type !== 'response') throw new Error(answer.type)
    const { signature, ...unsigned } = handshakeIn(answer.raw)
    expect(unsigned.recipientId).toEqual(ALICE.nodeId)
    const { raw } = checkOf(handshake)
    const signed = signedBytes('listener', unsigned, previousOf(crypto, raw ?? hex('')))
    expect(crypto.verify(signed, signature, BOB.publicKey)).toBe(true)
  })

  test('is not made for an address without an id', () => {
    const { ask } = startNode()
    const target = { id: undefined, host: '192.0.2.1', port: 9946 }
    expect(() => ask({ type: 'greet' }, viewOf('dialler', { target }))).toThrow('without a node id')
  })
})

test.each(BACKENDS.map((backend) => [backend.name, backend] as const))(
  'two nodes derive the same keys and facts, with %s',
  (_, backend) => {
    const alice = startNode({ crypto: backend })
    const bob = startNode({ crypto: backend, privateKey: BOB.privateKey })
    const [dialled, accepted] = [viewOf('dialler'), viewOf('listener')]

    const greeting = alice.ask({ type: 'greet' }, dialled)
    if (greeting.type !== 'greeting') throw new Error(greeting.type)
    expect(bob.ask(checkOf(handshakeIn(greeting.raw)), accepted)).toEqual({ type: 'passed' })
    const response = bob.ask({ type: 'respond' }, accepted)
    if (response.type !== 'response') throw new Error(response.type)
    const ofBob = bob.ask({ type: 'derive' }, accepted)
    expect(alice.ask(checkOf(handshakeIn(response.raw)), dialled)).toEqual({ type: 'passed' })
    const ofAlice = alice.ask({ type: 'derive' }, dialled)

    if (ofAlice.type !== 'derived' || ofBob.type !== 'derived') throw new Error('no keys')
    expect(ofAlice.facts).toMatchObject({ identity: BOB.id, minor: 0 })
    expect(ofBob.facts).toMatchObject({ identity: ALICE.id, minor: 0 })
    expect(ofAlice.facts.sessionId).toBe(ofBob.facts.sessionId)
    expect(ofAlice.facts.sessionId).toMatch(/^[0-9a-f]{64}$/)
    const [aliceKeys, bobKeys] = [alice.secrets.get('session'), bob.secrets.get('session')]
    expect(aliceKeys?.send).toEqual(bobKeys?.receive)
    expect(aliceKeys?.receive).toEqual(bobKeys?.send)
    expect(equalBytes(aliceKeys?.send.key ?? hex(''), bobKeys?.send.key ?? hex(''))).toBe(false)
    expect(alice.jobs).toEqual(['sign', 'verify', 'sharedX'])
    expect(bob.jobs).toEqual(['verify', 'sign', 'sharedX'])
    expect([alice.part.counts?.(), bob.part.counts?.()]).toEqual([
      { exchanges: 0, nonces: 1, sessions: 0, failingGroups: 0 },
      { exchanges: 0, nonces: 1, sessions: 0, failingGroups: 0 },
    ])
  },
)

describe.each(ROLES)('as %s', (role) => {
  test('a good handshake passes, and the lower minor version applies', () => {
    const { node, view, theirs, check } = startChecked(role)
    expect(check(theirs({ minor: 7 }))).toEqual({ type: 'passed' })
    if (role === 'listener') node.ask({ type: 'respond' }, view)
    expect(node.ask({ type: 'derive' }, view)).toMatchObject({ facts: { minor: 0 } })
  })

  test.each([0, 30_000, -30_000])('an age of %i ms passes', (ageMs) => {
    const { theirs, check } = startChecked(role)
    expect(check(theirs({ timestampMs: BigInt(ALICE_MS - ageMs) }))).toEqual({ type: 'passed' })
  })

  test.each([
    [30_001n, 'expired'],
    [-30_001n, 'future'],
    [BigInt(ALICE_MS), 'expired'],
    [BigInt(ALICE_MS) - 2n ** 53n, 'future'],
    [BigInt(ALICE_MS) - 0xffff_ffff_ffff_ffffn, 'future'],
  ])('402: an age of %i ms is %s, and told with our time', (ageMs, which) => {
    const { node, theirs, check } = startChecked(role)
    const answer = check(theirs({ timestampMs: BigInt(ALICE_MS) - ageMs }))
    expect(verdictOf(answer)).toBe(`402 ${which}-timestamp`)
    expect(answer).toMatchObject({ error: { localTimeMs: BigInt(ALICE_MS) } })
    // Nothing long was computed for it, beyond the dialler's own greeting.
    expect(node.jobs).toEqual(role === 'dialler' ? ['sign'] : [])
  })

  test.each([
    [{ major: 0 }, 'version'],
    [{ major: 2 }, 'version'],
    [{ major: 65_535 }, 'version'],
    [{ network: 'testnet/other' }, 'network'],
    [{ network: 'Testnet/demo' }, 'network'],
    [{ network: 'testnet/demo ' }, 'network'],
  ])('406: %j is told with our version', (change, which) => {
    const { theirs, check } = startChecked(role)
    const answer = check(theirs(change))
    expect(verdictOf(answer)).toBe(`406 ${which}-mismatch`)
    expect(answer).toMatchObject({ error: { localMajor: 1, localMinor: 0 } })
  })

  test.each([
    ['an id of another key', { nodeId: OTHER.nodeId }],
    ['an unknown kind of key', { keyType: 2, nodeId: nodeIdOf(crypto, 2, OTHER.publicKey) }],
    ['an ephemeral key off the curve', { ephemeralKey: hex(`02${'00'.repeat(31)}05`) }],
    ['an ephemeral key of zeros', { ephemeralKey: new Uint8Array(33) }],
  ])('405: %s', (_, change) => {
    const { theirs, check } = startChecked(role)
    expect(verdictOf(check(theirs(change)))).toBe('405 invalid-id')
  })

  test('405: keys in hybrid form', () => {
    const { theirs, check } = startChecked(role)
    const good = theirs()
    expect(verdictOf(check(theirs({ ephemeralKey: hybrid(good.ephemeralKey) })))).toBe(
      '405 invalid-id',
    )
    const publicKey = hybrid(good.publicKey)
    const nodeId = nodeIdOf(crypto, 1, publicKey)
    expect(verdictOf(check(theirs({ publicKey, nodeId })))).toBe('405 invalid-id')
  })

  test('405: our own id', () => {
    const own = role === 'dialler' ? ALICE : BOB
    const { theirs, check } = startChecked(role)
    const { nodeId, publicKey } = own
    expect(verdictOf(check(theirs({ nodeId, publicKey })))).toBe('405 own-id')
  })

  test('421: a handshake for another node', () => {
    const { theirs, check } = startChecked(role)
    expect(verdictOf(check(theirs({ recipientId: OTHER.nodeId })))).toBe('421 wrong-recipient')
  })

  test('423: a claim that is banned, before anything is verified', () => {
    const { node, view, theirs, check } = startChecked(role)
    const handshake = theirs()
    const claimed = role === 'dialler' ? BOB.id : ALICE.id
    node.bans.set(`${claimed} from ${view.remote.host}`, 1_234.5)
    node.jobs.length = 0
    const answer = check(handshake)
    expect(verdictOf(answer)).toBe('423 claim-banned')
    expect(answer).toMatchObject({ error: { retryAfterMs: 1_235 } })
    expect(node.jobs).toEqual([])
  })

  const forgeries: readonly (readonly [
    what: string,
    forge: (good: HandshakeMessage, sign: ReturnType<typeof startChecked>['sign']) => object,
  ])[] = [
    ['a flipped bit', ({ signature }) => ({ signature: flipped(signature, 40) })],
    ['the high S of the same signature', ({ signature }) => ({ signature: withHighS(signature) })],
    ['zeros', () => ({ signature: new Uint8Array(64) })],
    ['another key', (good, sign) => sign(good, OTHER.privateKey)],
    [
      'the right key, over another recipient',
      (good, sign) => ({ signature: sign({ ...good, recipientId: OTHER.nodeId }).signature }),
    ],
    [
      'the right key, over another time',
      (good, sign) => ({ signature: sign({ ...good, timestampMs: 1n }).signature }),
    ],
    [
      'the right key, over another minor version',
      (good, sign) => ({ signature: sign({ ...good, minor: 1 }).signature }),
    ],
    [
      'the right key, over another nonce',
      (good, sign) => ({ signature: sign({ ...good, nonce: ofLabel('other') }).signature }),
    ],
    [
      'the right key, over another ephemeral key',
      (good, sign) => ({ signature: sign({ ...good, ephemeralKey: OTHER.publicKey }).signature }),
    ],
  ]
  test.each(forgeries)('401: a signature that is %s', (_, forge) => {
    const { theirs, sign, check } = startChecked(role)
    const good = theirs()
    expect(verdictOf(check({ ...good, ...forge(good, sign) }))).toBe('401 invalid-signature')
  })

  test('401: a signature in the wrong role, and a handshake with no word of ours', () => {
    const { theirs, check } = startChecked(role)
    const good = theirs()
    const key = (role === 'dialler' ? BOB : ALICE).privateKey
    const wrongRole = crypto.sign(signedBytes(role, good), key)
    expect(verdictOf(check({ ...good, signature: wrongRole }))).toBe('401 invalid-signature')
    const signer = role === 'dialler' ? 'listener' : 'dialler'
    const otherPrevious = crypto.sign(signedBytes(signer, good, ofLabel('other')), key)
    expect(verdictOf(check({ ...good, signature: otherPrevious }))).toBe('401 invalid-signature')
  })

  test('409: the same handshake twice, until it is too old anyway', () => {
    const { node, theirs, check } = startChecked(role)
    const handshake = theirs({ timestampMs: BigInt(ALICE_MS + 30_000) })
    expect(check(handshake)).toEqual({ type: 'passed' })
    node.time.monotonicMs += 64_999
    expect(verdictOf(check(handshake))).toBe('409 replayed-nonce')
    node.time.monotonicMs += 1
    node.time.wallMs += 65_000
    expect(verdictOf(check(handshake))).toBe('402 expired-timestamp')
    expect(check(theirs({ timestampMs: BigInt(node.time.wallMs) }))).toEqual({ type: 'passed' })
  })

  test('409 is not for a nonce that came with a wrong signature', () => {
    const { theirs, check } = startChecked(role)
    const good = theirs()
    check({ ...good, signature: flipped(good.signature, 3) })
    expect(check(good)).toEqual({ type: 'passed' })
  })

  test('503: more nonces than are kept; none is forgotten early', () => {
    const { node, theirs, check } = startChecked(role, { limits: { noncesMax: 2 } })
    const [first, second, third] = ['one', 'two', 'three'].map((label) =>
      theirs({ nonce: ofLabel(label) }),
    )
    if (first === undefined || second === undefined || third === undefined) throw new Error()
    expect([first, second, third].map((one) => verdictOf(check(one)))).toEqual([
      'passed',
      'passed',
      '503 nonces-full',
    ])
    expect(verdictOf(check(first))).toBe('409 replayed-nonce')
    node.time.monotonicMs += 65_000
    expect(check(third)).toEqual({ type: 'passed' })
  })

  test('423: a banned node, once its signature is right', () => {
    const { node, theirs, check } = startChecked(role)
    const claimed = role === 'dialler' ? BOB.id : ALICE.id
    node.bans.set(claimed, Infinity)
    const good = theirs()
    const forged = { ...good, signature: flipped(good.signature, 3) }
    expect(verdictOf(check(forged))).toBe('401 invalid-signature')
    const answer = check(good)
    expect(verdictOf(answer)).toBe('423 identity-banned')
    // For good is told as a day, the longest that anybody has to wait before asking again.
    expect(answer).toMatchObject({ error: { retryAfterMs: 86_400_000 } })
  })

  test('404: a node that is not on the list, once its signature is right', () => {
    const { theirs, check } = startChecked(role, { allow: [OTHER.id] })
    const good = theirs()
    const forged = { ...good, signature: flipped(good.signature, 3) }
    expect(verdictOf(check(forged))).toBe('401 invalid-signature')
    expect(verdictOf(check(good))).toBe('404 not-allowed')
    const listed = role === 'dialler' ? BOB.id : ALICE.id
    const allowed = startChecked(role, { allow: [OTHER.id, listed] })
    expect(allowed.check(allowed.theirs())).toEqual({ type: 'passed' })
  })

  test('410: a session with the node that has just become verified', () => {
    const { node, theirs, check } = startChecked(role)
    const identity = role === 'dialler' ? BOB.id : ALICE.id
    const other = role === 'dialler' ? 'listener' : 'dialler'
    const readyMs = node.time.monotonicMs
    node.has(viewOf(other, { name: 'two', phase: 'active', identity, readyMs }))
    node.time.monotonicMs += 4_999
    expect(verdictOf(check(theirs()))).toBe('410 session-exists')
    node.time.monotonicMs += 1
    expect(check(theirs({ nonce: ofLabel('later') }))).toEqual({ type: 'passed' })
  })

  test('503: as many verified sessions as there may be; those not verified do not count', () => {
    const full = role === 'dialler' ? 'outbound-full' : 'inbound-full'
    const { node, theirs, check } = startChecked(role)
    const other = role === 'dialler' ? 'listener' : 'dialler'
    for (let count = 0; count < 25; count++) {
      const name = `session ${count}`
      const identity = OTHER.id
      node.has(viewOf(other, { name, phase: 'active', identity, readyMs: 0 }))
      node.has(viewOf(role, { name }))
      if (count > 0) {
        node.has(viewOf(role, { name, phase: 'active', identity, readyMs: 0 }))
      }
    }
    expect(check(theirs())).toEqual({ type: 'passed' })
    node.has(viewOf(role, { phase: 'active', identity: OTHER.id, readyMs: 0 }))
    expect(verdictOf(check(theirs({ nonce: ofLabel('later') })))).toBe(`503 ${full}`)
  })

  test('a session that is leaving, or closed, keeps nobody out', () => {
    const limits = { inboundMax: 1, outboundMax: 1 }
    const { node, theirs, check } = startChecked(role, { limits })
    const identity = role === 'dialler' ? BOB.id : ALICE.id
    const other = { ...viewOf(role, { name: 'other', phase: 'active', identity: OTHER.id }) }
    node.has(viewOf(role, { name: 'same', phase: 'active', identity, readyMs: -60_000 }))
    node.has(other)
    const next = (nonce: string) => verdictOf(check(theirs({ nonce: ofLabel(nonce) })))
    expect(next('both')).toMatch(/^503/)
    other.phase = 'closing'
    expect(next('leaving')).toBe('passed')
    other.phase = 'active'
    node.part.closed?.(other)
    expect(next('closed')).toBe('passed')
  })

  test('a handshake with everything wrong is told the first of it, and the next when repaired', () => {
    const { node, theirs, check } = startChecked(role, { allow: [OTHER.id] })
    const identity = role === 'dialler' ? BOB.id : ALICE.id
    const good = theirs()
    const wrong = {
      ...good,
      major: 2,
      timestampMs: 0n,
      nodeId: OTHER.nodeId,
      recipientId: OTHER.nodeId,
      signature: flipped(good.signature, 3),
    }
    const host = '192.0.2.9'
    node.bans.set(`${identity} from ${host}`, 5)
    node.bans.set(identity, 5)
    const told: string[] = []
    const repair = (change: Partial<HandshakeMessage>) => {
      told.push(verdictOf(check(Object.assign(wrong, change))))
    }
    repair({})
    repair({ major: good.major })
    repair({ timestampMs: good.timestampMs })
    repair({ nodeId: good.nodeId })
    repair({ recipientId: good.recipientId })
    node.bans.delete(`${identity} from ${host}`)
    repair({})
    repair({ signature: good.signature })
    node.bans.delete(identity)
    repair({ ...theirs({ nonce: ofLabel('fresh') }) })
    expect(told).toEqual([
      '406 version-mismatch',
      '402 expired-timestamp',
      '405 invalid-id',
      '421 wrong-recipient',
      '423 claim-banned',
      '401 invalid-signature',
      '423 identity-banned',
      '404 not-allowed',
    ])
  })
})

test('405: a valid handshake of another node than was dialled', () => {
  const { theirs, sign, check } = startChecked('dialler')
  const { nodeId, publicKey } = OTHER
  const handshake = sign({ ...theirs(), nodeId, publicKey }, OTHER.privateKey)
  expect(verdictOf(check(handshake))).toBe('405 unexpected-id')
})

describe('failed handshakes of one group', () => {
  const failing = (limits = {}) => {
    const started = startChecked('listener', { limits })
    const { node, theirs, check } = started
    let count = 0
    return {
      ...started,
      fail: () => verdictOf(check({ ...theirs(), timestampMs: 0n, nonce: ofLabel(`${count++}`) })),
      from: (host: string, change: object = {}) =>
        node.ask(
          checkOf(theirs({ nonce: ofLabel(`${host} ${count++}`), ...change })),
          viewOf('listener', { remote: { host, port: 1 } }),
        ),
    }
  }

  test('are throttled after 20 within a minute, for a minute, and no other group is', () => {
    const { node, fail, from, check, theirs } = failing()
    for (let count = 0; count < 20; count++) expect(fail()).toBe('402 expired-timestamp')
    const answer = check(theirs())
    expect(verdictOf(answer)).toBe('429 throttled')
    expect(answer).toMatchObject({ error: { retryAfterMs: 60_000 } })
    expect(from('192.0.2.10')).toEqual({ type: 'passed' })
    node.time.monotonicMs += 59_999
    node.time.wallMs += 20_000
    expect(verdictOf(check(theirs()))).toBe('429 throttled')
    node.time.monotonicMs += 1
    expect(check(theirs())).toEqual({ type: 'passed' })
  })

  test('count together for an IPv6 prefix of 64 bits', () => {
    const { from } = failing({ failedPerGroupPerMinuteMax: 2 })
    from('2001:db8:1:2::1', { major: 9 })
    from('2001:db8:1:2:ffff::1', { major: 9 })
    expect(verdictOf(from('2001:db8:1:2::3'))).toBe('429 throttled')
    expect(from('2001:db8:1:3::1')).toEqual({ type: 'passed' })
  })

  test('do not add up over more than a minute', () => {
    const { node, fail, check, theirs } = failing({ failedPerGroupPerMinuteMax: 2 })
    fail()
    node.time.monotonicMs += 60_000
    fail()
    expect(check(theirs())).toEqual({ type: 'passed' })
  })

  test('are remembered for so many groups', () => {
    const { node, from } = failing({ failedPerGroupPerMinuteMax: 2, failingGroupsMax: 3 })
    for (let last = 1; last <= 5; last++) from(`192.0.2.${last}`, { major: 9 })
    expect(node.part.counts?.()).toMatchObject({ failingGroups: 3 })
  })

  test('are not what we refuse for reasons of our own', () => {
    const { node, from } = failing({ failedPerGroupPerMinuteMax: 1, inboundMax: 0 })
    expect(verdictOf(from('192.0.2.1'))).toBe('503 inbound-full')
    expect(verdictOf(from('192.0.2.1'))).toBe('503 inbound-full')
    expect(node.part.counts?.()).toMatchObject({ failingGroups: 0 })
  })

  test('are the listener’s to count: who dials is not held down by its own dials', () => {
    const { node, theirs, check } = startChecked('dialler', {
      limits: { failedPerGroupPerMinuteMax: 1 },
    })
    check(theirs({ major: 9 }))
    expect(node.part.counts?.()).toMatchObject({ failingGroups: 0 })
    expect(check(theirs())).toEqual({ type: 'passed' })
  })
})

describe('secrets', () => {
  test('of a handshake that came to nothing are overwritten with its connection', () => {
    const kept: Uint8Array[] = []
    const backend = nobleCrypto()
    const { node, view } = startChecked('dialler', {
      crypto: {
        ...backend,
        publicKeyOf(privateKey) {
          kept.push(privateKey)
          return backend.publicKeyOf(privateKey)
        },
      },
    })
    const [ephemeral] = kept
    expect(ephemeral?.some((byte) => byte !== 0)).toBe(true)
    expect(node.part.counts?.()).toMatchObject({ exchanges: 1 })
    node.part.closed?.(view)
    expect(ephemeral?.every((byte) => byte === 0)).toBe(true)
    expect(node.part.counts?.()).toMatchObject({ exchanges: 0 })
  })

  test.each([
    ['handshaking', 1],
    ['closing', 0],
  ] as const)('of a session that is %s by then: %i are made', (phase, made) => {
    const { check, node, theirs, view } = startChecked('dialler')
    check(theirs())
    expect(node.ask({ type: 'derive' }, { ...view, phase })).toMatchObject({ type: 'derived' })
    expect(node.secrets.size).toBe(made)
  })

  test('are asked for in order, or the session is at fault', () => {
    const { ask } = startNode()
    expect(() => ask({ type: 'derive' }, viewOf('dialler'))).toThrow('no handshake')
    expect(() => ask({ type: 'respond' }, viewOf('listener'))).toThrow('no handshake')
  })

  test('stand in no answer', () => {
    const { ask } = startNode()
    const answers = [ask({ type: 'greet' }, viewOf('dialler'))]
    const text = JSON.stringify(answers, (_, value: unknown) =>
      value instanceof Uint8Array ? [...value].join() : value,
    )
    expect(text).not.toContain([...ALICE.privateKey].join())
  })
})
