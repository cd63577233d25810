import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { ProtocolTypes } from '../../index.ts'
import type { ConnectionEntry, ConnectionRecording } from '../../journal/connection-entries.ts'
import { connectionSteps, replayConnection } from '../../journal/connection-replay.ts'
import { createSeal, withoutCheck } from '../../journal/connection-seal.ts'
import { encodeCopied, encodePlain } from '../../journal/plain-data.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { recordingOf, startRecorded, SUBJECTS } from './connection-recorded.ts'
import type { Subject } from './connection-recorded.ts'

const crypto = nobleCrypto()

function startTampered<T extends ProtocolTypes>(subject: Subject<T>) {
  const { bob, memory, protocol, talk, world } = startRecorded(subject)
  bob.supervisor.messages(subject.type).subscribe()
  talk(2)
  void bob.supervisor.stop()
  world.advance(10_000)
  const recording = recordingOf(memory.recordings, 'listener')
  return {
    recording,
    /** At once and step by step: both find the same. */
    replayed(changed: Partial<ConnectionRecording<T>>) {
      const played = { ...recording, ...changed }
      const difference = replayConnection(played, { protocol: protocol(), crypto })
      const steps = [...connectionSteps(played, { protocol: protocol(), crypto })]
      expect(steps.map((step) => step.difference).filter((found) => found !== undefined)).toEqual(
        difference === undefined ? [] : [difference],
      )
      return difference
    },
    /** Somebody who knows the seed makes the chain anew. */
    resealed: (entries: readonly ConnectionEntry<T>[]): readonly ConnectionEntry<T>[] => {
      if (recording.secrets === undefined) throw new Error('a recording has its secrets')
      const seal = createSeal(crypto, recording.secrets.seed, recording.header)
      return entries.map((entry) => {
        if ('check' in entry)
          return { ...entry, check: seal.check(encodeCopied(withoutCheck(entry))) }
        seal.add(encodeCopied(entry))
        return entry
      })
    },
  }
}

const tampered = {
  plain: startTampered(SUBJECTS.plain),
  keyed: startTampered(SUBJECTS.keyed),
  sniffing: startTampered(SUBJECTS.sniffing),
  native: startTampered(SUBJECTS.native),
}
const NETWORKS = ['plain', 'keyed', 'sniffing', 'native'] as const

/** Another value of the same kind. */
function other(value: unknown, salt: number): unknown {
  switch (typeof value) {
    case 'string':
      return `${value}x`
    case 'number':
      return value + 1 + salt
    case 'bigint':
      return value + 1n
    case 'boolean':
      return !value
    default:
      break
  }
  if (value instanceof Uint8Array) {
    if (value.length === 0) return Uint8Array.of(1)
    return value.map((byte, index) => (index === salt % value.length ? byte ^ 1 : byte))
  }
  return value === undefined ? 'something' : undefined
}

/** The paths to all values inside. */
function leaves(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [path]
  const inner = Object.entries(value)
  return inner.length === 0 ? [] : inner.flatMap(([name, item]) => leaves(item, [...path, name]))
}

function changedAt(value: unknown, [name, ...rest]: readonly string[], salt: number): unknown {
  if (name === undefined) return other(value, salt)
  if (typeof value !== 'object' || value === null) return value
  const at = (item: unknown, key: string) => (key === name ? changedAt(item, rest, salt) : item)
  if (Array.isArray(value)) return value.map((item, index) => at(item, String(index)))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, at(item, key)]))
}

/** What is inside and is no name of a kind: a recording of other kinds is no recording at all. */
const leafOf = (value: unknown, at: number): readonly string[] | undefined => {
  const all = leaves(value).filter((path) => !['of', 'kind'].includes(path.at(-1) ?? ''))
  return all[at % Math.max(1, all.length)]
}

const numbers = fc.nat({ max: 100_000 })

describe('a recording is not taken for another:', () => {
  /** A list with one change, or undefined where that is the same list. */
  const CHANGES = {
    removed: <Item>(list: readonly Item[], at: number) => list.toSpliced(at, 1),
    duplicated: <Item>(list: readonly Item[], at: number) =>
      list.flatMap((item, index) => (index === at ? [item, item] : [item])),
    swapped: <Item>(list: readonly Item[], at: number) => {
      const [one, two] = list.slice(at, at + 2)
      return one === undefined || two === undefined ? list : list.toSpliced(at, 2, two, one)
    },
    cut: <Item>(list: readonly Item[], at: number) => list.slice(0, at),
  }

  const isSame = (one: unknown, two: unknown): boolean =>
    JSON.stringify(encodePlain(one)) === JSON.stringify(encodePlain(two))

  const cases = NETWORKS.flatMap((network) =>
    (['removed', 'duplicated', 'swapped', 'cut'] as const).map((how) => [network, how] as const),
  )
  test.each(cases)('of %s, with an entry %s', (network, how) => {
    const check = <T extends ProtocolTypes>({
      recording,
      replayed,
    }: ReturnType<typeof startTampered<T>>) => {
      expect(replayed({})).toBeUndefined()
      fc.assert(
        fc.property(numbers, (number) => {
          const at = number % recording.entries.length
          const entries = CHANGES[how](recording.entries, at)
          fc.pre(!isSame(entries, recording.entries))
          expect(replayed({ entries })).toBeDefined()
        }),
        { numRuns: 25 },
      )
    }
    check(tampered[network] as never)
  })

  const parts = NETWORKS.flatMap((network) =>
    (['entries', 'header', 'secrets'] as const).map((part) => [network, part] as const),
  )
  test.each(parts)('of %s, with a value of its %s altered', (network, part) => {
    const check = <T extends ProtocolTypes>({
      recording,
      replayed,
    }: ReturnType<typeof startTampered<T>>) => {
      fc.assert(
        fc.property(numbers, numbers, (number, salt) => {
          const path = leafOf(recording[part], number)
          fc.pre(path !== undefined)
          // The same types: a value became another of its kind.
          const changed = changedAt(recording[part], path ?? [], salt) as never
          let outcome: unknown
          try {
            outcome = replayed({ [part]: changed })
          } catch (refused) {
            outcome = refused
          }
          expect(outcome, JSON.stringify(path)).toBeDefined()
        }),
        { numRuns: 40 },
      )
    }
    check(tampered[network] as never)
  })
})

describe('also where the chain is made anew, by somebody who knows the seed,', () => {
  /** Of the world around the connection: its times, turns and credit. */
  const AROUND = new Set(['step', 'turn', 'credit', 'over'])
  /** The connection's own: what it is given may be otherwise where it makes no difference. */
  const OWN = new Set(['did', 'done', 'out'])

  test.each(NETWORKS)('what happened in %s cannot be otherwise', (network) => {
    const check = <T extends ProtocolTypes>({
      recording: { entries },
      replayed,
      resealed,
    }: ReturnType<typeof startTampered<T>>) => {
      expect(replayed({ entries: resealed(entries) })).toBeUndefined()
      fc.assert(
        fc.property(numbers, numbers, fc.boolean(), (number, salt, isRemoved) => {
          const at = number % entries.length
          const entry = entries[at]
          fc.pre(entry !== undefined && !AROUND.has(entry.of))
          const path = leafOf(entry, salt)
          fc.pre(isRemoved || (OWN.has(entry?.of ?? '') && path !== undefined))
          const altered = changedAt(entry, path ?? [], salt) as ConnectionEntry<T>
          const changed = isRemoved ? entries.toSpliced(at, 1) : entries.with(at, altered)
          expect(replayed({ entries: resealed(changed) })).toBeDefined()
        }),
        { numRuns: 40 },
      )
    }
    check(tampered[network] as never)
  })
})
