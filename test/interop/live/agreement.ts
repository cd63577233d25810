/**
 * What a daemon says of its connection with us beside what we say of it: one object each, in the same words.
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { eventually } from './eventually.ts'
import type { Daemon } from './daemon.ts'
import type { OurNode } from './our-node.ts'

/** A command that nobody knows. */
export const UNKNOWN_COMMAND = 'hello'

/** A part of what `getpeerinfo` of Core has of a peer. */
export interface CorePeer {
  readonly id: number
  readonly addr: string
  readonly inbound: boolean
  readonly connection_type: string
  readonly transport_protocol_type: string
  readonly session_id: string
  readonly services: string
  readonly servicesnames: readonly string[]
  readonly subver: string
  readonly version: number
  readonly bytessent: number
  readonly bytesrecv: number
  readonly bytessent_per_msg: Readonly<Record<string, number>>
  readonly bytesrecv_per_msg: Readonly<Record<string, number>>
  readonly minping?: number
}

interface CoreNetwork {
  readonly subversion: string
  readonly protocolversion: number
  readonly localservices: string
  readonly localservicesnames: readonly string[]
}

export const corePeers = async (core: Daemon): Promise<readonly CorePeer[]> =>
  (await core.call('getpeerinfo')) as readonly CorePeer[]

export async function onlyCorePeer(core: Daemon): Promise<CorePeer> {
  const [peer, ...others] = await corePeers(core)
  if (peer === undefined || others.length > 0) throw new Error('Core has not one peer')
  return peer
}

/** Core counts what it says under its own name, and what it is told under the names that it knows. */
function asWeRead(sums: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const { [UNKNOWN_COMMAND]: unknown, ...known } = sums
  return unknown === undefined ? known : { ...known, '*other*': unknown }
}

/** Of the one connection that both have, at a moment at which nothing is on its way. */
export async function expectAgreement(ours: OurNode, core: Daemon): Promise<CorePeer> {
  const said = (await core.call('getnetworkinfo')) as CoreNetwork
  const theirView = (peer: CorePeer) => ({
    transport: peer.transport_protocol_type,
    sessionId: peer.session_id,
    receivedBytes: peer.bytessent,
    sentBytes: peer.bytesrecv,
    receivedBytesByMessage: asWeRead(peer.bytessent_per_msg),
    sentBytesByMessage: peer.bytesrecv_per_msg,
    protocolVersion: said.protocolversion,
    services: said.localservices,
    serviceNames: said.localservicesnames,
    userAgent: said.subversion,
  })
  const ourView = () => {
    const view = ours.view()
    return Object.fromEntries(Object.keys(theirView(peer)).map((name) => [name, view[name]]))
  }

  let peer = await onlyCorePeer(core)
  await eventually(async () => {
    peer = await onlyCorePeer(core)
    return ours.isPinged() && peer.minping !== undefined
  }, 'pongs on both sides')
  await eventually(async () => {
    peer = await onlyCorePeer(core)
    return isDeepStrictEqual(ourView(), theirView(peer))
  }, 'both views to agree').catch(() => undefined)
  expect(ourView()).toEqual(theirView(peer))
  return peer
}
