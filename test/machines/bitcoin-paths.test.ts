import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import type { Role } from '../../index.ts'
import type { SessionEvent } from '../../machines/session.ts'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import { NEVER, sessionPathCases, startDial } from '../../testing/charts/session-paths.ts'
import { connectionOf, unitOf } from '../../testing/charts/session-paths.ts'
import type { SessionStage } from '../../testing/charts/session-paths.ts'
import type { Stimuli } from '../../testing/charts/stimuli.ts'
import type { SceneNode, Seat } from '../../testing/testing.ts'
import { registerContract } from '../../testing/vitest.ts'
import { dialling, raw, silent, VERACK, versionOf } from '../protocols/bitcoin-support.ts'
import { rewriting } from '../support/wires.ts'
import type { BitcoinProtocol } from '../protocols/bitcoin-support.ts'

interface Stage extends SessionStage<BitcoinTypes> {
  readonly other: SceneNode<BitcoinTypes>
}

/** A peer of the time before `feature`. */
const OLD_VERSION = 70_016
const LISTENER = '10.0.0.1:18444'

/** In less time than a path is waited for. */
const bitcoinOf = (): BitcoinProtocol =>
  silent({ transport: 'v1', reconciliation: true, limits: { handshakeMs: 20_000 } })

const feature: BitcoinMessage = { type: 'feature', id: 'test', data: new Uint8Array(0) }
/** As it is said, by the name under which a path has it. */
const SAID: Readonly<Record<string, BitcoinMessage>> = {
  verack: VERACK,
  wtxidrelay: { type: 'wtxidrelay' },
  sendaddrv2: { type: 'sendaddrv2' },
  sendheaders: { type: 'sendheaders' },
  reconciliation: { type: 'sendtxrcncl', version: 1, salt: 7n },
  'bad reconciliation': { type: 'sendtxrcncl', version: 0, salt: 7n },
  feature,
  'bad feature': raw('feature', 3, 1, 1, 1, 0),
  'late wtxidrelay': { type: 'wtxidrelay' },
}

const answer = (given: BitcoinTypes['answer']) => ({
  type: 'answer' as const,
  id: 'any',
  answer: given,
})
const accepted = (commonVersion: number, isEnough = false): BitcoinTypes['answer'] => ({
  ...{ type: 'accepted', isEnough, offers: [], requests: [], announcements: [] },
  ...(commonVersion === OLD_VERSION ? {} : { reconciliation: { kind: 'offered', salt: 1n } }),
  peer: {
    ...{ protocolVersion: commonVersion, commonVersion, services: 0n, userAgent: '', height: 0 },
    ...{ relay: true, wtxidRelay: false, wantsAddrV2: false, seenAs: undefined },
    clockOffsetSeconds: 0,
  },
})

const AWAITING = ['shaking.awaitingVerack']
const said = (name: string, from = AWAITING) => ({
  event: unitOf(SAID[name] ?? VERACK),
  from,
})

const isOld = (context: Readonly<Record<string, unknown>>): boolean =>
  JSON.stringify(context['accepted'], (_, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  ).includes(String(OLD_VERSION))

const stimuliFor = (role: Role): Stimuli<SessionEvent<BitcoinTypes>, Stage> => ({
  opened: { once: { event: { type: 'opened' } } },
  secured: {
    once: {
      event: { type: 'secured', facts: { transport: 'v1', sessionId: '' } },
      from: ['shaking.securing'],
    },
  },
  unit: {
    version: { event: unitOf(versionOf()), from: ['shaking.awaitingVersion'] },
    verack: said('verack'),
    wtxidrelay: said('wtxidrelay'),
    sendaddrv2: said('sendaddrv2'),
    sendheaders: said('sendheaders'),
    feature: {
      event: unitOf(feature),
      from: (state, context) => AWAITING.includes(state) && isOld(context),
    },
    reconciliation: {
      event: unitOf(SAID['reconciliation'] ?? VERACK),
      from: (state, context) =>
        AWAITING.includes(state) && !isOld(context) && context['reconciliationSalt'] === undefined,
    },
    'bad reconciliation': {
      event: unitOf(SAID['bad reconciliation'] ?? VERACK),
      from: (state, context) => AWAITING.includes(state) && !isOld(context),
    },
    'bad feature': {
      event: unitOf({ type: 'violation', command: 'feature', detail: 'bad-feature' }),
      from: AWAITING,
    },
    'late wtxidrelay': said('late wtxidrelay', ['active']),
  },
  answer: {
    greeting: {
      event: answer({ type: 'greeting', version: versionOf() }),
      from: ['shaking.greeting', 'shaking.answering'],
    },
    accepted: { event: answer(accepted(70_017)), from: ['shaking.judging'] },
    'accepted as old': { event: answer(accepted(OLD_VERSION)), from: ['shaking.judging'] },
    refused: {
      event: answer({ type: 'refused', detail: 'version-too-old' }),
      from: ['shaking.judging'],
    },
    // A feeler is dialled.
    ...(role === 'dialler'
      ? { enough: { event: answer(accepted(70_017, true)), from: ['shaking.judging'] } }
      : {}),
  },
  node: NEVER,
  leave: {
    once: {
      event: { type: 'leave', detail: 'disconnected' },
      from: ['active'],
      bring({ node }) {
        node.supervisor.disconnect(connectionOf(node))
      },
    },
  },
  ended: NEVER,
})

/** The other side: its `version` as the path needs it, and then what the path names, and nothing else. */
const otherFor = (ahead: readonly string[]): BitcoinProtocol =>
  rewriting(bitcoinOf(), (message) => {
    if (message.type === 'version') {
      if (ahead.includes('answer refused')) return { ...message, protocolVersion: 1 }
      if (!ahead.includes('answer accepted as old')) return [message]
      return { ...message, protocolVersion: OLD_VERSION }
    }
    if (message.type !== 'verack') return []
    return ahead.flatMap((step) => SAID[step.replace(/^unit /, '')] ?? [])
  })

const seatFor = (role: Role): Seat => (role === 'listener' ? 'dialler' : 'listener')

registerContract(
  'the session of bitcoin:',
  sessionPathCases<BitcoinTypes, Stage>(
    { protocol: bitcoinOf, talk: { dialler: [], listener: [] } },
    {
      roles: {
        listener: { stimuli: stimuliFor('listener') },
        dialler: {
          target: { network: 'ipv4', host: '10.0.0.1', port: 18_444 },
          stimuli: stimuliFor('dialler'),
        },
      },
      prepare(scene, role, ahead) {
        const other = scene.start(seatFor(role), { protocol: () => otherFor(ahead) })
        const isFeeler = ahead.includes('answer enough')
        const protocol = (): BitcoinProtocol =>
          isFeeler ? dialling(bitcoinOf(), LISTENER, 'feeler') : bitcoinOf()
        return { scene, node: scene.start(role, { protocol }), other }
      },
      begin({ node, other, scene }, role, ahead) {
        if (ahead.includes('answer enough')) scene.world.advance(2)
        else if (role === 'listener') startDial(other, node.address)
        else startDial(node, other.address)
      },
      unreachable: {},
    },
  ),
)
