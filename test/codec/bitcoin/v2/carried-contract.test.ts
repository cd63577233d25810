import { createV2Channel } from '../../../../codec/bitcoin/v2/channel.ts'
import type { V2Channel } from '../../../../codec/bitcoin/v2/channel.ts'
import { concatBytes, encodeAscii } from '../../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../../codec/frame-buffer.ts'
import { protocolContract } from '../../../../testing/testing.ts'
import type { ProtocolSubject, Scene } from '../../../../testing/testing.ts'
import { registerContract } from '../../../../testing/vitest.ts'
import { seededRandom } from '../../../../transport/random.ts'
import { performJob } from '../../../../world/jobs.ts'
import { DAYS, say } from '../../../contracts/seats.ts'
import { carried } from './carried.ts'
import type { CarriedTypes } from './carried.ts'
import { REGTEST } from './far-side.ts'

/** Bytes to a listener, from somebody who has no keys. */
function write(scene: Scene<CarriedTypes>, bytes: Uint8Array): void {
  const { streams } = scene.world.nodeWorld('rude', '10.0.0.70')
  scene.start('listener')
  streams.start((input) => {
    if (input.kind === 'stream.opened') streams.write(2, bytes)
  })
  streams.open(2, { host: '10.0.0.1', port: 7005 })
  scene.world.settle()
}

/** One that has come to a session with a listener, and what it writes is what a test makes of it. */
function startChannel(scene: Scene<CarriedTypes>): {
  readonly channel: V2Channel
  changing(change: (bytes: Uint8Array) => void): void
} {
  const { streams } = scene.world.nodeWorld('channel', '10.0.0.71')
  const buffer = createFrameBuffer()
  let change: (bytes: Uint8Array) => void = () => undefined
  const channel = createV2Channel({
    ...{ role: 'dialler', magic: REGTEST, crypto: scene.crypto, buffer },
    random: seededRandom('channel'),
    out(bytes) {
      change(bytes)
      streams.write(2, bytes)
    },
  })
  scene.start('listener')
  streams.start((input) => {
    if (input.kind === 'stream.opened') {
      channel.start()
      streams.resume(2)
    }
    if (input.kind !== 'stream.bytes') return
    buffer.push(input.bytes)
    for (let read = channel.read(); read.kind !== 'more'; read = channel.read()) {
      if (read.kind === 'job') channel.resume(performJob(scene.crypto, read.job))
    }
    buffer.keep()
  })
  streams.open(2, { host: '10.0.0.1', port: 7005 })
  scene.world.advance(100)
  return {
    channel,
    changing(changed) {
      change = changed
    },
  }
}

const nothingOf = (isDecoy: boolean) => ({
  contentsBytes: 0,
  writeContents: () => undefined,
  isDecoy,
})

const newer: ProtocolSubject<CarriedTypes> = {
  protocol: () => carried(),
  talk: { dialler: [say('line', 1, 2), say('line')], listener: [say('line', 7)] },
  details: {
    decoy(scene) {
      startChannel(scene).channel.write([nothingOf(true), nothingOf(false)])
      scene.world.settle()
    },
    'garbage-unterminated'(scene) {
      write(scene, new Uint8Array(64 + 4_111).fill(9))
      scene.world.advance(2_000)
    },
    late(scene) {
      const listener = scene.start('listener')
      listener.tampering.silentAt = 0
      scene.dial(scene.start('dialler'), listener.address)
      scene.world.advance(11_500)
    },
    'not-spoken'(scene) {
      const listener = scene.start('listener', { protocol: () => carried(['v1']) })
      scene.dial(scene.start('dialler'), listener.address)
    },
    'other-network'(scene) {
      write(scene, concatBytes(new Uint8Array(4), encodeAscii('version\0\0\0\0\0')))
      scene.world.advance(2_000)
    },
    'packet-too-long'(scene) {
      const { changing, channel } = startChannel(scene)
      // The highest bit of the hidden length is the highest bit of the length.
      changing((bytes) => (bytes[2] = (bytes[2] ?? 0) ^ 0x80))
      channel.write([nothingOf(false)])
      scene.world.advance(2_000)
    },
    'packet-unauthentic'(scene) {
      const { changing, channel } = startChannel(scene)
      changing((bytes) => bytes.fill(0, 4))
      channel.write([nothingOf(false)])
      scene.world.advance(2_000)
    },
    silent(scene) {
      scene.meet(scene.start('dialler'), scene.start('listener'))
      scene.world.advance(122_000)
    },
  },
}

const older: ProtocolSubject<CarriedTypes> = {
  ...newer,
  protocol: (seat) => carried(seat === 'listener' ? ['v1'] : ['v1', 'v2']),
}

registerContract('carried', protocolContract(newer, { days: DAYS }))
registerContract(
  'carried, with an old listener,',
  protocolContract(older).filter(({ title }) => /to the dialler|the same/.test(title)),
)
