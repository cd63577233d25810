/**
 * The nodes of one page: which are up, which do not answer, which are gone, and what each told of itself
 * last. Each that is up is asked for that as long as anybody looks.
 * @module
 */
import { askSource } from './asked-source.ts'
import type { AskedSource } from './asked-source.ts'
import type { NodeRow, StaleNode } from './messages.ts'
import type { Timing } from './pace.ts'
import type { InspectorSource } from './source.ts'

/** A node that is well answers four times a second; one that collects garbage is back by then. */
const SILENT_MS = 3_000
/** Of its own pace, where that is slower. */
const SILENT_PACES = 3

export interface Member {
  readonly name: string
  readonly source: InspectorSource
  readonly incarnation: number
  isUp: boolean
  /** Since when it is up, or gone, Unix milliseconds. */
  sinceMs: number
  /** What it told of itself last, also in a life before this one. */
  row: NodeRow | undefined
  /** When it told anything last in this life, by its own clock, Unix milliseconds. */
  toldMs: number | undefined
}

/** What is kept of one that is up while it is asked. */
interface Presence {
  readonly asked: AskedSource
  /** Answers that were seen. */
  answers: number
  /** So long it has been without one, but for times at which this process stood still itself. */
  silentMs: number
}

export interface Members {
  /** A node is there, or there again: then it is its next incarnation. */
  add(name: string, source: InspectorSource): void
  /** Its process is gone; what is known of it is what it was. */
  remove(name: string): void
  get(name: string): Member | undefined
  /** As they are now; asks those that are up. Call it with each look. */
  read(): readonly Member[]
  /** One that is up and does not answer. */
  isSilent(member: Member): boolean
  /** One that answered at least once in this life. */
  hasAnswered(member: Member): boolean
  rowOf(member: Member): NodeRow
  /** Undefined: what it tells is of now. */
  staleOf(member: Member): StaleNode | undefined
  /** Nobody looks any more. */
  rest(): void
}

export interface MembersOptions {
  readonly timing: Timing
  wallMs(): number
  /** How often it is looked here, milliseconds. */
  everyMs(): number
}

export function createMembers({ everyMs, timing, wallMs }: MembersOptions): Members {
  const members = new Map<string, Member>()
  const presences = new Map<Member, Presence>()
  let readMs: number | undefined

  const leave = (member: Member): void => {
    presences.get(member)?.asked.close()
    presences.delete(member)
  }

  const note = (member: Member, passedMs: number): void => {
    const presence = presences.get(member)
    if (presence === undefined) {
      const asked = askSource(member.source, { view: 'nodes' })
      presences.set(member, { asked, answers: 0, silentMs: 0 })
      return
    }
    const { answers, last } = presence.asked
    presence.silentMs = answers === presence.answers ? presence.silentMs + passedMs : 0
    presence.answers = answers
    member.toldMs = presence.asked.sampled?.atMs ?? member.toldMs
    if (last !== undefined && 'answer' in last && last.answer.view === 'nodes') {
      member.row = last.answer.nodes[0] ?? member.row
    }
  }

  const isSilent = (member: Member): boolean => {
    const presence = presences.get(member)
    if (presence === undefined) return false
    const paceMs = presence.asked.sampled?.everyMs ?? 0
    return presence.silentMs > Math.max(SILENT_MS, SILENT_PACES * paceMs)
  }

  const staleOf = (member: Member): StaleNode | undefined => {
    const { isUp, name, sinceMs } = member
    if (!isUp) return { node: name, is: 'gone', sinceMs }
    if (!isSilent(member)) return undefined
    return { node: name, is: 'silent', sinceMs: member.toldMs ?? sinceMs }
  }

  return {
    add(name, source) {
      const before = members.get(name)
      if (before !== undefined) leave(before)
      members.set(name, {
        ...{ name, source, isUp: true, sinceMs: wallMs(), row: before?.row },
        toldMs: undefined,
        incarnation: (before?.incarnation ?? 0) + 1,
      })
    },
    remove(name) {
      const member = members.get(name)
      if (member?.isUp !== true) return
      leave(member)
      member.isUp = false
      member.sinceMs = wallMs()
    },
    get: (name) => members.get(name),
    read() {
      const nowMs = timing.nowMs()
      // More than two paces: it is this process that stood still.
      const passedMs = Math.min(nowMs - (readMs ?? nowMs), 2 * everyMs())
      readMs = nowMs
      for (const member of members.values()) {
        if (member.isUp) note(member, passedMs)
      }
      return [...members.values()]
    },
    isSilent,
    hasAnswered: (member) => presences.get(member)?.asked.last !== undefined,
    rowOf(member) {
      const { incarnation, isUp, name, row, sinceMs } = member
      const { is } = staleOf(member) ?? { is: 'up' }
      return {
        ...{ node: name, protocol: '', identity: null, addresses: [], state: 'starting', pid: 0 },
        ...{ isPaused: false, ...row, incarnation, is, sinceMs },
        connections: isUp ? (row?.connections ?? 0) : 0,
        active: isUp ? (row?.active ?? 0) : 0,
      }
    },
    staleOf,
    rest() {
      for (const member of [...presences.keys()]) leave(member)
      readMs = undefined
    },
  }
}
