/**
 * What the dial governor has to know of the node before it chooses: what is connected, what is free, and
 * whom it may not dial.
 * @module
 */
import type { AddressRules } from '../actors/protocol.ts'
import { canonicalHost } from '../codec/host.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { Bans, BanSubject } from './bans.ts'
import type { Connections } from './connections.ts'
import type { DialSource, DialView } from './dial-governor.ts'
import type { Slots } from './slots.ts'

export interface DialViewOptions<T extends ProtocolTypes> {
  readonly addresses: AddressRules<T['address']>
  readonly bans: Bans
  readonly connections: Connections<T>
  /** What the governor's keys stand for. */
  readonly known: ReadonlyMap<string, T['address']>
  readonly loop: StepLoop
  readonly slots: Slots
  /** Whether it has a connection that we dialled, in any phase. */
  isDialled(address: string): boolean
  /** Whether bans of the place do not hold there. */
  isExempt(remote: SocketAddress, isWanted: boolean): boolean
  sourceOf(address: string): DialSource | undefined
  admits(identity: string): boolean
}

export function createDialView<T extends ProtocolTypes>(
  options: DialViewOptions<T>,
): () => DialView {
  const { addresses, bans, connections, known, loop, slots } = options

  const subjectOf = (
    address: string,
    identity: string | undefined,
    isManual: boolean,
  ): BanSubject => {
    const target = known.get(address)
    const remote = target === undefined ? undefined : addresses.socket(target)
    if (remote === undefined || options.isExempt(remote, isManual)) return { identity }
    const { host } = remote
    // Who was banned for what it claimed there would be refused again. A name's group is not known yet.
    const literal = canonicalHost(host)
    if (literal === undefined || identity === undefined) return { host, identity }
    return { host, identity, claim: { group: addresses.group(literal), identity } }
  }

  return () => ({
    active: connections.active,
    slots: slots.kinds('dialler'),
    isConnected: (address, identity) =>
      options.isDialled(address) ||
      (identity !== undefined && connections.find(identity) !== undefined),
    barredMs(address, identity) {
      const source = options.sourceOf(address)
      const isManual = source === 'manual'
      const subject = subjectOf(address, identity, isManual)
      // Whom an operator named is told why not; nobody else is dialled in vain.
      const isNamed = isManual || source === 'seed'
      if (identity !== undefined && !isNamed && !options.admits(identity)) return Infinity
      if (!isManual && subject.host !== undefined && bans.isDiscouraged(subject.host)) {
        return Infinity
      }
      return bans.restMs(subject, loop.step.wallMs)
    },
  })
}
