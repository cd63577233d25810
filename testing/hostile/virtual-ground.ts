/**
 * A ground for hostile peers in a virtual world: each has a host of its own, and a wait of a day takes
 * no time.
 * @module
 */
import type { VirtualWorld } from '../virtual-world.ts'
import type { HostileGround } from './ground.ts'

/** Of 10.0.0.0/8, with the second number first: networks that count by prefix see strangers. */
const HOSTS_MAX = 200 * 250 * 250

function hostOf(index: number): string {
  if (index >= HOSTS_MAX) throw new RangeError('there are no more hosts')
  const [second, third, fourth] = [index % 200, Math.floor(index / 200), Math.floor(index / 50_000)]
  return `10.${20 + second}.${third % 250}.${1 + fourth}`
}

export function virtualGround(world: VirtualWorld): HostileGround {
  let processes = 0
  return {
    hasHosts: true,
    process(manner) {
      const index = processes++
      const host = hostOf(index)
      const name = `${manner} ${index}`
      const own = world.nodeWorld(name, host)
      let hasEnded = false
      return {
        world: own,
        reset(stream) {
          world.network.reset(host, stream)
        },
        end() {
          if (hasEnded) return
          hasEnded = true
          world.kill(name)
        },
      }
    },
    nowMs: () => world.clock.nowMs,
    // What settles outside of inputs, an application's handler for one, has its turn in between.
    until: (isSo, withinMs) => Promise.resolve(world.runUntil(isSo, { withinMs })),
  }
}
