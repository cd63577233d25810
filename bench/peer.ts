/**
 * A process of the benchmark: it does what its parent says over the process channel, and is gone when
 * that channel is.
 * @module
 */
import { bareReceiver, bareSender } from './bare-peers.ts'
import { dialler, listener, receiver, sender } from './native-peers.ts'
import type { FromPeer, PeerPart, Recorded, ToPeer } from './peer-orders.ts'

interface Peer {
  readonly expect?: (total: number) => void
  readonly go?: (count: number) => Promise<void>
  readonly recorded?: () => Recorded | undefined
}

/** A parent that has gone is no fault of this process: it ends with the channel. */
const tell = (told: FromPeer): void => {
  if (process.connected) process.send?.(told, () => undefined)
}

async function begin(as: PeerPart): Promise<Peer> {
  switch (as.part) {
    case 'receiver': {
      const { order, recorded } = await receiver(tell, as.record)
      return { expect: order, recorded }
    }
    case 'bare-receiver':
      return { expect: await bareReceiver(tell) }
    case 'sender': {
      const { order, recorded } = await sender(tell, as.at, as.record)
      return { go: order, recorded }
    }
    case 'bare-sender':
      return { go: await bareSender(tell, as.at) }
    case 'dialler':
      return { go: await dialler(tell, as.crypto, as.at) }
    case 'listener':
      await listener(tell, as.crypto)
      return {}
  }
}

let peer: Peer = {}

async function carryOut(order: ToPeer): Promise<void> {
  switch (order.type) {
    case 'begin':
      peer = await begin(order.as)
      return
    case 'expect':
      peer.expect?.(order.total)
      return
    case 'go':
      await peer.go?.(order.count)
      return
    case 'account': {
      const { system, user } = process.cpuUsage()
      const recorded = peer.recorded?.()
      tell({
        type: 'spent',
        micros: system + user,
        ...(recorded === undefined ? {} : { recorded }),
      })
    }
  }
}

if (process.send === undefined) {
  throw new Error('a process of the benchmark is started by the benchmark')
}
// The parent may be gone before this process was there.
if (!process.connected) process.exit()
// The parent answers Ctrl-C for all of us.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.exit())
process.on('message', (order: ToPeer) => {
  carryOut(order).catch((error: unknown) => {
    tell({ type: 'fault', sentence: error instanceof Error ? error.message : String(error) })
  })
})
