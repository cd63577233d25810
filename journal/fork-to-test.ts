/**
 * A recording as a vitest file that leaves it: it lives up to a step as it was recorded, says what stands
 * there, and goes on as a person makes it. It passes as it is written.
 *
 * Every text of a recording is somebody else's: in the file it is a quoted string or a comment of plain
 * characters, and a network is named by a word of letters.
 * @module
 */
import type { FlightRecording } from '../supervisor/flight-contract.ts'
import { quoted } from './flight-code.ts'
import { flightToTest } from './flight-to-test.ts'
import type { NodeEntry, NodeHeader } from './node-entries.ts'
import { storyOf } from './story.ts'

const NETWORK_NAME = /^[a-z][a-z0-9-]{0,63}$/
/** Lines of what happened before: the last ones are what a person wants to see. */
const STORY_LINES_MAX = 40

export interface Forked {
  readonly protocol: string
  /** Whether its secrets were taken out. */
  readonly isRedacted: boolean
}

/** Why no step of a journal can be left behind by a test; undefined: each can. */
export function unforkableJournal({ isRedacted, protocol }: Forked): string | undefined {
  if (!NETWORK_NAME.test(protocol)) return 'what the recording names is no name of a network'
  if (isRedacted) return 'its secrets were taken out: it can be read, and not lived again'
  return undefined
}

/** The same of a flight. */
export function unforkableFlight({ blocks, protocol }: FlightRecording): string | undefined {
  if (blocks.every(({ events }) => events.length === 0)) return 'it was recorded without payloads'
  return unforkableJournal({ protocol, isRedacted: false })
}

/** @throws {RangeError} with the sentence, where there is one */
function refuse(unforkable: string | undefined): void {
  if (unforkable !== undefined) throw new RangeError(unforkable)
}

const moduleOf = (protocol: string): string => quoted(`peerloom/protocols/${protocol}`)

/** In a comment: a line of plain characters that does not end it. */
const plain = (text: string): string => text.replaceAll(/[^ -~]|\*\//g, '?').slice(0, 200)

const fileUrl = (file: string): string =>
  `new URL(${quoted(`./${encodeURIComponent(file)}`)}, import.meta.url)`

const NO_REMAKE = `  if (remake === undefined) throw new Error('the network does not say how it is replayed')`

/** The state of each connection's session behind a step, as the recording says it. */
function sessionsAt(
  entries: readonly NodeEntry[],
  step: number,
): readonly (readonly [string, string])[] {
  const sessions = new Map<string, string>()
  for (const { outcome } of entries.slice(0, step + 1)) {
    for (const [what, name, chart, , state] of outcome) {
      if (what === 'state' && chart === 'session') sessions.set(String(name), String(state))
      if (what === 'state' && chart === 'connection' && state === 'closed') {
        sessions.delete(String(name))
      }
    }
  }
  return [...sessions]
}

export interface NodeFork {
  readonly header: NodeHeader
  readonly entries: readonly NodeEntry[]
  /** The last one that is as it was recorded, from 0. */
  readonly step: number
  /** The journal's file, beside the test. */
  readonly file: string
  readonly isRedacted: boolean
}

/** @throws {RangeError} as `unforkableJournal` says */
export function nodeForkTest({ entries, file, header, isRedacted, step }: NodeFork): string {
  refuse(unforkableJournal({ protocol: header.protocol, isRedacted }))
  const lived = entries.slice(0, step + 1)
  const story = storyOf(lived).slice(-STORY_LINES_MAX)
  const next = entries[step + 1]
  const last = entries.length - 1
  const then =
    next === undefined
      ? 'That was the last one.'
      : `What came next, and does not come here: ${plain(next.input.kind)}.`
  const sessions = sessionsAt(entries, step).map(
    ([name, state]) => `      [${quoted(name)}, ${quoted(state)}],`,
  )
  return `/**
 * ${plain(header.name)} of ${plain(header.protocol)}, behind step ${step} of ${last}. ${then}
 *
 * What led there:
${story.map((line) => ` *   ${plain(line)}`).join('\n')}
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeNodeJournal, replay } from 'peerloom/journal'
import { tools } from ${moduleOf(header.protocol)}

test(${quoted(`${plain(header.name)} goes on otherwise behind step ${step}`)}, () => {
  const { remake } = tools
${NO_REMAKE}
  const journal = decodeNodeJournal(readFileSync(${fileUrl(file)}))
  for (const step of replay(journal, { protocol: remake }).steps()) {
    expect(step.difference).toBeUndefined()
    if (step.position < ${step}) continue

    const { connections } = step.snapshot()
    expect(connections.map(({ name, sessionState }) => [name, sessionState])).toEqual([
${sessions.join('\n')}
    ])
    // From here on it is yours: fork.receive(stream, bytes), fork.enter(input), fork.advance(ms).
    const fork = step.fork()
    const before = fork.monotonicMs
    fork.advance(1)
    expect(fork.monotonicMs).toBe(before + 1)
    return
  }
  throw new Error('the journal does not come to this step')
})
`
}

export interface ConnectionForkOf extends Forked {
  readonly name: string
  readonly step: number
  readonly steps: number
  readonly file: string
}

/** @throws {RangeError} as `unforkableJournal` says */
export function connectionForkTest(fork: ConnectionForkOf): string {
  const { file, name, protocol, step, steps } = fork
  refuse(unforkableJournal(fork))
  return `/**
 * ${plain(name)} of ${plain(protocol)}, behind step ${step} of ${steps - 1}.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { connectionSteps, decodeConnectionJournal } from 'peerloom/journal'
import type { ProtocolTools } from 'peerloom'
import { chooseCrypto } from 'peerloom/transport/crypto/choose'
import { tools } from ${moduleOf(protocol)}

type Types = typeof tools extends ProtocolTools<infer Of> ? Of : never

test(${quoted(`${plain(name)} goes on otherwise behind step ${step}`)}, () => {
  const { remake } = tools
${NO_REMAKE}
  const { recording } = decodeConnectionJournal<Types>(readFileSync(${fileUrl(file)}))
  const protocol = remake({ settings: recording.header.settings, secrets: {} })
  let number = 0
  for (const step of connectionSteps(recording, {
    ...{ protocol, crypto: chooseCrypto(), allowCut: true },
  })) {
    expect(step.difference).toBeUndefined()
    if (number++ < ${step}) continue

    // From here on it is yours: fork.receive(bytes), fork.end(), fork.advance(ms), fork.send(message).
    const fork = step.fork()
    expect(fork.snapshot()).toEqual(step.snapshot())
    return
  }
  throw new Error('the journal does not come to this step')
})
`
}

/**
 * What its charts were given up to a moment; what came after it is left out.
 * @throws {RangeError} as `unforkableFlight` says, or what was kept begins behind that moment
 */
export function flightForkTest(recording: FlightRecording, untilMs: number): string {
  refuse(unforkableFlight(recording))
  const blocks = recording.blocks
    .map((block) => ({ ...block, events: block.events.filter(({ atMs }) => atMs <= untilMs) }))
    .filter(({ events }) => events.length > 0)
  if (blocks.length === 0) throw new RangeError('its payloads begin behind this step')
  return flightToTest(
    { ...recording, blocks },
    {
      protocol: 'usualProtocol(tools)',
      imports: [
        `import { usualProtocol } from 'peerloom/testing'`,
        `import { tools } from ${moduleOf(recording.protocol)}`,
      ],
    },
  )
}
