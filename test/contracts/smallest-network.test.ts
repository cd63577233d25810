import { encodeAscii } from '../../codec/bytes.ts'
import { lines } from '../../examples/smallest-network.ts'
import type { LinesTypes } from '../../examples/smallest-network.ts'
import { protocolContract } from '../../testing/testing.ts'
import type { ProtocolSubject } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'

const line = (text: string) => ({ type: 'line' as const, bytes: encodeAscii(text) })

const subject: ProtocolSubject<LinesTypes> = {
  protocol: () => lines(),
  talk: { dialler: [line('one'), line('two')], listener: [line('three')] },
  details: {
    'empty-line'(scene) {
      scene.puppet(scene.start('listener')).write(Uint8Array.of(0))
      scene.world.settle()
    },
    late(scene) {
      scene.puppet(scene.start('listener'))
      scene.world.advance(6_000)
    },
    rude(scene) {
      scene.puppet(scene.start('listener')).say(line('give me that'))
      scene.world.settle()
    },
    silent(scene) {
      scene.puppet(scene.start('listener')).say(line('hi'))
      scene.world.advance(62_000)
    },
  },
}

registerContract('the smallest network', protocolContract(subject))
