import { describe, expect, test } from 'vitest'
import type { EvictionCandidate } from '../../index.ts'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import { onionDoor } from '../../protocols/bitcoin/bind.ts'
import { createEvictables } from '../../protocols/bitcoin/evictable.ts'
import { seededRandom } from '../../transport/random.ts'

const candidate = (host: string, localPort: number): EvictionCandidate<BitcoinTypes> => ({
  ...{ name: `${host} ${String(localPort)}`, role: 'listener', phase: 'active', slot: 'inbound' },
  remote: { host, port: 50_000 },
  local: { host: '127.0.0.1', port: localPort },
  ...{ target: undefined, identity: undefined, facts: undefined, startedMs: 1, readyMs: 2 },
  ...{ group: host, lastMessageMs: undefined, isDiscouraged: false },
})

describe('for the choice of whom to give up', () => {
  test('whoever came in through our onion service is of this machine and of the network onion', () => {
    const evictables = createEvictables(
      seededRandom('evictable'),
      onionDoor('127.0.0.1:8334', 8333),
    )
    const of = (host: string, port: number) => {
      const { isLocal, network } = evictables.of(candidate(host, port), true)
      return [isLocal, network]
    }
    expect(of('127.0.0.1', 8334)).toEqual([true, 'onion'])
    expect(of('127.0.0.1', 8333)).toEqual([true, 'ipv4'])
    expect(of('9.9.9.9', 8333)).toEqual([false, 'ipv4'])
    expect(evictables.size).toBe(3)
  })
})
