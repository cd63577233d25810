/**
 * A process of the benchmark: it does what its parent says over the process channel, and is gone when
 * that channel is.
 * @module
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { collectGarbage } from './collecting.ts'
import { contenderNamed } from './contenders.ts'
import type { Part } from './contender.ts'
import type { FromPeer, PeerPart, ToPeer } from './peer-orders.ts'
import { startProfile } from './profile-share.ts'

/** How often the loop is asked to come round: the shortest that the platform offers. */
const DELAY_RESOLUTION_MS = 1

/** A parent that has gone is no fault of this process: it ends with the channel. */
const tell = (told: FromPeer): void => {
  if (process.connected) process.send?.(told, () => undefined)
}

async function begin({ at, by, part, payloadBytes }: PeerPart): Promise<Part> {
  const contender = await contenderNamed(by)
  switch (part) {
    case 'receiver':
    case 'echo':
    case 'listener':
    case 'gossip':
    case 'page': {
      const play = contender[part]
      if (play === undefined) throw new Error(`${by} is no ${part}`)
      return play(tell, { payloadBytes })
    }
    case 'sender':
    case 'crowd':
    case 'asker':
    case 'dialler': {
      const play = contender[part]
      if (play === undefined || at === undefined) throw new Error(`${by} is no ${part}`)
      return play(tell, { at, payloadBytes })
    }
  }
}

let part: Part = {}
const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
let endProfile: Awaited<ReturnType<typeof startProfile>> | undefined

async function carryOut(order: ToPeer): Promise<void> {
  switch (order.type) {
    case 'begin':
      part = await begin(order.as)
      return
    case 'order':
      await part.order?.(order.count)
      return
    case 'grow':
      if (part.grow === undefined) throw new Error('this part has no connections to add')
      await part.grow(order.count)
      return
    case 'watch':
      delay.reset()
      delay.enable()
      return
    case 'unwatch':
      delay.disable()
      tell({ type: 'delay', p99Ms: delay.percentile(99) / 1e6 })
      return
    case 'weigh': {
      await collectGarbage()
      const { external, heapUsed } = process.memoryUsage()
      tell({ type: 'memory', heapBytes: heapUsed, externalBytes: external })
      return
    }
    case 'inspect':
      if (part.inspect === undefined) throw new Error('this part has no node to look at')
      await part.inspect()
      return
    case 'uninspect':
      await part.uninspect?.()
      return
    case 'look':
      if (part.look === undefined) throw new Error('this part is no page')
      await part.look(order.url)
      return
    case 'unlook':
      part.unlook?.()
      return
    case 'account': {
      const { system, user } = process.cpuUsage()
      const recorded = part.recorded?.()
      tell({
        type: 'spent',
        micros: system + user,
        ...(recorded === undefined ? {} : { recorded }),
      })
      return
    }
    case 'profile':
      endProfile = await startProfile()
      tell({ type: 'profiling' })
      return
    case 'unprofile': {
      const share = await endProfile?.(order.paths)
      if (share === undefined) throw new Error('there is no profile to end')
      endProfile = undefined
      tell({ type: 'profiled', share })
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
