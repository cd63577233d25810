/**
 * The processes that run a node of the native network: a sender and a receiver of one-way messages, a
 * dialler and a listener of handshakes.
 * @module
 */
import { createSupervisor } from '../index.ts'
import type { Supervisor } from '../index.ts'
import { native } from '../protocols/native.ts'
import type { NativeTypes } from '../protocols/native.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import type { CryptoChoice } from '../transport/crypto/choose.ts'
import { tcp } from '../transport/tcp.ts'
import { now } from './figures.ts'
import { PAYLOAD_BYTES } from './peer-orders.ts'
import type { FromPeer } from './peer-orders.ts'
import { skippingClock } from './skipping-clock.ts'

type Tell = (told: FromPeer) => void
type NativeNode = Supervisor<NativeTypes>

/** Enough for any round, and still a number that a node counts to. */
const RAISED = 1_000_000
/**
 * The limits of the network that would hold dials up that come from one host, one after the other, or
 * what both sides say to each other meanwhile.
 */
export const RAISED_LIMITS = {
  acceptedPerGroupPerMinuteMax: RAISED,
  pendingInboundMax: 1_000,
  pendingOutboundMax: 1_000,
  pendingPerGroupMax: 1_000,
  publicationsPerWindowMax: RAISED,
} as const
/** What one dial of the core's five a second, and one handshake of its fifty, have to wait for. */
export const SKIPPED_MS = 250

const networkOf = (seat: 'called' | 'caller') =>
  native({
    network: 'peerloom/bench',
    privateKey: new Uint8Array(32).fill(seat === 'called' ? 1 : 2),
    limits: RAISED_LIMITS,
  })

async function startCalled(crypto: CryptoChoice, clock = skippingClock()) {
  const protocol = networkOf('called')
  const node = createSupervisor({
    name: 'called',
    protocol,
    transport: tcp(),
    listen: ['127.0.0.1:0'],
    world: { clock, crypto: chooseCrypto(crypto) },
  })
  await node.start()
  const port = node.listening[0]?.port ?? 0
  return { node, clock, at: `node://${protocol.identity ?? ''}@127.0.0.1:${String(port)}` }
}

async function startCaller(crypto: CryptoChoice, clock = skippingClock()) {
  const protocol = networkOf('caller')
  // Without an address book it dials when it is told to, and never by itself in between.
  const { book: _, ...addresses } = protocol.addresses
  const node = createSupervisor({
    name: 'caller',
    protocol: { ...protocol, addresses },
    transport: tcp(),
    world: { clock, crypto: chooseCrypto(crypto) },
  })
  await node.start()
  return { node, clock }
}

/** Counts what is handed to a subscriber of `messages('message')`. */
export async function receiver(tell: Tell): Promise<(total: number) => void> {
  const { at, node } = await startCalled('auto')
  let arrived = 0
  let expected = Infinity
  node.messages('message').subscribe(() => {
    if (++arrived === expected) tell({ type: 'arrived', total: arrived })
  })
  tell({ type: 'ready', at })
  return (total) => {
    expected = total
    if (arrived >= total) tell({ type: 'arrived', total: arrived })
  }
}

/** Sends as fast as there is room. */
export async function sender(tell: Tell, at: string): Promise<(count: number) => Promise<void>> {
  const { node } = await startCaller('auto')
  const peer = await node.connect(at)
  const payload = new Uint8Array(PAYLOAD_BYTES)
  tell({ type: 'ready', at })
  return async (count) => {
    for (let sent = 0; sent < count;) {
      const outcome = node.send(peer, { type: 'message', protocol: 'bench', payload })
      if (outcome === 'queued') sent++
      else if (outcome === 'full') await node.room(peer)
      else throw new Error('the receiver is gone')
    }
  }
}

export async function listener(tell: Tell, crypto: CryptoChoice): Promise<void> {
  const { at, clock, node } = await startCalled(crypto)
  node.events.subscribe(({ type }) => {
    if (type === 'connection.closed') clock.skip(SKIPPED_MS)
  })
  tell({ type: 'ready', at })
}

const closeOf = (node: NativeNode): Promise<void> =>
  new Promise((resolve) => {
    const subscription = node.events.subscribe(({ type }) => {
      if (type !== 'connection.closed') return
      subscription.unsubscribe()
      resolve()
    })
  })

/** Dials, is active, closes, and waits until that is over; then the next. */
export async function dialler(
  tell: Tell,
  crypto: CryptoChoice,
  at: string,
): Promise<(count: number) => Promise<void>> {
  const { clock, node } = await startCaller(crypto)
  let dials = 0
  node.events.subscribe(({ type }) => {
    if (type === 'connection.started') dials++
  })
  tell({ type: 'ready', at })
  return async (count) => {
    const [dialsBefore, before] = [dials, now()]
    for (let made = 0; made < count; made++) {
      await node.connect(at)
      const closed = closeOf(node)
      node.disconnect(at)
      await closed
      clock.skip(SKIPPED_MS)
    }
    tell({ type: 'dialled', micros: now() - before, dials: dials - dialsBefore })
  }
}
