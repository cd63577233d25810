import { writeBytes } from '../../codec/writer.ts'
import { encodeV1Frame } from '../../codec/bitcoin/v1-frame.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import type { SpokenTransports } from '../../codec/bitcoin/wire.ts'
import type { VersionMessage } from '../../codec/bitcoin/negotiation.ts'
import { concatBytes, encodeAscii } from '../../codec/bytes.ts'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import { protocolContract } from '../../testing/testing.ts'
import type { ContractCase, ProtocolSubject, Scene } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { DAYS } from '../contracts/seats.ts'
import { changing, dialling, line, list, MAGIC, raw, regtest } from './bitcoin-support.ts'
import { saying } from '../support/rude.ts'
import { rewriting } from '../support/wires.ts'
import { silent, VERACK, versionOf } from './bitcoin-support.ts'
import type { BitcoinProtocol } from './bitcoin-support.ts'

type BitcoinScene = Scene<BitcoinTypes>
type Details = ProtocolSubject<BitcoinTypes>['details']
type Bring = Details['malformed']

const { sha256 } = nobleCrypto()
const LISTENER = '10.0.0.1:18444'
const OTHER_MAGIC = Uint8Array.of(0xf9, 0xbe, 0xb4, 0xd9)
const VERSION_COMMAND = encodeAscii('version\0\0\0\0\0')

const frame = (command: string, payload: Uint8Array): Uint8Array =>
  encodeV1Frame(MAGIC, sha256, command, payload.length, (writer) => {
    writeBytes(writer, payload)
  })

/** A listener with all its children, and a dialler that is as it is told to be. */
function meetWith(
  scene: BitcoinScene,
  protocol: () => BitcoinProtocol,
  listening = () => regtest(),
) {
  const listener = scene.start('listener', { protocol: listening })
  const dialler = scene.start('dialler', { protocol })
  scene.meet(dialler, listener)
  scene.world.advance(100)
  return { dialler, listener }
}

const afterSaying =
  (...messages: readonly BitcoinMessage[]): Bring =>
  (scene) => {
    meetWith(scene, () => saying(regtest(), ...messages))
  }

/** A dialler whose `version` is another, and who says these in place of `verack`. */
const afterVersion =
  (change: Partial<VersionMessage>, ...messages: readonly BitcoinMessage[]): Bring =>
  (scene) => {
    meetWith(scene, () =>
      rewriting(silent(), (message) => {
        if (message.type === 'version') return { ...message, ...change }
        return message.type === 'verack' ? messages : [message]
      }),
    )
  }

/** Bytes past the wire, once both know each other. */
const afterWriting =
  (...parts: readonly (Uint8Array | number)[]): Bring =>
  (scene) => {
    const puppet = scene.puppet(scene.start('listener'), { dial: 'v1' })
    puppet.say(versionOf(), VERACK)
    scene.world.settle()
    puppet.write(
      concatBytes(...parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part))),
    )
    scene.world.settle()
  }

/** Bytes from somebody who has no keys. */
const afterFirst =
  (bytes: Uint8Array): Bring =>
  (scene) => {
    const { streams } = scene.world.nodeWorld('rude', '10.0.0.70')
    scene.start('listener')
    streams.start((input) => {
      if (input.kind === 'stream.opened') streams.write(2, bytes)
    })
    streams.open(2, { host: '10.0.0.1', port: 18_444 })
    scene.world.advance(2_000)
  }

/** A packet of somebody who has keys, changed on its way. */
const afterChanging =
  (change: (bytes: Uint8Array) => Uint8Array): Bring =>
  (scene) => {
    const { dialler } = meetWith(scene, () => changing(silent(), 'unknown', change))
    dialler.say(line(1, 2, 3))
    scene.world.advance(2_000)
  }

/** Who is dialled for one purpose alone, and what comes of it in a while. */
const afterDialling =
  (
    slot: string,
    {
      answer = [],
      withinMs = 1_000,
    }: { answer?: readonly BitcoinMessage[]; withinMs?: number } = {},
  ): Bring =>
  (scene) => {
    const serving = () => silent({ services: ['network', 'witness'] })
    scene.start('listener', { protocol: () => saying(serving(), ...answer) })
    scene.start('dialler', { protocol: () => dialling(regtest(), LISTENER, slot) })
    scene.world.advance(withinMs)
  }

const TWO_ADDRESSES: BitcoinMessage = {
  type: 'addr',
  entries: [1, 2].map((last) => ({
    ...{ seenSeconds: 1_700_000_000, services: 9n },
    address: { network: 'ipv4', bytes: Uint8Array.of(9, 9, 9, last), port: 8_333 },
  })),
}

const HASHES = new Uint8Array(32)

const details: Details = {
  'wrong-magic': afterWriting(new Uint8Array(24)),
  'message-too-long': afterWriting(
    ...[MAGIC, VERSION_COMMAND, Uint8Array.of(0x01, 0x09, 0x3d, 0), new Uint8Array(4)],
  ),
  'bad-checksum': afterWriting(
    ...[MAGIC, encodeAscii('ping\0\0\0\0\0\0\0\0'), new Uint8Array(4), new Uint8Array(4)],
  ),
  'bad-command': afterWriting(frame('ping', HASHES.subarray(0, 8)).with(4, 7)),
  'no-command'(scene) {
    const { listener } = meetWith(scene, () => silent())
    const puppet = scene.puppet(listener, { dial: 'v2' })
    puppet.wire.write([{ raw: new Uint8Array(0) }])
    scene.world.settle()
  },
  malformed: afterSaying(raw('inv', 1)),
  'out-of-range': afterSaying(raw('feefilter', new Uint8Array(8).fill(0x7f))),

  'other-network': afterFirst(concatBytes(OTHER_MAGIC, VERSION_COMMAND)),
  'garbage-unterminated': afterFirst(new Uint8Array(64 + 4_111).fill(9)),
  'packet-too-long': afterChanging((bytes) => bytes.with(2, (bytes[2] ?? 0) ^ 0x80)),
  'packet-unauthentic': afterChanging((bytes) => bytes.with(5, (bytes[5] ?? 0) ^ 1)),
  'v1-not-spoken'(scene) {
    const listener = scene.start('listener', { protocol: () => silent({ transport: 'v2' }) })
    scene.puppet(listener, { dial: 'v1' }).say(versionOf())
    scene.world.settle()
  },

  'self-connection'(scene) {
    const listener = scene.start('listener')
    const other = scene.puppet('dialler')
    scene.dial(listener, '10.0.0.2:18444')
    scene.world.advance(1_000)
    const [ours] = other.heard
    scene.puppet(listener, { dial: 'v1' }).say(ours ?? VERACK)
    scene.world.settle()
  },
  'version-too-old': afterVersion({ protocolVersion: 31_799 }),
  'services-missing'(scene) {
    scene.start('listener')
    scene.start('dialler', { protocol: () => dialling(silent(), LISTENER, 'full-relay') })
    scene.world.advance(1_000)
  },
  'handshake-timeout'(scene) {
    scene.puppet(scene.start('listener'), { dial: 'v1' })
    scene.world.advance(61_000)
  },

  'too-many-addresses': afterSaying(raw('addr', list(1_001, 30))),
  'too-many-inventories': afterSaying(raw('inv', list(50_001, 36))),
  'too-many-headers': afterSaying(raw('headers', list(2_001, 81))),
  'locator-too-long': afterSaying(
    raw('getheaders', new Uint8Array(4), 102, new Uint8Array(103 * 32)),
  ),
  'filter-too-large'(scene) {
    const filter = concatBytes(list(36_001, 1), new Uint8Array(9))
    meetWith(
      scene,
      () => saying(regtest(), raw('filterload', filter)),
      () => regtest({ services: ['bloom'] }),
    )
  },
  'filter-item-too-long'(scene) {
    meetWith(
      scene,
      () => saying(regtest(), raw('filteradd', list(521, 1))),
      () => regtest({ services: ['bloom'] }),
    )
  },
  'bad-feature': afterVersion({}, raw('feature', 3, 1, 1, 1, 0)),
  'late-negotiation': afterSaying({ type: 'wtxidrelay' }),
  'early-feature': afterVersion(
    { protocolVersion: 70_016 },
    { type: 'feature', id: 'test', data: new Uint8Array(0) },
  ),
  'service-not-offered': afterSaying({ type: 'mempool' }),
  'unwanted-transaction'(scene) {
    meetWith(
      scene,
      () => saying(regtest(), { type: 'inv', entries: [{ kind: 1, hash: HASHES }] }),
      () => regtest({ blocksOnly: true }),
    )
  },
  'bad-announcement': afterSaying(raw('sendcmpct', 2, 2, new Uint8Array(7))),

  'bad-reconciliation'(scene) {
    const unwanted: BitcoinMessage = { type: 'sendtxrcncl', version: 0, salt: 1n }
    meetWith(
      scene,
      () => rewriting(silent(), (message) => (message.type === 'verack' ? [unwanted] : [message])),
      () => regtest({ reconciliation: true }),
    )
  },

  'ping-timeout'(scene) {
    const { dialler, listener } = meetWith(scene, () => silent())
    scene.world.advance(600_000)
    for (const node of [dialler, listener]) node.say(line())
    scene.world.advance(601_000)
  },
  'no-progress'(scene) {
    scene.meet(scene.start('dialler'), scene.start('listener'))
    scene.world.advance(1_202_000)
  },

  'feeler-done': afterDialling('feeler'),
  'addresses-fetched': afterDialling('addr-fetch', { answer: [TWO_ADDRESSES] }),
  'addresses-not-told': afterDialling('addr-fetch', { withinMs: 301_000 }),
}

/** Core gives a peer that takes nothing as long as one that says nothing: here the two are told apart. */
const withShortDrain = (protocol: BitcoinProtocol): BitcoinProtocol => ({
  ...protocol,
  deadlines: { ...protocol.deadlines, drainMs: protocol.deadlines.drainMs / 2 },
})

const subjectOf = (transport: SpokenTransports): ProtocolSubject<BitcoinTypes> => ({
  protocol: () => withShortDrain(silent({ transport })),
  talk: { dialler: [line(1, 2), line()], listener: [line(7)] },
  details,
  flows: {
    'what is taken already before verack': afterVersion(
      {},
      ...([{ type: 'sendheaders' }, { type: 'sendcmpct', announce: 1, version: 2n }] as const),
      VERACK,
    ),
    'what is said of reconciliation before verack'(scene) {
      meetWith(
        scene,
        () => silent({ reconciliation: true }),
        () => regtest({ reconciliation: true }),
      )
    },
  },
})
const isDetail = ({ title }: ContractCase): boolean => title.startsWith('the detail')
/** What does not depend on how messages travel is looked at once: where it costs less, or where there is more. */
const IS_OF_OTHER = { v1: /^whatever throws|^what comes to the dialler/, v2: /^two that dial/ }

for (const transport of ['v1', 'v2'] as const) {
  registerContract(
    `bitcoin over ${transport}`,
    protocolContract(subjectOf(transport), { days: DAYS, dialRunsMax: 200 }).filter(
      (one) => !isDetail(one) && !IS_OF_OTHER[transport].test(one.title),
    ),
  )
}
registerContract('bitcoin over both', protocolContract(subjectOf('both')).filter(isDetail))
registerContract(
  'bitcoin, with its children,',
  protocolContract({ ...subjectOf('both'), protocol: () => regtest() }, { days: DAYS }).filter(
    ({ title }) => /whatever happens|the same/.test(title),
  ),
)
