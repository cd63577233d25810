/**
 * What each peer is told of addresses, and when: where we are, first of all and about once a day; and what
 * is passed on, at moments of its own, so that nobody who watches two peers sees what came from whom.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import type { AddressEntry } from '../../codec/bitcoin/addresses.ts'
import { hasV1Form } from '../../codec/bitcoin/network-address.ts'
import type { NetworkAddress } from '../../codec/bitcoin/network-address.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import type { AddressQueue } from './address-queue.ts'
import type {
  AddressRelayOptions,
  BitcoinConnectionView,
  RelayPeer,
} from './address-relay-contract.ts'
import { exponentialMs } from './exponential.ts'
import { networkThrough, placeOf, seenAs } from './peer-place.ts'

const SECOND_MS = 1_000
/** AVG_ADDRESS_BROADCAST_INTERVAL: what waits for one peer leaves together. */
const TRICKLE_MS = 30 * SECOND_MS
/** AVG_LOCAL_ADDRESS_BROADCAST_INTERVAL. */
const ANNOUNCE_MS = 24 * 60 * 60 * SECOND_MS
/** While blocks are caught up with nobody is told where we are; so often it is looked at again. */
const ANNOUNCE_RETRY_MS = 60 * SECOND_MS

export interface AddressTelling {
  /** A peer takes part from now on: it is told where we are, and at once what waits for it. */
  join(view: BitcoinConnectionView, peer: RelayPeer, queue: AddressQueue): void
  /** It took part in an earlier incarnation, whose timers are gone. */
  resume(view: BitcoinConnectionView, queue: AddressQueue): void
  /** What was pushed leaves in a while. */
  wait(name: string, queue: AddressQueue): void
  gone(name: string): void
  /** Addresses that were told so far, to all together. */
  readonly toldCount: number
}

type Ring = (view: BitcoinConnectionView, peer: RelayPeer, queue: AddressQueue) => void

export function createAddressTelling(
  options: AddressRelayOptions,
  tools: ChildTools<BitcoinTypes>,
  find: (
    name: string,
  ) => { readonly view: BitcoinConnectionView; readonly peer: RelayPeer } | undefined,
): AddressTelling {
  const { random } = tools
  /** By peer: how to call off what is to leave next, and the next word of where we are. */
  const trickles = new Map<string, () => void>()
  const announcements = new Map<string, () => void>()

  /** In a while, unless something is to happen already. */
  const arm = (
    timers: Map<string, () => void>,
    name: string,
    afterMs: number,
    ring: Ring,
  ): void => {
    if (timers.has(name)) return
    const cancel = tools.after(afterMs, () => {
      timers.delete(name)
      const found = find(name)
      if (found?.peer.queue !== undefined) ring(found.view, found.peer, found.peer.queue)
    })
    timers.set(name, cancel)
  }

  let toldCount = 0
  const send = (name: string, { isNewForm }: AddressQueue, entries: readonly AddressEntry[]) => {
    const outcome = tools.send(name, { type: isNewForm ? 'addrv2' : 'addr', entries })
    if (outcome === 'queued') toldCount += entries.length
    return outcome
  }

  const trickle = ({ name }: BitcoinConnectionView, queue: AddressQueue): void => {
    const entries = queue.due()
    if (entries.length > 0 && send(name, queue, entries) === 'queued') queue.told(entries)
    wait(name, queue)
  }

  const wait = (name: string, queue: AddressQueue): void => {
    if (queue.length === 0) return
    arm(trickles, name, exponentialMs(random, TRICKLE_MS), (view) => {
      trickle(view, queue)
    })
  }

  const offerTo = (view: BitcoinConnectionView): NetworkAddress | undefined => {
    const places = tools.listening()
    // The first that others can come in at; its port is the one that they are told.
    const listening = places.find((at) => options.isOnionTarget?.(at) !== true) ?? places[0]
    if (listening === undefined) return undefined
    const asker = {
      address: placeOf(view),
      through: options.through?.(view) ?? networkThrough(view),
      isInbound: view.role === 'listener',
      seenAs: seenAs(view),
    }
    return options.own.offer(asker, listening.port, random)
  }

  const tellOwn = (
    view: BitcoinConnectionView,
    { hasAnnounced }: RelayPeer,
    queue: AddressQueue,
  ): void => {
    // What it knew already would not be told again.
    if (hasAnnounced) queue.forgetKnown()
    const address = offerTo(view)
    if (address === undefined) return
    const seenSeconds = Math.floor(tools.wallMs() / SECOND_MS)
    const entry = { seenSeconds, services: options.services, address }
    // Alone: of whoever comes in a peer looks at one address, and it is to be this one.
    if (!hasAnnounced) {
      if (queue.isNewForm || hasV1Form(address)) send(view.name, queue, [entry])
      return
    }
    queue.push(entry)
    wait(view.name, queue)
  }

  const announce: Ring = (view, peer, queue) => {
    if (tools.listening().length === 0) return
    if (options.isSyncing?.() === true) {
      arm(announcements, view.name, ANNOUNCE_RETRY_MS, announce)
      return
    }
    tellOwn(view, peer, queue)
    peer.hasAnnounced = true
    arm(announcements, view.name, exponentialMs(random, ANNOUNCE_MS), announce)
  }

  return {
    join(view, peer, queue) {
      announce(view, peer, queue)
      trickle(view, queue)
    },
    resume({ name }, queue) {
      // What is left of an exponential wait is as long as the whole.
      arm(announcements, name, exponentialMs(random, ANNOUNCE_MS), announce)
      wait(name, queue)
    },
    wait,
    gone(name) {
      for (const timers of [trickles, announcements]) {
        timers.get(name)?.()
        timers.delete(name)
      }
    },
    get toldCount() {
      return toldCount
    },
  }
}
