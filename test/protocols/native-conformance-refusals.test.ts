import { describe, expect, test } from 'vitest'
import { join, nodeIdOf } from '../interop/raw-native-crypto.ts'
import type { Forging } from '../interop/raw-native-messages.ts'
import { codesOf, expectRefused, OTHER, OURS } from './native-conformance-support.ts'
import { RAW, ROLES, startScene } from './native-conformance-support.ts'
import type { Scene } from './native-conformance-support.ts'

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

/** 32 bytes that are the x coordinate of no point: above the field's prime. */
const NO_POINT = join(Uint8Array.of(2), new Uint8Array(32).fill(0xff))

describe.each(ROLES)('our node as %s', (role) => {
  const refused = (code: number, forging: (scene: Scene) => Forging): void => {
    const scene = startScene()
    const stream = scene.greet(role, forging(scene))
    expectRefused(scene, stream, code)
    expect(stream.peer.problems).toEqual([])
    expect([scene.active(), scene.phases()]).toEqual([0, []])
  }
  const wrongRole = role === 'responder' ? 'listener' : 'dialler'

  test.each<[string, Forging]>([
    ['by another key', { signedBy: OTHER.privateKey }],
    ['the high-S twin', { form: 'high-s' }],
    ['in DER', { form: 'der' }],
    ['over another recipient', { signedOver: { recipientId: OTHER.nodeId } }],
    ['over another timestamp', { signedOver: { timestampMs: 1_735_689_600_001n } }],
    ['over another minor version', { signedOver: { minor: 1 } }],
    ['over another major version', { signedOver: { major: 2 } }],
    ['over another network', { signedOver: { network: 'test/other' } }],
    ['in the wrong role', { signedAs: wrongRole }],
    ['over another nonce', { signedOver: { nonce: new Uint8Array(32).fill(7) } }],
    ['over another ephemeral key', { signedOver: { ephemeralKey: OTHER.publicKey } }],
    ['over another word of ours', { previous: new Uint8Array(32).fill(9) }],
    ['all zeros', { sent: { signature: new Uint8Array(64) } }],
  ])('E401: a signature %s', (_, forging) => {
    refused(401, () => forging)
  })

  test.each([0, 31, 32, 63])('E401: a bit flipped in byte %i of the signature', (at) => {
    const scene = startScene()
    const stream = scene.meet(role)
    stream.peer.greet({ change: (handshake) => ({ signature: flipped(handshake.signature, at) }) })
    scene.world.settle()
    expectRefused(scene, stream, 401)
  })

  test.each<[string, (wallMs: number) => bigint]>([
    ['30001 ms old', (wallMs) => BigInt(wallMs - 30_001)],
    ['30001 ms in the future', (wallMs) => BigInt(wallMs + 30_001)],
    ['of 1970', () => 0n],
    ['above 2^53', () => 2n ** 53n],
    ['of 64 bits', () => 2n ** 64n - 1n],
  ])('E402: a timestamp %s; the Error carries our time, and nobody is charged', (_, timestamp) => {
    const scene = startScene()
    const stream = scene.greet(role, { fields: { timestampMs: timestamp(scene.wallMs()) } })
    expectRefused(scene, stream, 402)
    expect(stream.peer.errors()).toMatchObject([{ localTimeMs: BigInt(scene.wallMs()) }])
    expect(scene.struck()).toEqual([])
  })

  test('E404: a node that is not on the allow list; one that is on it is accepted', () => {
    const scene = startScene({ allow: [OTHER.id] })
    const stream = scene.greet(role)
    expectRefused(scene, stream, 404)
    const other = scene.establish(role, { host: '10.0.0.3', identity: OTHER })
    expect(other.state()).toBe('open')
    expect(scene.ours.eventsOf('connection.active')).toMatchObject([{ identity: OTHER.id }])
  })

  test('E404 is for whoever holds the key: a forged claim is told 401', () => {
    const scene = startScene({ allow: [OTHER.id] })
    expectRefused(scene, scene.greet(role, { signedBy: OTHER.privateKey }), 401)
  })

  test.each<[string, Forging]>([
    ['an id that is not the key’s', { fields: { nodeId: OTHER.nodeId } }],
    ['another key type', { fields: { keyType: 2, nodeId: nodeIdOf(RAW.publicKey, 2) } }],
    ['a key that is no point', { fields: { publicKey: NO_POINT, nodeId: nodeIdOf(NO_POINT) } }],
    ['an ephemeral key that is no point', { sent: { ephemeralKey: NO_POINT } }],
    [
      'a hybrid form of an ephemeral key',
      { sent: { ephemeralKey: join(Uint8Array.of(6), RAW.publicKey.subarray(1)) } },
    ],
    [
      'our own id',
      {
        fields: { nodeId: OURS.nodeId, publicKey: OURS.publicKey },
        signedBy: OURS.privateKey,
      },
    ],
  ])('E405: %s', (_, forging) => {
    refused(405, () => forging)
  })

  test.each<[string, Forging]>([
    ['major version 0', { fields: { major: 0 } }],
    ['major version 2', { fields: { major: 2 } }],
    ['major version 65535', { fields: { major: 65_535 } }],
    ['another network', { fields: { network: 'test/other' } }],
    ['a network that differs in case', { fields: { network: 'Test/conformance' } }],
    ['another version, and a wrong signature', { fields: { major: 2 }, form: 'high-s' }],
  ])('E406: %s; the Error carries our version, and nobody is charged', (_, forging) => {
    const scene = startScene()
    const stream = scene.greet(role, forging)
    expectRefused(scene, stream, 406)
    expect(stream.peer.errors()).toMatchObject([{ localMajor: 1, localMinor: 0 }])
    expect(scene.struck()).toEqual([])
  })

  test('E409: a nonce that was seen with this id', () => {
    const scene = startScene()
    const nonce = new Uint8Array(32).fill(3)
    const first = scene.greet(role, { fields: { nonce } })
    if (role === 'responder') first.peer.confirm()
    scene.world.settle()
    first.peer.end()
    // Our node comes back by itself.
    scene.world.advance(10_000)
    const again = scene.hostAt('10.0.0.2').accepted.at(-1)
    if (role === 'responder') expectRefused(scene, scene.greet(role, { fields: { nonce } }), 409)
    else if (again === undefined || again === first) throw new Error('our node stayed away')
    else {
      again.peer.greet({ fields: { nonce } })
      scene.world.settle()
      expectRefused(scene, again, 409)
    }
    expect(scene.active()).toBe(1)
    // Of another node it is another nonce.
    const third = { host: '10.0.0.4', identity: OTHER }
    expect(codesOf(scene.greet(role, { fields: { nonce } }, third))).toEqual([])
  })

  test('E421: a handshake for another node', () => {
    refused(421, () => ({ fields: { recipientId: OTHER.nodeId } }))
  })

  test('EO: everything is wrong, and repaired one at a time', () => {
    const wrong: readonly (readonly [code: number, fields: Forging])[] = [
      [406, { fields: { major: 2 } }],
      [402, { fields: { timestampMs: 0n } }],
      [405, { fields: { nodeId: OTHER.nodeId } }],
      [421, { fields: { recipientId: OTHER.nodeId } }],
      [401, { form: 'high-s' }],
    ]
    wrong.forEach(([code], from) => {
      const left = wrong.slice(from).map(([, forging]) => forging)
      const fields = Object.assign(
        {},
        ...left.map((forging) => forging.fields),
      ) as Forging['fields']
      const scene = startScene()
      const stream = scene.greet(role, { fields: fields ?? {}, form: 'high-s' })
      expectRefused(scene, stream, code)
    })
    const scene = startScene()
    expect(scene.establish(role).state()).toBe('open')
  })

  test('the Error of a refusal is the last word, and a stranger learns nothing more', () => {
    const scene = startScene()
    const stream = scene.greet(role, { form: 'high-s' })
    const expected = role === 'responder' ? [5] : [1, 5]
    expect(stream.peer.heard.map(({ values }) => values[0])).toEqual(expected)
    expect(stream.peer.heard.every(({ isSealed }) => !isSealed)).toBe(true)
  })
})

test('E405: another node than was dialled', () => {
  const scene = startScene()
  const stream = scene.greet('initiator', undefined, { identity: RAW, dialled: OTHER })
  expectRefused(scene, stream, 405)
  expect(stream.peer.problems).toEqual(['their handshake: recipient id'])
})

test('E409: the same bytes twice, to a responder', () => {
  const scene = startScene()
  const first = scene.greet('responder')
  const payload = first.peer.sentPayload
  if (payload === undefined) throw new Error('nothing was sent')
  const second = scene.dial({ host: '10.0.0.3' })
  second.peer.frame(payload)
  scene.world.settle()
  expectRefused(scene, second, 409)
  first.peer.confirm()
  scene.world.settle()
  expect(scene.phases()).toEqual(['active'])
})

test('E402: a wrong clock bans nobody, and the 21st failure within a minute is throttled', () => {
  const scene = startScene()
  const late = { fields: { timestampMs: 0n } }
  const code = () => codesOf(scene.greet('responder', late))[0]
  expect(Array.from({ length: 5 }, code)).toEqual([402, 402, 402, 402, 402])
  const { peer } = scene.establish('responder', { identity: OTHER })
  expect(peer.errors()).toEqual([])
  expect(Array.from({ length: 15 }, code)).toEqual(Array.from({ length: 15 }, () => 402))
  const throttled = scene.greet('responder', late)
  expectRefused(scene, throttled, 429)
  expect(scene.banned()).toEqual([])
})

test('E404: a request to an id without an address is refused here, and no stream is opened', async () => {
  const scene = startScene()
  const asked = scene.ours.supervisor.request(OTHER.id, {
    protocol: 'test/echo',
    payload: new Uint8Array(0),
  })
  scene.world.settle()
  await expect(asked).rejects.toMatchObject({ code: 'unknown-peer' })
  expect(scene.ours.eventsOf('connection.started')).toEqual([])
})
