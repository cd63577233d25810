/**
 * What a page asks of recordings with `POST /journals`, and what it is told: a part of `messages.ts`, which
 * hands it on. Types only.
 * @module
 */
import type { MessageEntry, PathEntry, Refusal } from './messages.ts'

export type JournalRequest =
  /** A file of `--record-dir`, by its name there. */
  | { readonly open: 'file'; readonly file: string }
  /** What the flight recorder keeps of a connection. */
  | { readonly open: 'flight'; readonly node: string; readonly connection: string }
  /** An uploaded one: base64, at most 16 MiB of it. */
  | { readonly open: 'bytes'; readonly name: string; readonly base64: string }
  | { readonly step: number; readonly journal: string }
  /**
   * As a test that a person goes on with, written under `--record-dir`. `file` is a wish: of its letters and
   * digits the server makes a name, which is told.
   */
  | { readonly fork: number; readonly journal: string; readonly file?: string }
  | { readonly close: string }
  | { readonly list: true }

/** What a journal recorded. */
export type JournalKind = 'node' | 'connection' | 'flight'

export interface JournalOpened {
  readonly journal: string
  /** Of `--record-dir`; null: it stands in no file there. */
  readonly file: string | null
  readonly of: JournalKind
  readonly name: string
  readonly protocol: string
  /** Steps are 0 to `steps - 1`. */
  readonly steps: number
  /** Names of the connections that it knows, at most 1,000. */
  readonly connections: readonly string[]
  /** A sentence about what is missing behind the last step; null: all is there. */
  readonly incomplete: string | null
  /** Why none of its steps can be forked into a test; null: they can. */
  readonly unforkable: string | null
}

export interface JournalChart {
  /** The connection, or the node's name for its root. */
  readonly of: string
  /** Asked for as `GET /charts/<node>/<chart>`: `root`, `connection`, or that of the network's sessions. */
  readonly chart: string
  readonly state: string
  /** As of `ChartNow`; none where the chart of the network's sessions is not at hand. */
  readonly active: readonly string[]
}

export interface JournalStep {
  readonly journal: string
  readonly step: number
  readonly atMs: number
  /** What entered the node, in words: `stream.bytes 120 of in-1`. */
  readonly input: string
  /** Where each chart stands behind this step, at most 500; those that moved last are the last. */
  readonly charts: readonly JournalChart[]
  readonly chartsLeftOut: number
  /** What happened within it, in order. */
  readonly path: readonly (PathEntry & { readonly connection: string })[]
  readonly messages: readonly (MessageEntry & { readonly connection: string })[]
  /** Transitions and messages of this step above 200 of each. */
  readonly leftOut: number
}

export type JournalAnswer =
  | { readonly opened: JournalOpened }
  | { readonly at: JournalStep }
  /** `copy`: what the test reads, where that was written with it; null: it reads what was there, or nothing. */
  | { readonly forked: { readonly file: string; readonly copy: string | null } }
  | { readonly closed: true }
  | {
      readonly files: readonly { readonly file: string; readonly bytes: number }[]
      /** How many there are beside those. */
      readonly more: number
    }
  | { readonly refused: Refusal }
