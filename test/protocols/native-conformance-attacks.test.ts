import { describe, expect, test } from 'vitest'
import { join, publicKeyOf, u32be } from '../interop/raw-native-crypto.ts'
import { handshakeOf, handshakeValues, NUMBER } from '../interop/raw-native-messages.ts'
import { makeHandshake, pack, unpackAll } from '../interop/raw-native-messages.ts'
import type { Forging, Handshake } from '../interop/raw-native-messages.ts'
import type { RawStream } from '../interop/raw-native-virtual.ts'
import { codesOf, expectRefused, NETWORK, OTHER, OURS } from './native-conformance-support.ts'
import { RAW, ROLES, startScene } from './native-conformance-support.ts'
import type { Scene } from './native-conformance-support.ts'

const line = (text: string) => [NUMBER.message, 'test/line', new TextEncoder().encode(text)]
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

/** Over without a word, and nobody is charged: it can have come from anybody on the path. */
function expectSilentEnd(scene: Scene, stream: RawStream): void {
  expect([codesOf(stream), stream.state()]).toEqual([[], 'ended'])
  expect([scene.struck(), scene.banned()]).toEqual([[], []])
  expect(scene.details()).toEqual(['record-unauthentic'])
  expect(scene.ours.eventsOf('fault')).toEqual([])
}

test('A1: a recorded handshake, replayed to a node that remembers none, is never verified', () => {
  const scene = startScene()
  const recorded = scene.establish('responder').peer.sentPayload
  if (recorded === undefined) throw new Error('nothing was sent')
  scene.restart()
  const beganMs = scene.world.clock.nowMs
  const replayed = scene.dial({ host: '10.0.0.3' })
  replayed.peer.frame(recorded)
  scene.world.settle()
  // It passes all checks, and is answered: without the ephemeral key that is worth nothing.
  expect(replayed.peer.heardOf(NUMBER.handshake)).toHaveLength(1)
  scene.world.advance(29_999)
  expect([replayed.state(), scene.active()]).toEqual(['open', 0])
  scene.world.advance(2)
  expect(replayed.state()).toBe('ended')
  expect((replayed.overMs() ?? 0) - beganMs).toBeGreaterThanOrEqual(30_000)
  expect(scene.details()).toEqual(['handshake-timeout'])
  expect([scene.active(), scene.struck()]).toEqual([0, []])
})

test('A1: a replayed handshake cannot be carried on with records of the recorded session', () => {
  const scene = startScene()
  const first = scene.greet('responder')
  const confirm = first.peer.seal(pack([NUMBER.confirm]))
  first.peer.write(confirm)
  scene.world.settle()
  const recorded = first.peer.sentPayload
  if (recorded === undefined) throw new Error('nothing was sent')
  scene.restart()
  const replayed = scene.dial({ host: '10.0.0.3' })
  replayed.peer.frame(recorded)
  replayed.peer.write(confirm)
  scene.world.settle()
  expect(replayed.state()).toBe('ended')
  expect(scene.details()).toEqual(['record-unauthentic'])
  expect(scene.active()).toBe(0)
})

test('A2: a recorded initiator’s handshake is no responder’s answer', () => {
  const scene = startScene()
  const recorded = scene.greet('responder').peer.sentPayload
  if (recorded === undefined) throw new Error('nothing was sent')
  scene.restart()
  const dialled = scene.attract({ host: '10.0.0.3' })
  dialled.peer.frame(recorded)
  scene.world.settle()
  expectRefused(scene, dialled, 401)
})

test('A2: our own handshake, reflected, is refused in both roles', () => {
  const scene = startScene()
  const dialled = scene.attract()
  const { theirs } = dialled.peer
  if (theirs === undefined) throw new Error('no handshake')
  const ours = pack(handshakeValues(theirs))
  dialled.peer.frame(ours)
  scene.world.settle()
  expectRefused(scene, dialled, 405)
  const reflected = scene.dial({ host: '10.0.0.3' })
  reflected.peer.frame(ours)
  scene.world.settle()
  expectRefused(scene, reflected, 405)
})

describe.each(ROLES)('our node as %s', (role) => {
  test.each<[string, Partial<Handshake>, number]>([
    ['ephemeral key', { ephemeralKey: OTHER.publicKey }, 401],
    ['nonce', { nonce: new Uint8Array(32).fill(5) }, 401],
    ['minor version', { minor: 1 }, 401],
    ['timestamp', { timestampMs: 1_735_689_600_500n }, 401],
    ['network', { network: 'test/other' }, 406],
    ['major version', { major: 2 }, 406],
    ['id and key', { nodeId: OTHER.nodeId, publicKey: OTHER.publicKey }, 401],
    ['recipient', { recipientId: OTHER.nodeId }, 421],
  ])('A3: a man in the middle changes the %s', (what, sent, code) => {
    const scene = startScene()
    const stream = scene.greet(role, { sent } satisfies Forging)
    // A dialler knows whom it wants before it looks at a signature.
    const expected = role === 'initiator' && what === 'id and key' ? 405 : code
    expectRefused(scene, stream, expected)
    expect(scene.active()).toBe(0)
  })

  const lines = (scene: Scene): readonly string[] => {
    const got: string[] = []
    scene.ours.supervisor.messages('message').subscribe(({ message }) => {
      got.push(new TextDecoder().decode(message.payload))
    })
    return got
  }

  test.each<[string, (records: readonly Uint8Array[]) => readonly Uint8Array[]]>([
    ['flipped in its ciphertext', ([one = u32be(0)]) => [flipped(one, 6)]],
    ['flipped in its tag', ([one = u32be(0)]) => [flipped(one, one.length - 1)]],
    ['swapped with the next', ([one = u32be(0), two = u32be(0)]) => [two, one]],
    ['dropped', ([, two = u32be(0)]) => [two]],
    [
      'with a truncated tag (A5)',
      ([one = u32be(0)]) => [join(u32be(one.length - 8), one.subarray(4, -4))],
    ],
    ['of nothing but a tag’s length and a byte', () => [join(u32be(17), new Uint8Array(17))]],
  ])('A4: a record %s ends the session, unblamed, and nothing of it is read', (_, change) => {
    const scene = startScene()
    const got = lines(scene)
    const stream = scene.establish(role)
    const { seal, write } = stream.peer
    const records = [seal(pack(line('one'))), seal(pack(line('two')))]
    change(records).forEach(write)
    scene.world.settle()
    expectSilentEnd(scene, stream)
    expect(got).toEqual([])
  })

  test('A4: a record that comes twice is read once', () => {
    const scene = startScene()
    const got = lines(scene)
    const stream = scene.establish(role)
    const record = stream.peer.seal(pack(line('one')))
    stream.peer.write(join(record, record))
    scene.world.settle()
    expectSilentEnd(scene, stream)
    expect(got).toEqual(['one'])
  })

  test('A4: a record of our node, reflected to it', () => {
    const scene = startScene()
    const stream = scene.establish(role)
    const before = stream.bytes().length
    scene.ours.supervisor.send(RAW.id, {
      type: 'message',
      protocol: 'test/line',
      payload: new Uint8Array(9),
    })
    scene.world.settle()
    const record = stream.bytes().slice(before)
    expect(record.length).toBeGreaterThan(20)
    stream.peer.write(record)
    scene.world.settle()
    expectSilentEnd(scene, stream)
  })

  test('A4: a record with a changed length', () => {
    const scene = startScene()
    const stream = scene.establish(role)
    const record = stream.peer.seal(pack(line('one')))
    stream.peer.write(join(u32be(record.length - 5), record.subarray(4, -1), record.subarray(-1)))
    stream.peer.write(new Uint8Array(1))
    scene.world.settle()
    expectSilentEnd(scene, stream)
  })
})

test('A3: a man in the middle who passes on whole handshakes has no keys', () => {
  const scene = startScene()
  // Our node dials raw; the man answers it with what another session of raw's would say.
  const dialled = scene.attract()
  const { theirs } = dialled.peer
  if (theirs === undefined) throw new Error('no handshake')
  const [values = []] = unpackAll(pack(handshakeValues(theirs)))
  expect(handshakeOf(values)).toEqual(theirs)
  const elsewhere = makeHandshake({
    ...{ role: 'listener', identity: RAW, network: NETWORK, recipientId: OURS.nodeId },
    timestampMs: BigInt(scene.wallMs()),
    ephemeralKey: publicKeyOf(OTHER.privateKey),
    previous: new Uint8Array(32).fill(1),
  })
  dialled.peer.frame(pack(handshakeValues(elsewhere)))
  scene.world.settle()
  expectRefused(scene, dialled, 401)
})
