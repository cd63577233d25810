/**
 * A ground for hostile peers on this machine: real sockets and real time, over loopback alone. Where
 * the system lets us have more than one address there, each peer has one of its own.
 * @module
 */
import { createServer } from 'node:net'
import { setTimeout as passing } from 'node:timers/promises'
import { canonicalHost } from '../../codec/host.ts'
import { isLoopback } from '../../codec/place.ts'
import { memoryStore } from '../../store/memory.ts'
import { systemClock } from '../../transport/clock.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { inlineJobs } from '../../transport/jobs.ts'
import { staticNames } from '../../transport/names.ts'
import { systemRandom } from '../../transport/random.ts'
import { tcp } from '../../transport/tcp.ts'
import type { StreamId, Streams } from '../../world/streams.ts'
import type { HostileGround } from './ground.ts'

/** How often it is looked whether it is so: well below what a handshake over loopback takes. */
const LOOK_MS = 2
/** 127.2.0.0 to 127.251.249.250. */
const HOSTS_MAX = 250 * 250 * 250

function hostOf(index: number): string {
  if (index >= HOSTS_MAX) throw new RangeError('there are no more hosts')
  const [second, third, fourth] = [index % 250, Math.floor(index / 250), Math.floor(index / 62_500)]
  return `127.${2 + second}.${third % 250}.${1 + fourth}`
}

/** Linux answers for all of 127.0.0.0/8; other systems for 127.0.0.1 until they are told. */
function canHave(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => {
      resolve(false)
    })
    server.listen({ host, port: 0, exclusive: true }, () => {
      server.close(() => {
        resolve(true)
      })
    })
  })
}

/** @param host the address that is attacked @throws {RangeError} it is none of loopback */
export async function tcpGround(host: string): Promise<HostileGround> {
  if (!isLoopback(host)) throw new RangeError(`${host} is no loopback address`)
  const hasHosts =
    canonicalHost(host)?.includes(':') === false &&
    (await canHave(hostOf(0))) &&
    (await canHave(hostOf(HOSTS_MAX - 1)))
  const crypto = chooseCrypto()
  const clock = systemClock()
  let processes = 0

  return {
    hasHosts,
    process(manner) {
      const dialFrom = hostOf(processes++)
      const opened = new Set<StreamId>()
      const real = tcp({
        resetsOnDestroy: manner === 'hostile',
        ...(hasHosts ? { dialFrom } : {}),
      })
      const streams: Streams = {
        ...real,
        open(stream, address) {
          opened.add(stream)
          real.open(stream, address)
        },
        destroy(stream) {
          opened.delete(stream)
          real.destroy(stream)
        },
      }
      const [ownClock, jobs] = [systemClock(), inlineJobs(crypto)]
      return {
        world: {
          clock: ownClock,
          crypto,
          jobs,
          // A name could lead anywhere.
          names: staticNames({}),
          random: systemRandom(),
          store: memoryStore(),
          streams,
        },
        reset: streams.destroy,
        end() {
          for (const stream of opened) real.destroy(stream)
          ownClock.stop()
          jobs.stop()
        },
      }
    },
    nowMs: clock.monotonicMs,
    async until(isSo, withinMs) {
      const overMs = clock.monotonicMs() + withinMs
      while (!isSo()) {
        const leftMs = overMs - clock.monotonicMs()
        if (leftMs <= 0) return false
        await passing(Math.min(LOOK_MS, leftMs))
      }
      return true
    },
  }
}
