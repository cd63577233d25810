/**
 * What metrics look at: a part of a supervisor, the same for every network. Types only.
 * @module
 */
import type { ProtocolTypes, Supervisor } from '../index.ts'

/** A supervisor of any network is one. */
export type Metered = Pick<
  Supervisor<ProtocolTypes>,
  'actor' | 'audit' | 'counts' | 'isPaused' | 'port' | 'state'
>
