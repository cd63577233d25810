/**
 * What came of a step, as lines that can be compared: states, messages, what was asked of the world.
 * Sent bytes are a length and a fingerprint. Texts of an engine or a system are never in it.
 * @module
 */
import { encodeHex, lengthOf } from '../codec/bytes.ts'
import type { Effect, Observation } from '../world/observation.ts'
import type { StoreChange } from '../world/store.ts'
import { fingerprints } from './fingerprint.ts'
import type { FingerprintCrypto } from './fingerprint.ts'
import type { OutcomeLine } from './node-entries.ts'

const NOTHING: readonly OutcomeLine[] = []

export interface OutcomeTaker {
  take(observation: Observation): void
  /** The lines since the last time. */
  drain(): readonly OutcomeLine[]
}

/** Fields that hold a text of somebody else's making, or an object of an engine. */
const FOREIGN: ReadonlySet<string> = new Set(['error', 'message'])

const isPlain = (value: unknown): value is string | number | boolean | bigint =>
  ['string', 'number', 'boolean', 'bigint'].includes(typeof value)

/** An event's own plain values, in the order of their names. */
function eventLine(event: { readonly type: string }): OutcomeLine {
  const plain = Object.entries(event)
    .filter(([name, value]) => name !== 'type' && !FOREIGN.has(name) && isPlain(value))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${String(value)}`)
  return ['event', event.type, ...plain]
}

export function createOutcomeTaker(crypto: FingerprintCrypto): OutcomeTaker {
  let lines: OutcomeLine[] = []
  /** The last line, where it is one of messages: more of the same are counted there. */
  let messages:
    [what: string, connection: string, type: string, count: number, bytes: number] | undefined

  const hashOf = fingerprints(crypto)

  const changesHash = (changes: readonly StoreChange[]): string => {
    let all = ''
    for (const { key, table, value } of changes) {
      all += `${table} ${encodeHex(key)} ${value === undefined ? '-' : hashOf(value)}\n`
    }
    return hashOf(new TextEncoder().encode(all))
  }

  const effectLine = (effect: Effect): OutcomeLine => {
    switch (effect.kind) {
      case 'stream.open':
        return [effect.kind, effect.stream, effect.address.host, effect.address.port]
      case 'stream.write':
        return [effect.kind, effect.stream, lengthOf(effect.pieces), hashOf(effect.pieces)]
      case 'stream.destroy':
      case 'stream.end':
      case 'stream.pause':
      case 'stream.report':
      case 'stream.resume':
        return [effect.kind, effect.stream]
      case 'listener.listen':
        return [effect.kind, effect.listener, effect.address.host, effect.address.port]
      case 'listener.unlisten':
        return [effect.kind, effect.listener]
      case 'datagrams.bind':
        return [effect.kind, effect.socket, effect.address.host, effect.address.port]
      case 'datagrams.send':
        return [effect.kind, effect.socket, effect.to.host, effect.to.port].concat([
          effect.bytes.length,
          hashOf(effect.bytes),
        ])
      case 'datagrams.unbind':
        return [effect.kind, effect.socket]
      case 'names.resolve':
        return [effect.kind, effect.request, effect.host]
      case 'job.run':
        return [effect.kind, effect.request, effect.operation]
      case 'store.write':
        return [effect.kind, effect.batch, effect.changes.length, changesHash(effect.changes)]
      case 'store.close':
        return [effect.kind]
      case 'store.read':
        // The answer stands in the journal itself.
        return [effect.kind, effect.table, effect.entries.length]
    }
  }

  const lineOf = (
    observation: Exclude<Observation, { of: 'message' | 'step' | 'timing' | 'written' }>,
  ): OutcomeLine => {
    switch (observation.of) {
      case 'transition': {
        const { chart, event, name, state } = observation
        return ['state', name, chart, event, state]
      }
      case 'refused':
        return ['refused', observation.connection, observation.detail, observation.bytesOnWire]
      case 'event':
        return eventLine(observation.event)
      case 'effect':
        return effectLine(observation.effect)
    }
  }

  return {
    take(observation) {
      const { of } = observation
      // What a session writes is seen in the bytes that leave; how long something took, in the steps.
      if (of === 'step' || of === 'timing' || of === 'written') return
      if (observation.of !== 'message') {
        messages = undefined
        lines.push(lineOf(observation))
        return
      }
      const { bytesOnWire, connection, direction, type } = observation
      if (messages?.[0] === direction && messages[1] === connection && messages[2] === type) {
        messages[3]++
        messages[4] += bytesOnWire
        return
      }
      messages = [direction, connection, type, 1, bytesOnWire]
      lines.push(messages)
    },
    drain() {
      if (lines.length === 0) return NOTHING
      const drained = lines
      lines = []
      messages = undefined
      return drained
    },
  }
}

/** As it is shown to people. */
export const printLine = (line: OutcomeLine): string => line.join(' ')
